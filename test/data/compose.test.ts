import t from 'tap';
import { inspect } from 'node:util';
import { compose, inOrder, transformLabel, type TransformObject } from '../../lib/data/compose.js';

const add = (x: number): number => x + 1;
const double = (x: number): number => x * 2;

t.test('functions run one after another', (t) => {
  t.equal(compose(3, [add, double]), 8);
  t.equal(compose(3, [double, add]), 7);
  t.equal(compose(3, add), 4, 'a single function');
  t.end();
});

t.test('none is fine', (t) => {
  for (const none of [null, undefined, []]) t.equal(compose(3, none), 3);
  t.equal(compose(3, [null, add, undefined]), 4, 'gaps in a list are left out');
  t.end();
});

t.test('they are sorted by order, and stable where it is equal', (t) => {
  const trace = (name: string, order?: number): ((x: string) => string) =>
    Object.assign((x: string) => x + name, order === undefined ? {} : { order });
  t.equal(
    compose('', [trace('c', 20), trace('d', 30), trace('a'), trace('b', 10), trace('A')]),
    'aAbcd',
    'not as given',
  );
  t.equal(compose('', [trace('x', -1), trace('y'), trace('z', -1)]), 'xzy');
  const given = [trace('b', 2), trace('a', 1)];
  inOrder(given);
  t.equal(compose('', [given[0]!]), 'b', 'the given list is not sorted in place');
  t.equal(given[0]!('-'), '-b');
  t.end();
});

t.test('further arguments reach every function', (t) => {
  t.equal(
    compose(1, [(x: number, by: unknown) => x + (by as number), (x: number, by: unknown) => x * (by as number)], 10),
    110,
  );
  t.end();
});

t.test('an object with apply is a transform, and keeps its this', (t) => {
  class Times implements TransformObject<number, number> {
    order = 1;
    constructor(readonly factor: number) {}
    apply(x: number): number {
      return x * this.factor;
    }
    describe(): { name: string; factor: number } {
      return { name: 'Times', factor: this.factor };
    }
  }
  t.equal(compose(3, [new Times(5), add]), 20);
  t.equal(transformLabel(new Times(5)), 'Times(factor: 5)');
  t.equal(transformLabel(add), 'add');
  t.match(inspect(new Times(5).describe()), /factor: 5/);
  t.end();
});

t.test('a promise is awaited from the step on that returned one', async (t) => {
  const later = async (x: number): Promise<number> => Promise.resolve(x + 1);
  const result = compose<number>(1, [double, later, double]);
  t.ok(result instanceof Promise);
  t.equal(await result, 6);
  t.equal(compose(1, [double, double]), 4, 'and without one the result is there at once');
});

t.test('what is no transform is refused', (t) => {
  t.throws(() => void compose(1, [3 as unknown as () => number]), { message: /`tfms`/ });
  t.throws(() => void compose(1, {} as unknown as () => number), { code: 'ERR_TENCH_ARGUMENT' });
  t.end();
});
