/** docs/pictures.md quotes an example as it is, and the example draws what it says. */

import { readdirSync } from 'node:fs';
import t from 'tap';
import { codeOf, quoted, runExample } from './examples.js';

t.test('the example is quoted without its header', (t) => {
  t.equal(quoted('docs/pictures.md', 'examples/pictures/looking.ts'), codeOf('examples/pictures/looking.ts'));
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const { status, stdout, stderr } = runExample('examples/pictures/looking.ts', { cwd: folder });
  t.equal(status, 0, stderr);
  t.match(stdout, /lying +\d+ +\d+\nstanding +\d+ +\d+\nnumber \d+ is (lying|standing)\n$/);
  t.strictSame(readdirSync(folder).sort(), [
    'activations.png',
    'confusion.svg',
    'losses.png',
    'losses.svg',
    'rates.svg',
    'results.html',
  ]);
  t.end();
});
