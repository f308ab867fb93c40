import t from 'tap';

import { chooseTorch, compareReleases, parseWheel, suits, type Wheel } from '../../../lib/runtime/libtorch/wheel.js';

const here = { architecture: 'x86_64', glibc: '2.36' } as const;

function wheels(...names: string[]): Wheel[] {
  return names.map((name) => parseWheel(new URL(encodeURIComponent(name), 'https://index.test/files/'))!);
}

t.test('a name says everything', (t) => {
  t.match(wheels('torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl')[0], {
    project: 'torch',
    release: '2.13.0',
    local: 'cpu',
    python: 'cp311-cp311',
    platforms: ['manylinux_2_28_x86_64'],
  });
  t.equal(
    wheels('Nvidia_cuFFT-12.0-1-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl')[0]?.project,
    'nvidia-cufft',
  );
  t.equal(parseWheel(new URL('https://index.test/torch-2.13.0.tar.gz')), undefined);
  t.end();
});

t.test('processor and C library must suit, the interpreter need not', (t) => {
  const suiting = (name: string): boolean => wheels(name).some((wheel) => suits(wheel, here));
  t.ok(suiting('torch-2.13.0-cp314-cp314t-manylinux_2_28_x86_64.whl'));
  t.ok(suiting('torch-2.13.0-cp39-cp39-manylinux1_x86_64.whl'));
  t.ok(suiting('torch-2.13.0-cp39-cp39-linux_x86_64.whl'));
  t.ok(suiting('cuda_toolkit-13.0.3-py2.py3-none-any.whl'));
  t.notOk(suiting('torch-2.13.0-cp311-cp311-manylinux_2_28_aarch64.whl'));
  t.notOk(suiting('torch-2.13.0-cp311-cp311-manylinux_2_39_x86_64.whl'), 'a newer glibc than this one');
  t.notOk(suiting('torch-2.13.0-cp311-cp311-musllinux_1_2_x86_64.whl'));
  t.notOk(suiting('torch-2.13.0-cp311-none-macosx_11_0_arm64.whl'));
  t.ok(compareReleases('2.9', '2.28') < 0, 'numbers, not letters');
  t.end();
});

t.test('the CPU build is preferred for the CPU, the newest CUDA for CUDA', (t) => {
  const all = wheels(
    'torch-2.12.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl',
    'torch-2.13.0-cp312-cp312-manylinux_2_28_x86_64.whl',
    'torch-2.13.0+cpu-cp312-cp312-win_amd64.whl',
    'torch-2.13.0+cpu-cp312-cp312-manylinux_2_28_x86_64.whl',
    'torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl',
    'torch-2.13.0+cu126-cp311-cp311-manylinux_2_28_x86_64.whl',
    'torch-2.13.0+cu130-cp311-cp311-manylinux_2_28_x86_64.whl',
    'torch-2.13.0+rocm6.4-cp311-cp311-manylinux_2_28_x86_64.whl',
    'torchvision-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl',
  );
  const choose = (list: Wheel[], cuda: boolean): string | undefined =>
    chooseTorch(list, { release: '2.13.0', cuda, machine: here })?.fileName;
  t.equal(choose(all, false), 'torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl');
  t.equal(choose(all, true), 'torch-2.13.0+cu130-cp311-cp311-manylinux_2_28_x86_64.whl');
  const plain = all.slice(1, 3);
  t.equal(choose(plain, false), plain[0]?.fileName);
  t.equal(choose(plain, true), plain[0]?.fileName);
  t.equal(choose(all.slice(7), false), undefined);
  t.end();
});
