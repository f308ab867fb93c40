import t from 'tap';

import {
  autocast,
  callOperator,
  enableGrad,
  grad,
  gradMode,
  inferenceMode,
  isGradEnabled,
  noGrad,
  ones,
  randn,
  type DType,
  type Tensor,
} from '../../lib/tensor/index.js';
import { goldenCases } from './golden.js';

type Argument = [DType, number[]] | [DType, number[]][] | number | number[];
interface AutocastCase {
  autocast: DType;
  operator: string;
  arguments: Argument[];
  result: DType | null;
}

function build(argument: Argument): unknown {
  if (!Array.isArray(argument)) return argument;
  if (typeof argument[0] === 'string')
    return ones(argument[1] as number[], { dtype: argument[0] === 'int64' ? 'int64' : argument[0] })
      .sub(argument[0] === 'int64' ? 1 : 0)
      .clone();
  if (Array.isArray(argument[0])) return (argument as Argument[]).map(build);
  return argument;
}

t.test('autocast chooses the precision of each operator as PyTorch does', async (t) => {
  const cases = goldenCases<AutocastCase>('../autograd/autocast');
  t.ok(cases.length > 250);
  for (const { autocast: dtype, operator, arguments: args, result } of cases) {
    const built = args.map(build);
    // The inverse of ones does not exist.
    if (operator === 'linalg_inv') (built[0] as Tensor).mul_(0).add_(eye((built[0] as Tensor).dtype));
    let received: DType | null = null;
    try {
      received = autocast({ dtype }, () => callOperator(`aten::${operator}`, built) as Tensor).dtype;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_TENCH_OPERATOR') throw error;
    }
    t.equal(received, result, `${operator} in ${dtype} of ${JSON.stringify(args)}`);
  }
});

function eye(dtype: DType): Tensor {
  return (callOperator('aten::eye', [4]) as Tensor).to(dtype);
}

t.test('an autocast inside another, and one that is switched off', async (t) => {
  const x = ones([2, 2]);
  const dtype = (): DType => x.matmul(x).dtype;
  const seen = autocast({ dtype: 'bfloat16' }, () => [
    dtype(),
    autocast({ dtype: 'float16' }, dtype),
    dtype(),
    autocast({ enabled: false }, () => [dtype(), autocast({ dtype: 'float16' }, dtype), dtype()]),
    dtype(),
  ]);
  t.same(seen, ['bfloat16', 'float16', 'bfloat16', ['float32', 'float16', 'float32'], 'bfloat16']);
  t.throws(() =>
    autocast({}, () => {
      throw new Error('inside');
    }),
  );
  t.equal(dtype(), 'float32', 'also after an exception');
  t.throws(() => autocast({ dtype: 'float64' }, () => 1), { code: 'ERR_TENCH_ARGUMENT' });
});

t.test('a weight is cast once, and its gradient comes back in its own precision', async (t) => {
  const w = randn([4, 4], { requiresGrad: true });
  const x = randn([2, 4]);
  const twice = autocast({ dtype: 'bfloat16' }, () => x.matmul(w).add(x.matmul(w)).sum());
  twice.backward();
  t.equal(w.grad?.dtype, 'float32');
  const once = w.grad!.clone();
  w.grad = null;
  const half = x.to('bfloat16').matmul(w.to('bfloat16'));
  half.add(half).sum().backward();
  t.same(once.toList(), w.grad!.toList());
});

t.test('a weight that was cast unrecorded is cast again for recording', async (t) => {
  const w = randn([4, 4], { requiresGrad: true });
  const x = randn([2, 4]);
  for (const quietly of [noGrad, inferenceMode]) {
    w.grad = null;
    autocast({ dtype: 'bfloat16' }, () => {
      quietly(() => x.matmul(w));
      return x.matmul(w).sum();
    }).backward();
    t.ok(w.grad, quietly.name);
  }
});

t.test('backward under autocast, on the thread for hooks too', async (t) => {
  const w = randn([4, 4], { requiresGrad: true });
  const x = randn([2, 4]);
  const run = (hook: boolean): unknown => {
    w.grad = null;
    autocast({ dtype: 'float16' }, () => {
      const y = x.matmul(w);
      const remove = hook ? y.registerHook((gradient) => gradient.mul(1)) : null;
      y.sum().backward();
      remove?.remove();
    });
    return w.grad!.toList();
  };
  t.same(run(true), run(false));
});

