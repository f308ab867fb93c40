/** The one file that `import 'tench'` opens holds what the modules hold, under the same names. */

import t from 'tap';

import * as modules from '../../lib/index.js';
import { packageFolder } from '../../lib/runtime/places.js';

const bundled = (await import('tench')) as unknown as Record<string, unknown>;

/** Every name in a namespace and in what it holds, with the function's or class's own name. */
function namesIn(space: object, prefix = ''): string[] {
  return Object.entries(space).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value === 'function') return [`${prefix}${name} = ${value.name}`];
    if (typeof value === 'object' && value !== null) return namesIn(value, `${prefix}${name}.`);
    return [`${prefix}${name}: ${String(value)}`];
  });
}

t.test('what is imported is the bundle, with every export', (t) => {
  t.match(import.meta.resolve('tench'), '/dist/bundle/lib/tench.js');
  t.same(namesIn(bundled).sort(), namesIn(modules).sort());
  t.end();
});

t.test('it finds the package and names the lines of its user', (t) => {
  const { ones, memory, Tensor } = bundled as unknown as typeof modules;
  memory({ trace: true });
  const x = ones([3]);
  t.ok(x instanceof Tensor);
  const [source] = memory({ trace: true }).sources;
  memory({ trace: false });
  t.match(source?.at, /bundle\.test\.(ts|js):\d+/);
  t.match(packageFolder, /\/$/);
  t.end();
});
