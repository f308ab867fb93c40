import t from 'tap';

import {
  autocast,
  backwardAsync,
  enableGrad,
  grad,
  inferenceMode,
  isGradEnabled,
  noGrad,
  ones,
  randn,
  tensor,
  zeros,
  type Tensor,
} from '../../lib/tensor/index.js';

t.test('backward adds to the gradients of leaves', async (t) => {
  const w = tensor([1, 2, 3], { requiresGrad: true });
  w.mul(w).sum().backward();
  t.same(w.grad?.toList(), [2, 4, 6]);
  t.equal(w.grad, w.grad, 'the same object until it is replaced');
  w.mul(2).sum().backward();
  t.same(w.grad?.toList(), [4, 6, 8]);
  w.grad = null;
  t.equal(w.grad, null);
  w.grad = ones([3]);
  t.same(w.grad.toList(), [1, 1, 1]);
  t.throws(() => (w.grad = ones([2])), { message: /same shape/ });
  w.mul(2).backward(tensor([1, 0, 1]));
  t.same(w.grad.toList(), [3, 1, 3], 'with weights for the elements');
});

t.test('what cannot be differentiated is an error', async (t) => {
  t.throws(() => ones([2]).sum().backward(), { code: 'ERR_TENCH_OPERATOR', message: /does not require grad/ });
  const w = ones([2], { requiresGrad: true });
  t.throws(() => w.mul(2).backward(), { message: /scalar/ });
  const loss = w.mul(w).sum();
  loss.backward();
  t.throws(() => loss.backward(), { message: /second time/ });
  const kept = w.mul(w).sum();
  kept.backward(null, { retainGraph: true });
  kept.backward();
  t.throws(() => (tensor([1], { dtype: 'int64' }).requiresGrad = true), { message: /floating/ });
  t.throws(() => w.add_(1), { code: 'ERR_TENCH_OPERATOR' }, 'a leaf is not changed in place while recording');
  t.equal(
    noGrad(() => w.add_(1))
      .get(0)
      .item(),
    2,
  );
});

t.test('grad gives gradients as values, of gradients too', async (t) => {
  const x = tensor([2], { requiresGrad: true });
  const [first] = grad(x.pow(3).sum(), x, { createGraph: true });
  t.same(first?.toList(), [12]);
  const [second] = grad(first!.sum(), x);
  t.same(second?.toList(), [12]);
  t.equal(x.grad, null);
  const unused = ones([1], { requiresGrad: true });
  t.throws(() => grad(x.mul(2).sum(), unused), { code: 'ERR_TENCH_OPERATOR' });
  t.same(grad(x.mul(2).sum(), unused, { allowUnused: true }), [null]);
});

t.test('the switches hold for a synchronous function and no longer', async (t) => {
  const w = ones([1], { requiresGrad: true });
  t.equal(
    noGrad(() => w.mul(2).requiresGrad),
    false,
  );
  t.equal(
    noGrad(() => enableGrad(() => w.mul(2).requiresGrad)),
    true,
  );
  t.throws(
    () =>
      noGrad(() => {
        throw new Error('inside');
      }),
    { message: 'inside' },
  );
  t.equal(isGradEnabled(), true, 'also after an exception');
  t.equal(
    inferenceMode(() => w.mul(2).requiresGrad),
    false,
  );
  t.throws(() => noGrad(async () => Promise.resolve(1)), { code: 'ERR_TENCH_ASYNC_SCOPE' });
  const half = autocast({ dtype: 'bfloat16' }, () => ones([2, 2]).matmul(ones([2, 2])).dtype);
  t.equal(half, 'bfloat16');
  t.equal(ones([2, 2]).matmul(ones([2, 2])).dtype, 'float32');
});

t.test('hooks see and replace gradients, on leaves and in between', async (t) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const seen: unknown[] = [];
  const middle = w.mul(3);
  middle.registerHook((gradient) => {
    seen.push(gradient.toList());
  });
  const handle = w.registerHook((gradient) => gradient.mul(10));
  middle.sum().backward();
  t.same(seen, [[1, 1]]);
  t.same(w.grad?.toList(), [30, 30]);
  handle.remove();
  handle.remove();
  w.grad = null;
  w.mul(3).sum().backward();
  t.same((w.grad as Tensor | null)?.toList(), [3, 3], 'a removed hook is not called');
});

t.test('an exception of a hook comes out of backward as it was thrown', async (t) => {
  const w = ones([1], { requiresGrad: true });
  const thrown = new RangeError('from the hook');
  w.registerHook(() => {
    throw thrown;
  });
  t.throws(() => w.mul(2).sum().backward(), thrown);
  const v = ones([1], { requiresGrad: true });
  v.registerHook(() => 5 as never);
  t.throws(() => v.mul(2).sum().backward(), { message: /returned by a hook/ });
  const fine = ones([1], { requiresGrad: true });
  fine.mul(2).sum().backward();
  t.same(fine.grad?.toList(), [2], 'the next backward works');
});

t.test('backward inside a hook is re-entrant', async (t) => {
  const depth = (level: number): Tensor => {
    const w = tensor([level + 1], { requiresGrad: true });
    const y = w.mul(2);
    if (level > 0) y.registerHook((gradient) => gradient.mul(enableGrad(() => depth(level - 1))));
    y.sum().backward();
    return w.grad!;
  };
  t.same(depth(3).toList(), [16], 'four graph tasks, one inside the other, multiply by 2 each');
});

t.test('backwardAsync leaves the event loop free and calls hooks', async (t) => {
  const w = randn([64, 64], { requiresGrad: true });
  let hooked = 0;
  w.registerHook(() => {
    hooked += 1;
  });
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  let backwards = 0;
  // Whether a timer fires before a backward is over hangs on the machine; that one does while they follow one another does not.
  while (turns === 0) {
    let y = w;
    for (let i = 0; i < 300; i += 1) y = y.matmul(w).mul(0.01);
    const done = backwardAsync(y.sum());
    t.equal(hooked, backwards, 'it is not waited for');
    await done;
    t.equal(hooked, ++backwards);
  }
  clearInterval(timer);
  t.not(w.grad, null);
  await t.rejects(backwardAsync(zeros([])), { code: 'ERR_TENCH_OPERATOR' });
  const bad = ones([1], { requiresGrad: true });
  bad.registerHook(() => {
    throw new Error('async hook');
  });
  await t.rejects(backwardAsync(bad.mul(2).sum()), { message: /async hook/ });
});

t.test('retainGrad keeps the gradient of a result', async (t) => {
  const w = ones([2], { requiresGrad: true });
  const y = w.mul(3);
  t.equal(y.isLeaf, false);
  y.retainGrad();
  y.mul(2).sum().backward();
  t.same(y.grad?.toList(), [2, 2]);
});
