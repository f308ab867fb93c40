/** A gradient stepper may see the gradients of all groups at once. */

import t from 'tap';

import {
  Optimizer,
  acrossGroups,
  adamOpt,
  clipGradNorm,
  momentumStep,
  AverageGrad,
  centralizeGrad,
  sgdStep,
  type Stepper,
} from '../../lib/optim/index.js';
import { tensor, type DType, type Tensor, type TensorList } from '../../lib/tensor/index.js';

function parameter(gradient: number[] | number[][], dtype: DType = 'float32'): Tensor {
  const grad = tensor(gradient, { dtype });
  const p = grad.mul(0).requiresGrad_();
  p.grad = grad;
  return p;
}

t.test('it is called once a step, with every list that has gradients', (t) => {
  const seen: [count: number, lr: number][] = [];
  const look = acrossGroups((lists: readonly TensorList[], { lr }: { lr: number }) => {
    seen.push([lists.reduce((sum, { length }) => sum + length, 0), lr]);
  });
  const params = [[parameter([1])], [parameter([1]), parameter([2], 'float64')]];
  const opt = new Optimizer(params, sgdStep, { gradSteppers: look, lr: 1 });
  opt.hypers[1]!.lr = 5;
  opt.step();
  opt.zeroGrad();
  opt.step();
  t.same(seen, [[3, 1]], "the hyper-parameters are the first group's; without gradients there is no call");
  t.end();
});

t.test('clipGradNorm scales by the norm over groups and dtypes, and leaves grad as it was', (t) => {
  const params = [[parameter([3, 0]), parameter([0], 'bfloat16')], [parameter([4], 'float64')]];
  new Optimizer(params, sgdStep, { gradSteppers: clipGradNorm, lr: 1, maxNorm: 1 }).step();
  t.match(
    params
      .flat()
      .flatMap((p) => p.toList() as number[])
      .map((value) => Math.round(value * 1e5) / 1e5),
    [-0.6, 0, 0, -0.8],
  );
  t.same(params[0]![0]!.grad?.toList(), [3, 0]);
  const small = parameter([0.5]);
  new Optimizer([small], sgdStep, { gradSteppers: clipGradNorm, lr: 1 }).step();
  t.same(small.toList(), [-0.5], 'a smaller norm stays');
  t.end();
});

t.test('the stats see the clipped gradient', (t) => {
  const p = parameter([30, 40]);
  const opt = new Optimizer([p], momentumStep, { stats: new AverageGrad(), gradSteppers: clipGradNorm, lr: 1 });
  opt.step();
  const { gradAvg } = opt.stateDict().state[0] as { gradAvg: Tensor };
  t.ok(Math.abs(gradAvg.norm().item() - 1) < 1e-5);
  t.end();
});

t.test('centralizeGrad takes off the mean of each row, and leaves vectors', (t) => {
  const [matrix, vector] = [
    parameter([
      [1, 3],
      [5, 5],
    ]),
    parameter([1, 3]),
  ];
  new Optimizer([matrix, vector], sgdStep, { gradSteppers: centralizeGrad, lr: 1 }).step();
  t.same(matrix.toList(), [
    [1, -1],
    [0, 0],
  ]);
  t.same(vector.toList(), [-1, -3]);
  t.end();
});

t.test('errors', (t) => {
  const opt = (steppers: unknown, options: object): Optimizer =>
    new Optimizer([parameter([1])], steppers as Stepper, { lr: 1, ...options });
  t.throws(() => opt([clipGradNorm, sgdStep], {}), {
    code: 'ERR_TENCH_ARGUMENT',
    message: /gradSteppers for `steppers\[0\]`/,
  });
  t.throws(() => opt(sgdStep, { gradSteppers: acrossGroups((_: unknown, { limit }: { limit: number }) => limit) }), {
    code: 'ERR_TENCH_OPTIMIZER_KEY',
    message: /limit/,
  });
  const bare = acrossGroups((_lists: readonly TensorList[], context: { limit: number }) => context.limit);
  t.throws(() => opt(sgdStep, { gradSteppers: bare }).step(), { code: 'ERR_TENCH_OPTIMIZER_KEY', message: /limit/ });
  t.throws(() => adamOpt([parameter([1])], { lr: 1, gradSteppers: clipGradNorm, maxNorm: -1 }), /adamOpt: maxNorm/);
  t.end();
});
