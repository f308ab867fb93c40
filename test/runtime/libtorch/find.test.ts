import { chmodSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import { choiceOf, findLibTorch } from '../../../lib/runtime/libtorch/find.js';
import { libtorchFiles, writeFiles } from './fakes.js';

/** A machine with a LibTorch in every place; its Python is a script that answers where its torch is. */
function machine(root: string, pythonsVersion = '2.12.0'): { env: NodeJS.ProcessEnv; cache: string } {
  writeFiles(root, {
    ...libtorchFiles('named'),
    ...libtorchFiles('site-packages/torch', { version: pythonsVersion }),
    ...libtorchFiles('cache/libtorch/2.13.0-cpu/torch'),
    ...libtorchFiles('cache/libtorch/2.13.0-cuda/torch', { cuda: true }),
    'cache/libtorch/.partial/torch/lib/libtorch_cpu.so': '',
    'bin/python3': `#!/bin/sh\necho "${root}/site-packages/torch"\n`,
  });
  chmodSync(join(root, 'bin/python3'), 0o755);
  return { env: { PATH: `${root}/bin`, LIBTORCH: `${root}/named` }, cache: `${root}/cache` };
}

t.test('LIBTORCH, then the active Python, then what was fetched before', (t) => {
  const root = realpathSync(t.testdir());
  const { env, cache } = machine(root);
  const first = findLibTorch({ env, cache });
  t.equal(first.chosen?.path, join(root, 'named'));
  t.equal(first.reason, `LIBTORCH names LibTorch 2.13.0 for CPU in ${root}/named`);

  const second = findLibTorch({ env: { ...env, LIBTORCH: '' }, cache });
  t.equal(second.chosen?.path, join(root, 'site-packages/torch'));
  t.match(second.reason, /^the active Python \(.*bin\/python3\) has LibTorch 2\.12\.0 for CPU/);

  const without = { PATH: '' };
  t.equal(findLibTorch({ env: without, cache }).chosen?.path, join(root, 'cache/libtorch/2.13.0-cpu/torch'));
  t.equal(
    findLibTorch({ env: without, cache, cuda: true }).chosen?.path,
    join(root, 'cache/libtorch/2.13.0-cuda/torch'),
  );
  const none = findLibTorch({ env: without, cache: join(root, 'other') });
  t.equal(none.chosen, undefined);
  t.match(
    none.findings.map((finding) => finding.sentence),
    ['LIBTORCH is not set', 'there is no python3 or python on the PATH', /^tench has fetched no LibTorch to .*other/],
  );
  t.end();
});

t.test('a torch that is too old is passed over, a LIBTORCH that will not do is an error', (t) => {
  const root = realpathSync(t.testdir());
  const { env, cache } = machine(root, '2.9.1');
  const search = findLibTorch({ env: { ...env, LIBTORCH: '' }, cache });
  t.equal(search.chosen?.path, join(root, 'cache/libtorch/2.13.0-cpu/torch'));
  t.match(search.findings[1]?.sentence, /will not do: .*is version 2\.9\.1; tench needs/);
  t.throws(() => findLibTorch({ env: { ...env, LIBTORCH: join(root, 'site-packages') }, cache }), {
    code: 'ERR_TENCH_LIBTORCH',
    message: /^LIBTORCH=.* cannot be used: .* version 2\.9\.1/,
  });
  t.end();
});

t.test('a virtual environment comes before the PATH, and is part of what the choice depends on', (t) => {
  const root = realpathSync(t.testdir());
  const { cache } = machine(root);
  const active = { PATH: '/nowhere', VIRTUAL_ENV: root };
  t.equal(findLibTorch({ env: active, cache }).chosen?.version, '2.12.0');
  t.not(choiceOf({ env: active, cache }), choiceOf({ env: { PATH: '/nowhere' }, cache }));
  t.end();
});

t.test('a CPU build in the cache is no answer where CUDA is wanted, but the other way round it is', (t) => {
  const root = realpathSync(t.testdir());
  const env = { PATH: '' };
  writeFiles(root, libtorchFiles('cache/libtorch/2.13.0-cpu/torch'));
  t.equal(findLibTorch({ env, cache: join(root, 'cache'), cuda: true }).chosen, undefined);
  writeFiles(root, libtorchFiles('other/libtorch/2.13.0-cuda/torch', { cuda: true }));
  t.ok(findLibTorch({ env, cache: join(root, 'other') }).chosen?.cuda);
  t.end();
});
