/** fastai's optimizers take the same steps where their definitions are ours; scripts/goldens/optim_fastai.py tells where they are not. */

import t from 'tap';

import * as optim from '../../lib/optim/index.js';
import type { Tensor } from '../../lib/tensor/index.js';
import { difference, fastai, trainAs, type Float } from './network.js';

interface Hypers {
  lr: number;
  wd: number;
}
type Make = (groups: Tensor[][], hypers: Hypers) => optim.Optimizer;

const { AverageGrad, Keep, Optimizer, adamStats, l2Reg: gradSteppers } = optim;

const makers: Record<string, Make> = {
  sgd: optim.sgdOpt,
  sgdMomentum: optim.sgdMomOpt,
  sgdMomentumL2: (groups, hypers) =>
    new Optimizer(groups, optim.momentumStep, { stats: new AverageGrad(), gradSteppers, ...hypers }),
  rmsProp: optim.rmsPropOpt,
  adam: optim.adamOpt,
  adamL2: (groups, hypers) => new Optimizer(groups, optim.adamStep, { stats: adamStats(), gradSteppers, ...hypers }),
  radam: (groups, hypers) => optim.radamOpt(groups, { ...hypers, sqrMom: 0.99, eps: 0 }),
  qhAdam: (groups, hypers) => optim.qhAdamOpt(groups, { ...hypers, mom: 0.999, sqrNu: 0.9 }),
  lars: (groups, hypers) => optim.larsOpt(groups, { ...hypers, mom: 0, trust: 0.02 }),
  lamb: (groups, hypers) => optim.lambOpt(groups, { ...hypers, eps: 1e-5 }),
  lookahead: optim.lookaheadOpt,
  ranger: (groups, hypers) =>
    new Optimizer(groups, [optim.weightDecay, optim.radamStep, optim.lookaheadStep], {
      stats: [...adamStats(), new Keep('slowWeights', 'weights')],
      ...{ mom: 0.95, eps: 0, syncEvery: 6, ...hypers },
    }),
};

const tolerances: Record<Float, number> = { float32: 2e-5, float64: 1e-12 };

for (const [name, make] of Object.entries(makers)) {
  for (const dtype of ['float32', 'float64'] as const) {
    t.test(`${name}, ${dtype}`, (t) => {
      const expected = fastai.cases[name]![dtype]!;
      const run = trainAs(name, dtype, make, undefined, fastai);
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

t.test('every run has its optimizer', (t) => {
  t.same(Object.keys(makers).sort(), Object.keys(fastai.cases).sort());
  t.end();
});
