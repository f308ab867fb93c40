/** docs/augmentation.md quotes an example as it is, and the example computes and draws what it says. */

import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

t.test('the example is quoted without its header', (t) => {
  const [, code] =
    /<!-- examples\/augmentation\/batch\.ts -->\n+```ts\n([^]*?)\n```/.exec(read('docs/augmentation.md')) ?? [];
  t.equal(
    code,
    read('examples/augmentation/batch.ts')
      .replace(/^\/\*\*[^]*?\*\/\n\n/, '')
      .trimEnd(),
  );
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const script = fileURLToPath(new URL('dist/examples/augmentation/batch.js', root));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.match(stdout, /^BatchAugment\(\[BatchRandomResizedCrop/);
  t.match(stdout, '[ 4, 3, 64, 64 ] float32 [ 4, 1, 4 ]\n[ 4, 3, 64, 64 ]');
  t.strictSame(readdirSync(folder), ['versions.png']);
  t.end();
});
