/** docs/augmentation.md quotes an example as it is, and the example computes and draws what it says. */

import { readdirSync } from 'node:fs';
import t from 'tap';
import { codeOf, quoted, runExample } from './examples.js';

t.test('the example is quoted without its header', (t) => {
  t.equal(quoted('docs/augmentation.md', 'examples/augmentation/batch.ts'), codeOf('examples/augmentation/batch.ts'));
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const { status, stdout, stderr } = runExample('examples/augmentation/batch.ts', { cwd: folder });
  t.equal(status, 0, stderr);
  t.match(stdout, /^BatchAugment\(\[BatchRandomResizedCrop/);
  t.match(stdout, '[ 4, 3, 64, 64 ] float32 [ 4, 1, 4 ]\n[ 4, 3, 64, 64 ]');
  t.strictSame(readdirSync(folder), ['versions.png']);
  t.end();
});
