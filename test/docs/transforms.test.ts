/** docs/transforms.md quotes an example as it is, and the example runs. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

t.test('the example is quoted without its header', (t) => {
  const [, code] =
    /<!-- examples\/transforms\/chain\.ts -->\n+```ts\n([^]*?)\n```/.exec(read('docs/transforms.md')) ?? [];
  t.equal(
    code,
    read('examples/transforms/chain.ts')
      .replace(/^\/\*\*[^]*?\*\/\n\n/, '')
      .trimEnd(),
  );
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const script = fileURLToPath(new URL('dist/examples/transforms/chain.js', root));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.match(stdout, /\[ 3, 64, 64 \]/);
  t.match(stdout, /RandomDihedral\(p: 0\.75\)/);
  t.end();
});
