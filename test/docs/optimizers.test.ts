/** docs/optimizers.md quotes an example as it is, the example runs, and the names in the page are exported. */

import t from 'tap';
import * as tench from '../../lib/index.js';
import { codeOf, quoted, read, runExample } from './examples.js';

const page = read('docs/optimizers.md');

t.test('the example is quoted without its header', (t) => {
  t.equal(quoted('docs/optimizers.md', 'examples/optimizers/own.ts'), codeOf('examples/optimizers/own.ts'));
  t.end();
});

t.test('the example runs', (t) => {
  const { status, stdout, stderr } = runExample('examples/optimizers/own.ts');
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
