/** tench's side of the benchmark of optimizers; sides/optimizer_pytorch.py and sides/optimizer_fastai.py are the peers', work for work. */

import {
  adamOpt,
  arange,
  AverageGrad,
  AverageSqrGrad,
  l2Reg,
  lambOpt,
  libtorchVersion,
  momentumStep,
  Optimizer,
  setNumThreads,
  type Tensor,
  type TensorList,
} from '../../lib/index.js';
import type { Work } from '../harness/work.js';

/** The parameters of ResNet-50, in order: 161 tensors, 25.6 million elements. */
function resnetShapes(): number[][] {
  const normalised = (shape: number[]): number[][] => [shape, [shape[0]!], [shape[0]!]];
  const shapes = normalised([64, 3, 7, 7]);
  let inputs = 64;
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    const width = 64 * 2 ** stage;
    for (let block = 0; block < blocks; block += 1) {
      shapes.push(...normalised([width, inputs, 1, 1]), ...normalised([width, width, 3, 3]));
      shapes.push(...normalised([4 * width, width, 1, 1]));
      if (block === 0) shapes.push(...normalised([4 * width, inputs, 1, 1]));
      inputs = 4 * width;
    }
  }
  return [...shapes, [1000, 2048], [1000]];
}

/** Numbers from -0.5 to 0.5 without a pattern that matters, the same in both languages. */
function filled(shape: readonly number[], seed: number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const numbers = arange(count, { dtype: 'int64' })
    .mul(7919)
    .add(seed * 104729)
    .remainder(2003);
  return numbers.to('float64').div(2003).sub(0.5).to('float32').reshape(shape);
}

/** Repeats steps with gradients that stay; its values are the first element of every parameter after three. */
function stepping(shapes: readonly number[][], make: (params: Tensor[]) => Optimizer): Work {
  const params = shapes.map((shape, i) => filled(shape, i).requiresGrad_());
  params.forEach((p, i) => {
    p.grad = filled(p.shape, i + 1000);
  });
  const opt = make(params);
  const run = (iterations: number): void => {
    for (let i = 0; i < iterations; i += 1) opt.step();
  };
  return {
    run,
    values: () => {
      run(3);
      return params.map((p) => p.detach().reshape([-1]).narrow(0, 0, 1).item());
    },
  };
}

const lr = 0.01;
const adamw = { lr, wd: 0.01, mom: 0.9, sqrMom: 0.999, eps: 1e-8 };

const averages = (): (AverageGrad | AverageSqrGrad)[] => [
  new AverageGrad({ dampening: true }),
  new AverageSqrGrad({ dampening: true }),
];

interface OwnContext {
  lr: number;
  wd: number;
  gradAvg: TensorList;
  sqrAvg: TensorList;
}

/** Ten operations that are no optimizer anybody knows, as a user would write them. */
function ownStep(p: TensorList, { lr, wd, gradAvg, sqrAvg }: OwnContext): void {
  const direction = gradAvg.div(sqrAvg.sqrt().add_(1e-5));
  direction.clampMin_(-1).clampMax_(1).add_(p.grad.mul(0.1)).add_(p, { alpha: wd }).mul_(0.5);
  p.add_(direction, { alpha: -lr });
}
ownStep.scoped = true;

const ownOpt = (params: Tensor[]): Optimizer => new Optimizer(params, ownStep, { stats: averages(), lr, wd: 0.01 });

export const works: Readonly<Record<string, () => Work>> = {
  sgdMomentum: () =>
    stepping(
      resnetShapes(),
      (params) =>
        new Optimizer(params, momentumStep, {
          gradSteppers: l2Reg,
          stats: new AverageGrad(),
          lr,
          wd: 1e-4,
        }),
    ),
  adamw: () => stepping(resnetShapes(), (params) => adamOpt(params, adamw)),
  lamb: () => stepping(resnetShapes(), (params) => lambOpt(params, { lr, eps: 1e-5 })),
  adam: () => stepping(resnetShapes(), (params) => adamOpt(params, { lr, wd: 0.01 })),
  manySmall: () =>
    stepping(
      Array.from({ length: 300 }, () => [64]),
      (params) => adamOpt(params, adamw),
    ),
  userStepper: () => stepping(resnetShapes(), ownOpt),
};
export const libtorch = libtorchVersion;
export const setThreads = setNumThreads;
