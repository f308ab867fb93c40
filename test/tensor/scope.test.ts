import { inspect } from 'node:util';

import t from 'tap';

import { collectGarbage } from '../collect.js';
import { memory, ones, scope, tensor, zeros, type Tensor } from '../../lib/tensor/index.js';

t.test('temporaries go, what is returned stays', async (t) => {
  // What earlier tests dropped must not go in the middle of the count.
  collectGarbage();
  const before = memory().tensors;
  let temporary: Tensor | undefined;
  const kept = scope(() => {
    temporary = ones([3]);
    return temporary.mul(2);
  });
  t.equal(temporary?.isAlive, false);
  t.same(kept.toList(), [2, 2, 2]);
  t.equal(memory().tensors, before + 1);
  kept.dispose();
  kept.dispose();
  t.equal(memory().tensors, before);
});

t.test('tensors survive inside arrays, objects, maps and sets', async (t) => {
  const result = scope(() => ({
    list: [ones([1]), 'text'],
    deep: { map: new Map([['a', ones([1])]]), set: new Set([ones([1])]) },
    scratch: ones([1]).shape,
  }));
  t.ok((result.list[0] as Tensor).isAlive);
  t.ok(result.deep.map.get('a')?.isAlive);
  t.ok([...result.deep.set][0]?.isAlive);
});

t.test('scopes nest: an inner result belongs to the outer scope', async (t) => {
  let inner: Tensor | undefined;
  const outer = scope(() => {
    inner = scope(() => ones([2]).add(1));
    t.ok(inner.isAlive);
    return inner.sum();
  });
  t.equal(inner?.isAlive, false);
  t.equal(outer.item(), 4);
});

t.test('an exception releases everything and passes', async (t) => {
  collectGarbage();
  const before = memory().tensors;
  t.throws(
    () =>
      scope(() => {
        zeros([2]);
        throw new Error('inside');
      }),
    { message: 'inside' },
  );
  t.equal(memory().tensors, before);
});

t.test('a promise is refused, because the work behind it would use released tensors', async (t) => {
  t.throws(() => scope(async () => Promise.resolve(ones([1]))), { code: 'ERR_TENCH_ASYNC_SCOPE' });
  t.throws(() => void scope(5 as never), { code: 'ERR_TENCH_ARGUMENT' });
});

t.test('a tensor that was disposed is refused by name', async (t) => {
  const x = ones([2]);
  x.dispose();
  t.throws(() => x.add(1), { code: 'ERR_TENCH_DISPOSED' });
  t.throws(() => tensor([1, 2]).add(x), { code: 'ERR_TENCH_DISPOSED' });
  t.throws(() => x.shape, { code: 'ERR_TENCH_DISPOSED' });
  t.match(inspect(x), /disposed/);
  {
    using y = ones([1]);
    t.ok(y.isAlive);
  }
});
