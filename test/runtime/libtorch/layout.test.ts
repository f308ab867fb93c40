import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import { librariesOf, readLibTorch } from '../../../lib/runtime/libtorch/layout.js';
import { libtorchFiles, writeFiles } from './fakes.js';

t.test('archive, wheel and the folder itself are all understood', (t) => {
  const root = realpathSync(t.testdir());
  writeFiles(root, {
    ...libtorchFiles('zip/libtorch'),
    ...libtorchFiles('site-packages/torch', { version: '2.14.1', cuda: true }),
  });
  const archive = { path: join(root, 'zip/libtorch'), version: '2.13.0', cuda: false };
  const wheel = { path: join(root, 'site-packages/torch'), version: '2.14.1', cuda: true };
  t.same(readLibTorch(join(root, 'zip')), archive);
  t.same(readLibTorch(join(root, 'zip/libtorch')), archive);
  t.same(readLibTorch(join(root, 'site-packages')), wheel);
  t.same(readLibTorch(join(root, 'site-packages/torch')), wheel);
  t.match(librariesOf(archive), [/libc10\.so$/, /libtorch_cpu\.so$/, /libtorch\.so$/]);
  t.end();
});

t.test('what is wrong is said', (t) => {
  const root = t.testdir();
  const refused = (message: RegExp): void => {
    t.throws(() => readLibTorch(join(root, 'a')), { code: 'ERR_TENCH_LIBTORCH', message });
  };
  refused(/a does not exist$/);
  mkdirSync(join(root, 'a'));
  refused(/a holds no LibTorch: there is no lib\/libtorch_cpu\.so in it$/);
  writeFiles(root, libtorchFiles('a', { version: '2.10.0' }));
  refused(/is version 2\.10\.0; tench needs at least 2\.11 and less than 2\.15$/);
  rmSync(join(root, 'a/include/torch'), { recursive: true });
  refused(/does not say its version/);
  rmSync(join(root, 'a/lib/libc10.so'));
  rmSync(join(root, 'a/include'), { recursive: true });
  refused(/is not whole: it lacks include\/ATen\/ATen\.h and lib\/libc10\.so$/);
  t.end();
});
