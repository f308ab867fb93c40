import { copyFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import t from 'tap';

import { loadAddon } from '../../lib/runtime/native.js';
import { addonFolder } from '../../lib/runtime/places.js';
import { readRecord } from '../../lib/runtime/record.js';
import { libtorchFiles, openableLibrary, writeFiles } from './libtorch/fakes.js';

/** A folder with our own loader, an addon that is none, and the record of a build against `version`. */
function fakeBuild(root: string, version = '2.13.0'): string {
  const folder = writeFiles(join(root, 'build'), { 'tench.node': '' });
  copyFileSync(join(addonFolder, 'loader.node'), join(folder, 'loader.node'));
  const libtorch = { path: join(root, 'torch'), version, cuda: false };
  writeFileSync(join(folder, 'tench-build.json'), JSON.stringify({ ...readRecord(), libtorch }));
  return folder;
}

t.test('what was not built is said to be so', (t) => {
  const expected = {
    code: 'ERR_TENCH_NOT_BUILT',
    message: /^tench's addon has not been built yet: run `npm run setup`$/,
  };
  t.throws(() => loadAddon({ folder: t.testdir() }), expected);
  const folder = fakeBuild(t.testdir());
  rmSync(join(folder, 'tench.node'));
  t.throws(() => loadAddon({ folder }), expected);
  t.end();
});

t.test('another LibTorch than the one built against: both versions are named', (t) => {
  const root = realpathSync(t.testdir());
  writeFiles(root, libtorchFiles('torch', { version: '2.14.1' }));
  const folder = fakeBuild(root, '2.13.0');
  const mismatch = /built against LibTorch 2\.13\.0, but the one to load is 2\.14\.1 \(.*torch\): run `npm run setup`/;
  t.throws(() => loadAddon({ folder, env: {} }), { code: 'ERR_TENCH_LIBTORCH', message: mismatch });
  const named = { LIBTORCH: join(root, 'torch') };
  t.throws(() => loadAddon({ folder, env: named }), {
    code: 'ERR_TENCH_LIBTORCH',
    message: /2\.14\.1.*, or unset LIBTORCH$/,
  });
  t.end();
});

t.test('a LibTorch that has gone, or that cannot be opened', (t) => {
  const root = realpathSync(t.testdir());
  const env = { PATH: '', TENCH_CACHE: join(root, 'cache') };
  const folder = fakeBuild(root);
  t.throws(() => loadAddon({ folder, env }), {
    code: 'ERR_TENCH_LIBTORCH',
    message: /has gone from .*torch, and no other was found/,
  });
  writeFiles(root, libtorchFiles('torch', { library: Buffer.from('no library') }));
  t.throws(() => loadAddon({ folder, env }), {
    code: 'ERR_TENCH_LIBRARY',
    message: /libc10\.so: (file too short|invalid ELF header)/,
  });
  writeFiles(root, libtorchFiles('torch', { library: openableLibrary(root) }));
  t.throws(() => loadAddon({ folder, env }), { code: 'ERR_TENCH_LIBRARY', message: /tench\.node: file too short/ });
  t.end();
});

t.test('when the recorded one has gone, another of the same version serves', (t) => {
  const root = realpathSync(t.testdir());
  const folder = fakeBuild(root);
  writeFiles(
    root,
    libtorchFiles('cache/libtorch/2.13.1-cpu/torch', { version: '2.13.1', library: openableLibrary(root) }),
  );
  const env = { PATH: '', TENCH_CACHE: join(root, 'cache') };
  // It gets as far as the addon, which is none.
  t.throws(() => loadAddon({ folder, env }), {
    message: /LibTorch 2\.13\.1 in .*cache.*\/tench\.node: file too short/,
  });
  t.end();
});

t.test('the real addon loads here and in a worker', async (t) => {
  t.type(loadAddon().schemas, 'function');
  const module = new URL('../../lib/runtime/native.js', import.meta.url).href;
  const program = `import(${JSON.stringify(module)}).then(({ loadAddon }) => {
    require('node:worker_threads').parentPort.postMessage(typeof loadAddon().schemas);
  });`;
  const worker = new Worker(program, { eval: true });
  t.equal(await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject)), 'function');
  await worker.terminate();
});