t.test('recording is switched in nests, and back after exceptions', async (t) => {
  const x = ones([1], { requiresGrad: true });
  const recorded = (): boolean => x.mul(1).requiresGrad;
  t.same(
    noGrad(() => [recorded(), enableGrad(() => [recorded(), noGrad(recorded), recorded()]), recorded()]),
    [false, [true, false, true], false],
  );
  t.same(
    [true, false].map((enabled) => gradMode({ enabled }, recorded)),
    [true, false],
  );
  t.throws(() => gradMode({} as never, recorded), { code: 'ERR_TENCH_ARGUMENT' });
  const fails = (): never => {
    throw new RangeError('inside');
  };
  for (const mode of [noGrad, enableGrad, inferenceMode]) {
    t.throws(() => mode(() => enableGrad(() => noGrad(fails))), RangeError, mode.name);
    t.equal(isGradEnabled(), true);
    t.equal(recorded(), true);
    t.throws(() => void mode(5 as never), { code: 'ERR_TENCH_ARGUMENT' });
  }
  t.equal(
    noGrad(() => isGradEnabled()),
    false,
  );
});

t.test('inference mode', async (t) => {
  const x = ones([2], { requiresGrad: true });
  t.same(
    inferenceMode(() => [isGradEnabled(), x.mul(2).requiresGrad, inferenceMode(() => x.mul(2).requiresGrad)]),
    [false, false, false],
  );
  const made = inferenceMode(() => ones([2]));
  t.throws(() => x.mul(made).sum().backward(), { code: 'ERR_TENCH_OPERATOR', message: /inference/i });
  t.throws(() => (made.requiresGrad = true), { code: 'ERR_TENCH_OPERATOR' });
  x.mul(made.clone()).sum().backward();
  t.same(x.grad?.toList(), [1, 1], 'a clone is a tensor like any other');
  t.throws(() => made.add_(1), { code: 'ERR_TENCH_OPERATOR' });
});

t.test('higher derivatives are those of PyTorch', async (t) => {
  const functions: Record<string, (x: Tensor, y: Tensor) => Tensor> = {
    matmul: (x, y) => x.unsqueeze(0).matmul(y.unsqueeze(1)).tanh().sum(),
    logsumexp: (x, y) => x.mul(y).logsumexp(0),
    norm: (x, y) => x.sub(y).norm().mul(x.exp().sum()),
    divide: (x, y) => x.div(y.mul(y).add(1)).pow(3).sum(),
    gelu: (x, y) => (callOperator('aten::gelu', [x]) as Tensor).mul(y.sigmoid()).sum(),
  };
  interface SecondCase {
    name: string;
    x: number[];
    y: number[];
    first: number[][];
    second: number[][];
    third: number[][];
  }
  for (const { name, x, y, first, second, third } of goldenCases<SecondCase>('../autograd/second')) {
    const leaves = [x, y].map((list) => leafOf(list));
    const gradients = grad(functions[name]!(leaves[0]!, leaves[1]!), leaves, { createGraph: true }).map((g) => g!);
    const penalty = gradients.map((g) => g.mul(g).sum()).reduce((a, b) => a.add(b));
    const seconds = grad(penalty, leaves, { createGraph: true }).map((g) => g!);
    const thirds = grad(seconds[0]!.sum(), leaves).map((g) => g!);
    const close = (received: Tensor[], expected: number[][]): boolean =>
      received.every((tensor, i) =>
        (tensor.toList() as number[]).every(
          (v, j) => Math.abs(v - expected[i]![j]!) <= 1e-9 * (1 + Math.abs(expected[i]![j]!)),
        ),
      );
    t.ok(close(gradients, first), `${name}, first`);
    t.ok(close(seconds, second), `${name}, second`);
    t.ok(close(thirds, third), `${name}, third`);
  }
});

function leafOf(list: number[]): Tensor {
  const leaf = ones([list.length], { dtype: 'float64' });
  list.forEach((value, i) => leaf.set(i, value));
  return leaf.requiresGrad_();
}
