/** docs/models.md quotes an example as it is, the example runs, and the page names the options and models that there are. */

import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

import { modelNames } from 'tench';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

t.test('the example is quoted without its header', (t) => {
  const [, code] = /<!-- examples\/models\/transfer\.ts -->\n+```ts\n([^]*?)\n```/.exec(read('docs/models.md')) ?? [];
  t.equal(
    code,
    read('examples/models/transfer.ts')
      .replace(/^\/\*\*[^]*?\*\/\n\n/, '')
      .trimEnd(),
  );
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const script = fileURLToPath(new URL('dist/examples/models/transfer.js', root));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
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
