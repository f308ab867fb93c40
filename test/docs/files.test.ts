/** docs/files.md quotes an example as it is, and the example runs. */

import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

t.test('the example is quoted without its header', (t) => {
  const [, code] = /<!-- examples\/files\/exchange\.ts -->\n+```ts\n([^]*?)\n```/.exec(read('docs/files.md')) ?? [];
  t.equal(
    code,
    read('examples/files/exchange.ts')
      .replace(/^\/\*\*[^]*?\*\/\n\n/, '')
      .trimEnd(),
  );
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const script = fileURLToPath(new URL('dist/examples/files/exchange.js', root));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.match(stdout, /made: 'by tench'/);
  t.strictSame(readdirSync(folder).sort(), ['arrays.npz', 'checkpoint.pt', 'model.safetensors']);
  t.end();
});

t.test('the training that goes on is quoted without its header, and goes on', (t) => {
  const [, code] = /<!-- examples\/files\/resume\.ts -->\n+```ts\n([^]*?)\n```/.exec(read('docs/files.md')) ?? [];
  t.equal(
    code,
    read('examples/files/resume.ts')
      .replace(/^\/\*\*[^]*?\*\/\n\n/, '')
      .trimEnd(),
  );
  const folder = t.testdir();
  const script = fileURLToPath(new URL('dist/examples/files/resume.js', root));
  for (const start of ['first', 'second']) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
    t.equal(status, 0, stderr);
    t.match(stdout, /^4 epochs/, `${start} start`);
  }
  t.equal(readdirSync(`${folder}/checkpoints`).length, 2);
  t.end();
});
