/** docs/lsuv.md quotes an example as it is, and the example adjusts and draws what it says. */

import { readdirSync } from 'node:fs';
import t from 'tap';
import { codeOf, quoted, runExample } from './examples.js';

t.test('the example is quoted without its header', (t) => {
  t.equal(quoted('docs/lsuv.md', 'examples/lsuv/start.ts'), codeOf('examples/lsuv/start.ts'));
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const { status, stdout, stderr } = runExample('examples/lsuv/start.ts', { cwd: folder });
  t.equal(status, 0, stderr);
  for (const layer of [0, 1, 2])
    t.match(stdout, new RegExp(`^${layer}: mean -?0\\.000\\d, std (1\\.000|0\\.999)\\d$`, 'm'));
  t.strictSame(readdirSync(folder).sort(), ['histograms.svg', 'near-zeros.svg']);
  t.end();
});
