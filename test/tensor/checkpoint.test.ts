import t from 'tap';

import { collectGarbage } from '../collect.js';
import {
  AutogradFunction,
  autocast,
  callOperator,
  checkpoint,
  checkpointWith,
  grad,
  manualSeed,
  memory,
  noGrad,
  ones,
  randn,
  scope,
  tensor,
  type Tensor,
} from '../../lib/tensor/index.js';

const dropout = (x: Tensor): Tensor => callOperator('aten::dropout', [x, 0.5, true]) as Tensor;

/** The gradients of x and of all weights, with and without `wrap` around each block of a network. */
function gradients(wrap: (block: (x: Tensor) => Tensor, x: Tensor) => Tensor): unknown[] {
  manualSeed(1);
  const weights = Array.from({ length: 4 }, () => randn([8, 8], { requiresGrad: true }));
  const x = randn([5, 8], { requiresGrad: true });
  let y = x;
  for (const w of weights) y = wrap((h) => dropout(h.matmul(w).tanh()).mul(h), y);
  y.pow(2).sum().backward();
  return [x, ...weights].map((leaf) => leaf.grad!.toList());
}

t.test('gradients are those of the plain computation, to the bit', async (t) => {
  const plain = gradients((block, x) => block(x));
  t.same(
    gradients((block, x) => checkpoint(block, x)),
    plain,
    'with the same dropout',
  );
  t.same(
    gradients((block, x) => checkpoint((y) => checkpoint(block, y), x)),
    plain,
    'one inside another',
  );
  const thrice = (block: (x: Tensor) => Tensor, x: Tensor): Tensor =>
    checkpoint((y) => checkpoint((z) => checkpoint(block, z.mul(1)), y.mul(1)), x);
  t.same(gradients(thrice), plain, 'three deep, with results of one going into the next');
});

t.test('the generator goes on as if nothing had been computed again', async (t) => {
  const after = (wrap: boolean): number => {
    manualSeed(3);
    const x = ones([50], { requiresGrad: true });
    const y = wrap ? checkpoint(dropout, x) : dropout(x);
    randn([3]);
    y.sum().backward();
    return randn([1]).item();
  };
  t.equal(after(true), after(false));
});

t.test('without the generators, other numbers are drawn', async (t) => {
  manualSeed(3);
  const x = ones([200], { requiresGrad: true });
  const y = checkpointWith({ preserveRng: false }, (v: Tensor) => dropout(v.mul(v)), x);
  y.sum().backward();
  t.notSame(x.grad?.toList(), y.mul(2).toList(), 'the mask of backward is not that of forward');
});

t.test('grad works on it, twice, through captured tensors and other arguments', async (t) => {
  const x = tensor([0.5, 1.5], { requiresGrad: true, dtype: 'float64' });
  const w = tensor([2, 3], { requiresGrad: true, dtype: 'float64' });
  const part = (factor: number, v: Tensor, other: { power: number }): Tensor =>
    v.pow(other.power).mul(w).exp().mul(factor);
  const both = [part(2, x, { power: 2 }), checkpoint(part, 2, x, { power: 2 })];
  const first = both.map((y) => grad(y.sum(), [x, w], { createGraph: true }));
  t.same(
    first[1]!.map((g) => g?.toList()),
    first[0]!.map((g) => g?.toList()),
  );
  const second = first.map((list) => grad(list[0]!.sum().add(list[1]!.sum()), [x, w]).map((g) => g?.toList()));
  t.same(second[1], second[0]);
});

t.test('only captured tensors may need a gradient', async (t) => {
  const w = randn([3, 3], { requiresGrad: true });
  checkpoint((x) => x.matmul(w).tanh().sum(), ones([2, 3])).backward();
  const expected = grad(ones([2, 3]).matmul(w).tanh().sum(), w)[0]!;
  t.same(w.grad?.toList(), expected.toList());
});

t.test('a graph that is kept is computed again for each backward', async (t) => {
  const x = tensor([1, 2], { requiresGrad: true });
  let calls = 0;
  const loss = checkpoint((v) => {
    calls += 1;
    return v.exp().sum();
  }, x);
  loss.backward(null, { retainGraph: true });
  loss.backward();
  t.equal(calls, 3);
  t.same(x.grad?.toList(), x.exp().mul(2).toList());
  t.throws(() => loss.backward(), { code: 'ERR_TENCH_OPERATOR', message: /second time/ });
});

t.test('gradients inside the part, hooks and custom functions', async (t) => {
  class Square extends AutogradFunction<{ x: Tensor }> {
    forward(x: Tensor): Tensor {
      this.saveForBackward({ x });
      return x.mul(x);
    }
    backward(gradient: Tensor): Tensor {
      return gradient.mul(this.saved.x).mul(2);
    }
  }
  const x = tensor([1, 2], { requiresGrad: true });
  let hooked = 0;
  const part = (v: Tensor): Tensor => {
    const squares = Square.apply(v);
    squares.registerHook((gradient) => {
      hooked += 1;
      return gradient.mul(1);
    });
    const [penalty] = grad(squares.mul(v).sum(), v, { createGraph: true });
    return squares.add(penalty!).sum();
  };
  part(x).backward();
  const plain = x.grad!.toList();
  x.grad = null;
  hooked = 0;
  checkpoint(part, x).backward();
  t.same(x.grad!.toList(), plain);
  t.ok(hooked > 0);
});

