/** docs/optimizers.md quotes an example as it is, the example runs, and the names in the page are exported. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import * as tench from '../../lib/index.js';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const page = read('docs/optimizers.md');

t.test('the example is quoted without its header', (t) => {
  const [, code] = /<!-- examples\/optimizers\/own\.ts -->\n+```ts\n([^]*?)\n```/.exec(page) ?? [];
  t.equal(
    code,
    read('examples/optimizers/own.ts')
      .replace(/^\/\*\*[^]*?\*\/\n\n/, '')
      .trimEnd(),
  );
  t.end();
});

t.test('the example runs', (t) => {
  const script = fileURLToPath(new URL('dist/examples/optimizers/own.js', root));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.match(stdout, /steppers: weightDecay, signumStep/);
  t.end();
});

t.test('the table names every recipe, and what it names is exported', (t) => {
  const named = [...page.matchAll(/`(\w+(?:Opt|Step|Reg|Grad|GradNorm|GradValue))`/g)].map(([, name]) => name!);
  t.same(
    named.filter((name) => name !== 'borrowsGrad' && !(name in tench)),
    [],
  );
  const recipes = Object.keys(tench).filter((name) => /^[a-z]\w+Opt$/.test(name));
  t.same(
    recipes.filter((name) => !named.includes(name)),
    [],
  );
  t.end();
});
