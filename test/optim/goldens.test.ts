/** Twenty steps agree with torch.optim, and with LAMB's paper in float64. */

import t from 'tap';

import {
  AverageGrad,
  AverageSqrGrad,
  Optimizer,
  StepCount,
  adamOpt,
  adamStep,
  l2Reg,
  lambOpt,
  momentumStep,
  perTensor,
  sgdMomOpt,
  sgdOpt,
  sgdStep,
} from '../../lib/optim/index.js';
import type { Tensor } from '../../lib/tensor/index.js';
import { difference, golden, trainAs, type Float } from './network.js';

const torchAdam = { mom: 0.9, sqrMom: 0.99, eps: 1e-5 };
const adamStats = () => [new AverageGrad({ dampening: true }), new AverageSqrGrad(), new StepCount()];

type Make = (groups: Tensor[][], hypers: { lr: number; wd: number }) => Optimizer;

const cases: [name: string, how: string, make: Make][] = [
  ['sgd', 'sgdOpt', (groups, { lr }) => sgdOpt(groups, { lr })],
  ['sgdL2', 'sgdOpt with weight decay', (groups, hypers) => sgdOpt(groups, hypers)],
  [
    'sgdL2',
    'sgdStep with l2Reg',
    (groups, hypers) => new Optimizer(groups, sgdStep, { gradSteppers: l2Reg, ...hypers }),
  ],
  ['momentum', 'sgdMomOpt', (groups, { lr }) => sgdMomOpt(groups, { lr, mom: 0.9, wd: 0 })],
  [
    'momentumL2',
    'momentumStep with l2Reg',
    (groups, hypers) =>
      new Optimizer(groups, momentumStep, { stats: new AverageGrad(), gradSteppers: l2Reg, ...hypers }),
  ],
  ['adam', 'adamOpt', (groups, { lr }) => adamOpt(groups, { lr, ...torchAdam })],
  [
    'adamL2',
    'adamStep with l2Reg',
    (groups, hypers) =>
      new Optimizer(groups, adamStep, { stats: adamStats(), gradSteppers: l2Reg, ...hypers, ...torchAdam }),
  ],
  [
    'adamL2',
    'adamStep with l2Reg by tensor',
    (groups, hypers) =>
      new Optimizer(groups, adamStep, {
        stats: adamStats(),
        gradSteppers: perTensor(l2RegOfOne),
        ...hypers,
        ...torchAdam,
      }),
  ],
  [
    'adamW',
    'adamOpt with weight decay',
    (groups, hypers) => adamOpt(groups, { ...hypers, mom: 0.9, sqrMom: 0.999, eps: 1e-8 }),
  ],
  ['lamb', 'lambOpt', (groups, hypers) => lambOpt(groups, { ...hypers, mom: 0.9, sqrMom: 0.99, eps: 1e-6 })],
];

/** L2 that sees one tensor at a time, and gives it a new gradient. */
function l2RegOfOne(p: Tensor, { wd }: { wd: number }): void {
  p.grad = p.grad!.add(p, { alpha: wd });
}

const tolerances: Record<Float, number> = { float32: 2e-5, float64: 1e-12 };

for (const [name, how, make] of cases) {
  for (const dtype of ['float32', 'float64'] as const) {
    const expected = golden.cases[name]?.[dtype];
    if (expected === undefined) continue;
    t.test(`${name}, ${dtype}: ${how}`, (t) => {
      const run = trainAs(name, dtype, make);
      const worst = Math.max(
        difference(run.losses, expected.losses),
        ...Object.entries(expected.after).flatMap(([step, weights]) =>
          weights.map((weight, i) => difference(run.after[step]?.[i] ?? [], weight)),
        ),
      );
      t.ok(worst < tolerances[dtype], `largest relative difference ${worst}`);
      t.end();
    });
  }
}
