/** docs/files.md quotes an example as it is, and the example runs. */

import { readdirSync } from 'node:fs';
import t from 'tap';
import { codeOf, quoted, runExample } from './examples.js';

t.test('the example is quoted without its header', (t) => {
  t.equal(quoted('docs/files.md', 'examples/files/exchange.ts'), codeOf('examples/files/exchange.ts'));
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const { status, stdout, stderr } = runExample('examples/files/exchange.ts', { cwd: folder });
  t.equal(status, 0, stderr);
  t.match(stdout, /made: 'by tench'/);
  t.strictSame(readdirSync(folder).sort(), ['arrays.npz', 'checkpoint.pt', 'model.safetensors']);
  t.end();
});

t.test('the training that goes on is quoted without its header, and goes on', (t) => {
  t.equal(quoted('docs/files.md', 'examples/files/resume.ts'), codeOf('examples/files/resume.ts'));
  const folder = t.testdir();
  for (const start of ['first', 'second']) {
    const { status, stdout, stderr } = runExample('examples/files/resume.ts', { cwd: folder });
    t.equal(status, 0, stderr);
    t.match(stdout, /^4 epochs/, `${start} start`);
  }
  t.equal(readdirSync(`${folder}/checkpoints`).length, 2);
  t.end();
});
