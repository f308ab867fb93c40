/** docs/pictures.md quotes an example as it is, and the example draws what it says. */

import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

t.test('the example is quoted without its header', (t) => {
  const [, code] =
    /<!-- examples\/pictures\/looking\.ts -->\n+```ts\n([^]*?)\n```/.exec(read('docs/pictures.md')) ?? [];
  t.equal(
    code,
    read('examples/pictures/looking.ts')
      .replace(/^\/\*\*[^]*?\*\/\n\n/, '')
      .trimEnd(),
  );
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const script = fileURLToPath(new URL('dist/examples/pictures/looking.js', root));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
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
