/** The family agrees with torch.optim where it has the same, and with the papers' arithmetic in float64. */

import t from 'tap';

import * as optim from '../../lib/optim/index.js';
import type { Tensor } from '../../lib/tensor/index.js';
import { difference, flat, golden, trainAs, type Float } from './network.js';

interface Hypers {
  lr: number;
  wd: number;
}
type Make = (groups: Tensor[][], hypers: Hypers) => optim.Optimizer;

const { AverageGrad, AverageSqrGrad, Keep, Optimizer, StepCount, l2Reg: gradSteppers } = optim;
const mean = () => new AverageGrad({ dampening: true });
const adam = { sqrMom: 0.999, gradSteppers };

const recipes: Record<string, Make> = {
  nesterov: optim.nesterovOpt,
  rmsProp: optim.rmsPropOpt,
  rmsPropMom: (groups, hypers) => optim.rmsPropOpt(groups, { ...hypers, mom: 0.9 }),
  rmsPropCentered: (groups, hypers) => optim.rmsPropOpt(groups, { ...hypers, centered: true }),
  rmsPropCenteredMom: (groups, hypers) => optim.rmsPropOpt(groups, { ...hypers, centered: true, mom: 0.9 }),
  adagrad: optim.adagradOpt,
  adagradDecay: (groups, hypers) => optim.adagradOpt(groups, { ...hypers, lrDecay: 0.1 }),
  adamWDefaults: optim.adamWOpt,
  adamax: optim.adamaxOpt,
  nadam: optim.nadamOpt,
  radam: optim.radamOpt,
  amsGrad: optim.amsGradOpt,
  adafactor: optim.adafactorOpt,
  clipNorm: (groups, { lr }) => optim.sgdOpt(groups, { lr, gradSteppers: optim.clipGradNorm, maxNorm: 0.5 }),
  clipValue: (groups, { lr }) => optim.sgdOpt(groups, { lr, gradSteppers: optim.clipGradValue, maxValue: 0.05 }),
  dampened: optim.dampenedOpt,
  qhm: optim.qhmOpt,
  qhAdam: (groups, hypers) => optim.qhAdamOpt(groups, { ...hypers, sqrNu: 0.9 }),
  lion: optim.lionOpt,
  lars: (groups, hypers) => optim.larsOpt(groups, { ...hypers, trust: 0.02 }),
  adaBound: optim.adaBoundOpt,
  ema: (groups, hypers) => optim.emaOpt(groups, { ...hypers, emaDecay: 0.9 }),
  lookahead: optim.lookaheadOpt,
  ranger: optim.rangerOpt,
  scheduleFree: optim.scheduleFreeOpt,
};

/** The same steps with L2 in place of the decay: the parts by hand. */
const parts: Record<string, Make> = {
  nesterovL2: (groups, hypers) =>
    new Optimizer(groups, optim.nesterovStep, { stats: new AverageGrad(), gradSteppers, ...hypers }),
  rmsPropL2: (groups, hypers) =>
    new Optimizer(groups, optim.rmsPropStep, { stats: new AverageSqrGrad(), gradSteppers, ...hypers }),
  adagradL2: (groups, hypers) =>
    new Optimizer(groups, optim.rmsPropStep, {
      ...{ stats: new AverageSqrGrad({ dampening: false }), gradSteppers, sqrMom: 1, eps: 1e-10, ...hypers },
    }),
  adamaxL2: (groups, hypers) =>
    new Optimizer(groups, optim.adamaxStep, {
      ...{ stats: [mean(), new Keep('gradMax'), new StepCount()], gradSteppers, ...hypers },
    }),
  nadamL2: (groups, hypers) =>
    new Optimizer(groups, optim.nadamStep, {
      ...{ stats: [mean(), new AverageSqrGrad(), new optim.NadamMomentum()], ...adam, ...hypers },
    }),
  radamL2: (groups, hypers) => new Optimizer(groups, optim.radamStep, { stats: optim.adamStats(), ...adam, ...hypers }),
  amsGradL2: (groups, hypers) =>
    new Optimizer(groups, optim.amsGradStep, {
      ...{ stats: [...optim.adamStats(), new Keep('sqrMax')], ...adam, ...hypers },
    }),
};

const tolerances: Record<Float, number> = { float32: 2e-5, float64: 1e-12 };

function worstOf(found: Record<string, number[][]>, wanted: Record<string, number[][]>): number {
  return Math.max(
    ...Object.entries(wanted).flatMap(([step, weights]) =>
      weights.map((weight, i) => difference(found[step]?.[i] ?? [], weight)),
    ),
  );
}

for (const [name, make] of Object.entries({ ...recipes, ...parts })) {
  for (const dtype of ['float32', 'float64'] as const) {
    const expected = golden.cases[name]?.[dtype];
    if (expected === undefined) continue;
    t.test(`${name}, ${dtype}`, (t) => {
      const shown: Record<string, number[][]> = {};
      const run = trainAs(name, dtype, make, (step, weights, opt) => {
        if (expected.eval?.[step] === undefined) return;
        opt.evalWeights(() => {
          shown[step] = weights.map((weight) => flat([weight]));
        });
      });
      const worst = Math.max(difference(run.losses, expected.losses), worstOf(run.after, expected.after));
      t.ok(worst < tolerances[dtype], `largest relative difference ${worst}`);
      if (expected.eval !== undefined) {
        const worst = worstOf(shown, expected.eval);
        t.ok(worst < tolerances[dtype], `of the evaluation weights ${worst}`);
      }
      t.end();
    });
  }
}

t.test('every golden run of the family has its recipe or parts', (t) => {
  const known = ['sgd', 'sgdL2', 'momentum', 'momentumL2', 'adam', 'adamL2', 'adamW', 'lamb'];
  t.same(Object.keys(golden.cases).sort(), [...known, ...Object.keys(recipes), ...Object.keys(parts)].sort());
  t.end();
});
