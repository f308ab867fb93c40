/** docs/charts.md quotes an example as it is, and the example draws its files. */

import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

t.test('the example is quoted without its header', (t) => {
  const [, code] = /<!-- examples\/charts\/drawing\.ts -->\n+```ts\n([^]*?)\n```/.exec(read('docs/charts.md')) ?? [];
  t.equal(
    code,
    read('examples/charts/drawing.ts')
      .replace(/^\/\*\*[^]*?\*\/\n\n/, '')
      .trimEnd(),
  );
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const script = fileURLToPath(new URL('dist/examples/charts/drawing.js', root));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.match(stdout, /^Accuracy by epoch\n\naccuracy\n {5}1 ┤/);
  t.strictSame(readdirSync(folder).sort(), ['accuracy.png', 'accuracy.svg', 'rates.svg']);
  t.end();
});
