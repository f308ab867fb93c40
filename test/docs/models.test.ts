/** docs/models.md quotes an example as it is, the example runs, and the page names the options and models that there are. */

import { readdirSync } from 'node:fs';
import t from 'tap';

import { modelNames } from 'tench';
import { codeOf, quoted, read, runExample } from './examples.js';

t.test('the example is quoted without its header', (t) => {
  t.equal(quoted('docs/models.md', 'examples/models/transfer.ts'), codeOf('examples/models/transfer.ts'));
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const { status, stdout, stderr } = runExample('examples/models/transfer.ts', { cwd: folder });
  t.equal(status, 0, stderr);
  // torchvision's ResNet-18 has 11,689,512 parameters, of which 1000 * 513 are in its head.
  t.match(stdout, `{ name: 'resnet18', options: { numClasses: 2 } }\n${11_689_512 - 1000 * 513 + 2 * 513}\n[ 8, 2 ]\n`);
  t.strictSame(readdirSync(folder), ['resnet18.pth']);
  t.end();
});

t.test('every model is on the page', (t) => {
  const page = read('docs/models.md');
  t.strictSame(
    modelNames().filter((name) => !page.includes(`\`${name}\``)),
    [],
  );
  t.end();
});