t.test('the second computation runs under the same autocast', async (t) => {
  const w = randn([4, 4], { requiresGrad: true });
  const x = randn([2, 4]);
  const seen: string[] = [];
  const part = (v: Tensor): Tensor => {
    const y = v.matmul(w);
    seen.push(y.dtype);
    return y.pow(2).sum();
  };
  const run = (dtype: 'bfloat16' | 'float16', wrap: boolean): unknown => {
    w.grad = null;
    const loss = autocast({ dtype }, () => (wrap ? checkpoint(part, x) : part(x)));
    loss.backward();
    return w.grad!.toList();
  };
  t.same(run('float16', true), run('float16', false));
  t.same(seen, ['float16', 'float16', 'float16']);
  t.same(run('bfloat16', true), run('bfloat16', false));
  t.equal(x.matmul(w).dtype, 'float32', 'and leaves none behind');
});

t.test('less is kept between forward and backward', async (t) => {
  const x = randn([256, 256], { requiresGrad: true });
  const chain = (v: Tensor): Tensor => {
    let y = v;
    for (let i = 0; i < 20; i += 1) y = y.tanh();
    return y;
  };
  const kept = (run: () => Tensor): number => {
    collectGarbage();
    const before = memory().bytes;
    const y = run();
    collectGarbage();
    const bytes = memory().bytes - before;
    y.sum().backward();
    return bytes;
  };
  const size = 256 * 256 * 4;
  t.ok(kept(() => chain(x)) >= 20 * size);
  const state = 64 * 1024; // of the generator
  t.ok(kept(() => checkpoint(chain, x)) <= size + state, 'only the result');
  t.ok(kept(() => checkpoint((v) => chain(v), x.mul(1))) <= 2 * size + state, 'and what went in');
  const nested = kept(() => checkpoint((v) => checkpoint(chain, checkpoint(chain, v)), x));
  t.ok(nested <= size + state, 'what goes into an inner part is computed by the outer one');
});

t.test('nothing is left, with exceptions too', async (t) => {
  const x = ones([4], { requiresGrad: true });
  let failures = 0;
  const round = (): void => {
    checkpoint((v) => v.exp().sum(), x);
    checkpoint((v) => checkpoint((u) => u.exp(), v).sum(), x).backward();
    let calls = 0;
    const failing = (v: Tensor): Tensor => {
      const y = v.exp();
      calls += 1;
      if (calls === 2) throw new Error('as planned');
      return y.sum();
    };
    try {
      checkpoint(failing, x).backward();
    } catch {
      failures += 1;
    }
    x.grad = null;
  };
  const settle = (): number => {
    collectGarbage();
    checkpoint((v) => v.exp(), x);
    collectGarbage();
    return memory().tensors;
  };
  for (let i = 0; i < 20; i += 1) round();
  const before = settle();
  for (let i = 0; i < 500; i += 1) round();
  t.equal(settle(), before);
  t.equal(failures, 520);
});

t.test('a part that computes something else the second time is an error', async (t) => {
  const x = ones([3], { requiresGrad: true });
  let calls = 0;
  const counts = (v: Tensor): Tensor => {
    calls += 1;
    return calls % 2 === 1 ? v.exp().sin().sum() : v.exp().sum();
  };
  t.throws(() => checkpoint(counts, x).backward(), {
    code: 'ERR_TENCH_CHECKPOINT',
    message: /2 tensors .* first time, 1/,
  });
  calls = 0;
  const grows = (v: Tensor): Tensor => {
    calls += 1;
    return v.unsqueeze(0).expand([calls, 3]).exp().sum();
  };
  t.throws(() => checkpoint(grows, x).backward(), { message: /float\w* \[1, 3\].*\[2, 3\]/i });
});

t.test('without recording, and in scopes', async (t) => {
  const x = ones([3], { requiresGrad: true });
  let calls = 0;
  const part = (v: Tensor): Tensor => {
    calls += 1;
    return v.exp().sum();
  };
  t.equal(noGrad(() => checkpoint(part, x)).requiresGrad, false);
  const loss = scope(() => checkpoint(part, x.mul(1)));
  scope(() => loss.backward());
  t.equal(calls, 3);
  t.same(x.grad?.toList(), x.exp().toList());
  t.throws(() => void checkpoint(5 as never), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => checkpoint(async () => Promise.resolve(1)), { code: 'ERR_TENCH_ASYNC_SCOPE' });
  t.equal(x.exp().gradFn, 'ExpBackward0', 'after the errors, nodes save as ever');
  x.grad = null;
  x.exp().sum().backward();
  t.same(x.grad!.toList(), x.exp().toList());
  t.equal(calls, 3);
});
