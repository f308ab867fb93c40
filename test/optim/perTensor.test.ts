/** A stepper gives the same bits for a list and for one tensor at a time. */

import t from 'tap';

import {
  AverageGrad,
  AverageShare,
  AverageSqrGrad,
  Keep,
  NadamMomentum,
  Optimizer,
  StepCount,
  adaBoundStep,
  adamStep,
  adamaxStep,
  amsGradStep,
  emaStep,
  lionStep,
  lookaheadStep,
  momentumStep,
  nadamStep,
  nesterovStep,
  perTensor,
  qhAdamStep,
  qhmStep,
  radamStep,
  rmsPropMomStep,
  rmsPropStep,
  scheduleFreeStep,
  sgdStep,
  weightDecay,
  type Stepper,
  type TensorStepper,
} from '../../lib/optim/index.js';
import { type TensorList, tensor, type Tensor } from '../../lib/tensor/index.js';
import { flat, trainAs, type Float } from './network.js';

const mean = () => new AverageGrad({ dampening: true });
const stats = () => [new AverageGrad({ dampening: true }), new AverageSqrGrad(), new StepCount()];

/** Adam as a user would write it for a list or for a tensor: the words are the same. */
function ownAdam<P extends TensorList | Tensor>(
  p: P,
  { lr, gradAvg, sqrAvg }: { lr: number; gradAvg: P; sqrAvg: P },
): void {
  const direction = (gradAvg as TensorList).div((sqrAvg as TensorList).sqrt().add_(1e-3));
  (p as TensorList).sub_(direction, { alpha: lr });
}

/** Beside it no kernel takes the place of a stepper, which would round in its own way. */
const nothing: Stepper = () => undefined;

for (const dtype of ['float32', 'float64'] as Float[]) {
  for (const stepper of [sgdStep, weightDecay, momentumStep, adamStep, ownAdam] as unknown as Stepper[]) {
    t.test(`${stepper.name}, ${dtype}`, (t) => {
      const [byList, byTensor] = [stepper, perTensor<TensorStepper>(stepper as never)].map((used) =>
        trainAs('adamW', dtype, (groups, { lr }) => new Optimizer(groups, [used, nothing], { stats: stats(), lr })),
      ) as [ReturnType<typeof trainAs>, ReturnType<typeof trainAs>];
      t.same(byTensor.losses, byList.losses);
      t.same(byTensor.after, byList.after);
      t.not(byList.after[1], byList.after[20]);
      t.end();
    });
  }
}

t.test('the family takes the same steps for a list and for one tensor at a time', (t) => {
  const keeps = [new Keep('velocity'), new Keep('gradMax'), new Keep('sqrMax'), new Keep('emaWeights', 'weights')];
  const copies = [new Keep('slowWeights', 'weights'), new Keep('fastWeights', 'weights')];
  const all = () => [mean(), new AverageSqrGrad(), new NadamMomentum(), new AverageShare(), ...keeps, ...copies];
  const steppers = [nesterovStep, qhmStep, lionStep, rmsPropStep, rmsPropMomStep, adamaxStep, amsGradStep, nadamStep];
  const others = [radamStep, adaBoundStep, qhAdamStep, [sgdStep, emaStep], [sgdStep, lookaheadStep], scheduleFreeStep];
  for (const entry of [...steppers, ...others]) {
    const list = [entry].flat() as unknown as Stepper[];
    const runs = [list, list.map((stepper) => perTensor<TensorStepper>(stepper as never))].map((used) =>
      trainAs('adamW', 'float32', (groups, { lr }) => new Optimizer(groups, used, { stats: all(), lr, wd: 0.1 })),
    );
    t.same(runs[0]?.after, runs[1]?.after, list.map(({ name }) => name).join());
    t.notSame(runs[0]?.after[1], runs[0]?.after[20]);
  }
  t.end();
});

t.test('a list steps as an optimizer for each parameter would', (t) => {
  const make = (one: boolean) =>
    trainAs('adamW', 'float32', (groups, hypers) => {
      if (!one) return new Optimizer(groups, [weightDecay, adamStep], { stats: stats(), ...hypers });
      const each = groups.map((group) =>
        group.map((p) => new Optimizer([p], [weightDecay, adamStep], { stats: stats(), ...hypers })),
      );
      return {
        hypers: each.map((opts) => (opts[0] as Optimizer).hypers[0]),
        zeroGrad: () => each.flat().forEach((opt) => opt.zeroGrad()),
        step: () =>
          each.forEach((opts) =>
            opts.forEach((opt) => {
              Object.assign(opt.hypers[0] as object, opts[0]?.hypers[0]);
              opt.step();
            }),
          ),
      } as unknown as Optimizer;
    });
  t.same(make(true).after, make(false).after);
  t.end();
});

t.test('perTensor sees tensors, their gradients and their state', (t) => {
  const seen: unknown[] = [];
  const look = (p: Tensor, { lr, gradAvg, step }: { lr: number; gradAvg: Tensor; step: number }): void => {
    seen.push([p.shape, p.grad?.toList(), lr, gradAvg.shape, step]);
  };
  const params = [tensor([1, 2], { requiresGrad: true }), tensor([[3]], { requiresGrad: true })];
  for (const p of params) p.grad = p.detach().mul(10);
  new Optimizer(params, perTensor(look), { stats: stats(), lr: 0.5 }).step();
  t.same(seen, [
    [[2], [10, 20], 0.5, [2], 1],
    [[1, 1], [[30]], 0.5, [1, 1], 1],
  ]);
  t.same(flat(params), [1, 2, 3]);
  t.end();
});
