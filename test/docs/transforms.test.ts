/** docs/transforms.md quotes an example as it is, and the example runs. */

import t from 'tap';
import { codeOf, quoted, runExample } from './examples.js';

t.test('the example is quoted without its header', (t) => {
  t.equal(quoted('docs/transforms.md', 'examples/transforms/chain.ts'), codeOf('examples/transforms/chain.ts'));
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const { status, stdout, stderr } = runExample('examples/transforms/chain.ts', { cwd: folder });
  t.equal(status, 0, stderr);
  t.match(stdout, /\[ 3, 64, 64 \]/);
  t.match(stdout, /RandomDihedral\(p: 0\.75\)/);
  t.end();
});
