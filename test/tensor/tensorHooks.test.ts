import t from 'tap';

import { collectGarbage } from '../collect.js';
import {
  backwardAsync,
  enableGrad,
  grad,
  isGradEnabled,
  memory,
  noGrad,
  ones,
  registerPostAccumulateGradHook,
  tensor,
  type Tensor,
} from '../../lib/tensor/index.js';

t.test('hooks are called in the order of their registration, each with what the one before made of it', async (t) => {
  const x = tensor([1, 2], { requiresGrad: true });
  const seen: unknown[] = [];
  const hooks = [2, 3, 5].map((factor) =>
    x.registerHook((gradient) => {
      seen.push(gradient.toList());
      return gradient.mul(factor);
    }),
  );
  x.sum().backward();
  t.same(seen, [
    [1, 1],
    [2, 2],
    [6, 6],
  ]);
  t.same(x.grad?.toList(), [30, 30]);
  hooks[1]!.remove();
  x.grad = null;
  x.sum().backward();
  t.same((x.grad as Tensor | null)?.toList(), [10, 10], 'the others stay when one is removed');
});

t.test('a replaced gradient goes on to what lies behind, and to retainGrad', async (t) => {
  const x = ones([2], { requiresGrad: true });
  const middle = x.mul(3);
  middle.retainGrad();
  middle.registerHook((gradient) => gradient.mul(10));
  middle.sum().backward();
  t.same(middle.grad?.toList(), [10, 10]);
  t.same(x.grad?.toList(), [30, 30]);
  const [asValue] = grad(x.mul(2).sum(), x);
  t.same(asValue?.toList(), [2, 2]);
});

t.test('with createGraph, what a hook does is recorded', async (t) => {
  const x = tensor([2], { requiresGrad: true });
  const seen: boolean[] = [];
  const y = x.mul(1);
  y.registerHook((gradient) => {
    seen.push(isGradEnabled());
    return gradient.mul(x);
  });
  const [first] = grad(y.sum(), x, { createGraph: true });
  t.same(first?.toList(), [2]);
  t.same(grad(first!.sum(), x)[0]?.toList(), [1]);
  const z = x.mul(1);
  z.registerHook(() => void seen.push(isGradEnabled()));
  z.sum().backward();
  t.same(seen, [true, false]);
});

t.test('a gradient that does not fit is refused', async (t) => {
  const x = ones([2], { requiresGrad: true });
  const y = x.mul(1);
  y.registerHook(() => ones([3]));
  t.throws(() => y.sum().backward(), { code: 'ERR_TENCH_OPERATOR' });
  t.throws(() => ones([1]).registerHook(() => undefined), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => x.registerHook(5 as never), { code: 'ERR_TENCH_ARGUMENT' });
});

t.test('a hook after accumulation sees the leaf with its grad, and may take it away', async (t) => {
  const x = tensor([1, 2], { requiresGrad: true });
  const w = tensor([3, 4], { requiresGrad: true });
  const seen: unknown[] = [];
  const hook = registerPostAccumulateGradHook(x, (leaf) => {
    seen.push(['first', leaf.grad?.toList()]);
    noGrad(() => leaf.sub_(leaf.grad!));
    leaf.grad = null;
  });
  registerPostAccumulateGradHook(x, (leaf) => void seen.push(['second', leaf.grad]));
  x.mul(w).sum().backward();
  t.same(seen, [
    ['first', [3, 4]],
    ['second', null],
  ]);
  t.same(x.toList(), [-2, -2], 'stepped inside backward');
  t.equal(x.grad, null);
  t.same(w.grad?.toList(), [1, 2]);
  hook.remove();
  hook.remove();
  x.mul(2).sum().backward();
  t.equal(seen.length, 3, 'the other one is still called');
  t.same(x.grad?.toList(), [2, 2]);
  t.throws(() => registerPostAccumulateGradHook(x.mul(1), () => undefined), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => registerPostAccumulateGradHook(5 as never, () => undefined), { code: 'ERR_TENCH_ARGUMENT' });
});

t.test('an exception of such a hook comes out of backward as it was thrown', async (t) => {
  const x = ones([1], { requiresGrad: true });
  const thrown = new RangeError('after');
  const hook = registerPostAccumulateGradHook(x, () => {
    throw thrown;
  });
  t.throws(() => x.sum().backward(), thrown);
  await t.rejects(backwardAsync(x.sum()), thrown);
  hook.remove();
  x.sum().backward();
  t.same(x.grad?.toList(), [3], 'the gradient had arrived each time');
});

t.test('a synchronous backward while another one runs beside the event loop', async (t) => {
  const make = (): [Tensor, Tensor] => {
    const x = ones([32, 32], { requiresGrad: true });
    let y = x;
    for (let i = 0; i < 50; i += 1) {
      y = y.mul(1);
      if (i % 10 === 0) y.registerHook((gradient) => gradient.mul(2));
    }
    return [x, y.sum()];
  };
  const [x, loss] = make();
  const pending = backwardAsync(loss);
  const [other, second] = make();
  second.backward();
  t.equal(other.grad?.get(0, 0).item(), 32);
  await pending;
  t.equal(x.grad?.get(0, 0).item(), 32);
});

t.test('hooks and their graphs are let go', async (t) => {
  const x = ones([4], { requiresGrad: true });
  const round = (): void => {
    const y = x.mul(2);
    y.registerHook((gradient) => gradient.mul(1));
    y.registerHook((gradient) => enableGrad(() => gradient.mul(x)).detach());
    y.sum().backward();
    x.mul(3).registerHook(() => undefined);
    const hook = registerPostAccumulateGradHook(x, (leaf) => void (leaf.grad = null));
    try {
      const z = x.mul(2);
      z.registerHook(() => {
        throw new Error('as planned');
      });
      z.sum().backward();
    } catch {
      // counted below
    }
    hook.remove();
    x.grad = null;
  };
  const settle = (): number => {
    collectGarbage();
    x.mul(1).registerHook(() => undefined);
    collectGarbage();
    return memory().tensors;
  };
  for (let i = 0; i < 20; i += 1) round();
  const before = settle();
  for (let i = 0; i < 500; i += 1) round();
  t.ok(settle() <= before);
});
