/** docs/lsuv.md quotes an example as it is, and the example adjusts and draws what it says. */

import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

t.test('the example is quoted without its header', (t) => {
  const [, code] = /<!-- examples\/lsuv\/start\.ts -->\n+```ts\n([^]*?)\n```/.exec(read('docs/lsuv.md')) ?? [];
  t.equal(
    code,
    read('examples/lsuv/start.ts')
      .replace(/^\/\*\*[^]*?\*\/\n\n/, '')
      .trimEnd(),
  );
  t.end();
});

t.test('the example runs', (t) => {
  const folder = t.testdir();
  const script = fileURLToPath(new URL('dist/examples/lsuv/start.js', root));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
  t.equal(status, 0, stderr);
  for (const layer of [0, 1, 2])
    t.match(stdout, new RegExp(`^${layer}: mean -?0\\.000\\d, std (1\\.000|0\\.999)\\d$`, 'm'));
  t.strictSame(readdirSync(folder).sort(), ['histograms.svg', 'near-zeros.svg']);
  t.end();
});
