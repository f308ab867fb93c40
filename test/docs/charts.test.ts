/** docs/charts.md quotes an example as it is, and the example draws its files. */

import { readdirSync } from 'node:fs';
import t from 'tap';
import { codeOf, quoted, runExample } from './examples.js';

t.test('the example is quoted without its header', (t) => {
  t.equal(quoted('docs/charts.md', 'examples/charts/drawing.ts'), codeOf('examples/charts/drawing.ts'));
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const { status, stdout, stderr } = runExample('examples/charts/drawing.ts', { cwd: folder });
  t.equal(status, 0, stderr);
  t.match(stdout, /^Accuracy by epoch\n\naccuracy\n {5}1 ┤/);
  t.strictSame(readdirSync(folder).sort(), ['accuracy.png', 'accuracy.svg', 'rates.svg']);
  t.end();
});
