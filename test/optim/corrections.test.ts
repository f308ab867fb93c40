/** Where the lesson's own code goes wrong, ours does not: each test here fails on a literal translation of it. */

import fc from 'fast-check';
import t from 'tap';

import {
  AverageGrad,
  AverageSqrGrad,
  Optimizer,
  StepCount,
  adamOpt,
  adamStep,
  debiasTerm,
  l2Reg,
  lambOpt,
  lambStep,
  momentumStep,
  sgdMomOpt,
  sgdOpt,
  sgdStep,
  weightDecay,
} from '../../lib/optim/index.js';
import { tensor, type Tensor, type TensorList } from '../../lib/tensor/index.js';
import { difference, flat, trainAs } from './network.js';

function parameter(values: number[], gradient: number[] | null = null): Tensor {
  const p = tensor(values, { dtype: 'float64', requiresGrad: true });
  if (gradient !== null) p.grad = tensor(gradient, { dtype: 'float64' });
  return p;
}

function stepTimes(opt: Optimizer, count: number): void {
  for (let i = 0; i < count; i += 1) opt.step();
}

function near(found: number, wanted: number, tolerance = 1e-9): boolean {
  return Math.abs(found - wanted) <= tolerance * Math.max(1, Math.abs(wanted));
}

/** A stepper that no kernel knows, so that the parts run. */
function nothing(): void {
  // It has nothing to do.
}

const adamStats = () => [new AverageGrad({ dampening: true }), new AverageSqrGrad(), new StepCount()];

t.test('l2Reg changes the gradient before the stats take it in', (t) => {
  for (const steppers of [[momentumStep], [momentumStep, nothing]]) {
    const p = parameter([1], [0]);
    const opt = new Optimizer([p], steppers, {
      ...{ stats: new AverageGrad(), gradSteppers: l2Reg, lr: 0.1, wd: 0.1, mom: 0.9 },
    });
    stepTimes(opt, 3);
    t.ok(near(p.item(), 0.944379), `torch.optim.SGD gives 0.944379, here ${p.item()}: ${opt.plan()[0]!.path}`);
  }
  t.end();
});

t.test('weight decay comes before the step', (t) => {
  for (const steppers of [
    [weightDecay, sgdStep],
    [weightDecay, sgdStep, nothing],
  ]) {
    const p = parameter([1], [1]);
    const opt = new Optimizer([p], steppers, { lr: 0.1, wd: 0.5 });
    opt.step();
    const { path } = opt.plan()[0]!;
    t.ok(near(p.item(), 1 * (1 - 0.1 * 0.5) - 0.1), `0.85, and 0.855 the other way round: ${p.item()}, ${path}`);
  }
  const p = parameter([1], [1]);
  sgdOpt([p], { lr: 0.1, wd: 0.5 }).step();
  t.ok(near(p.item(), 0.85), 'in the recipe too');
  t.end();
});

t.test('the loss with L2, l2Reg and weightDecay are one for plain SGD', (t) => {
  const value = fc.double({ min: -10, max: 10, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 5 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (start, wd, lr) => {
        const [inLoss, byL2, byDecay] = [0, 1, 2].map(() => parameter(start)) as [Tensor, Tensor, Tensor];
        const opts = [
          sgdOpt([inLoss], { lr }),
          new Optimizer([byL2], sgdStep, { gradSteppers: l2Reg, lr, wd }),
          new Optimizer([byDecay], [weightDecay, sgdStep], { lr, wd }),
        ];
        for (let step = 0; step < 3; step += 1) {
          for (const p of [inLoss, byL2, byDecay]) {
            p.grad = null;
            const loss = p.sub(1).pow(4).mul(0.01).sum();
            (p === inLoss
              ? loss.add(
                  p
                    .pow(2)
                    .sum()
                    .mul(wd / 2),
                )
              : loss
            ).backward();
          }
          for (const opt of opts) opt.step();
        }
        return difference(flat([byL2]), flat([inLoss])) < 1e-9 && difference(flat([byDecay]), flat([inLoss])) < 1e-9;
      },
    ),
    { seed: 1, numRuns: 30 },
  );
  t.end();
});

t.test('L2 and weight decay differ under momentum and Adam', (t) => {
  for (const [name, step, stats] of [
    ['momentum', momentumStep, [new AverageGrad()]],
    ['Adam', adamStep, adamStats()],
  ] as const) {
    const [byL2, byDecay] = [parameter([1, -2]), parameter([1, -2])];
    const hypers = { lr: 0.1, wd: 0.1 };
    const opts = [
      new Optimizer([byL2], [step as typeof momentumStep], {
        stats: stats as AverageGrad[],
        gradSteppers: l2Reg,
        ...hypers,
      }),
      new Optimizer([byDecay], [weightDecay, step as typeof momentumStep], {
        stats: stats as AverageGrad[],
        ...hypers,
      }),
    ];
    for (let i = 0; i < 5; i += 1) {
      for (const p of [byL2, byDecay]) {
        p.grad = null;
        p.sub(3).pow(2).sum().backward();
      }
      for (const opt of opts) opt.step();
    }
    t.ok(
      difference(flat([byL2]), flat([byDecay])) > 1e-3,
      `${name}: ${String(flat([byL2]))} is not ${String(flat([byDecay]))}`,
    );
  }
  t.end();
});

t.test('the squares may be averaged with or without dampening: same weights, other state', (t) => {
  const [damped, plain] = [true, false].map((dampening) =>
    trainAs(
      'adam',
      'float64',
      (groups, { lr }) =>
        new Optimizer(groups, adamStep, {
          stats: [new AverageGrad({ dampening: true }), new AverageSqrGrad({ dampening }), new StepCount()],
          lr,
        }),
    ),
  ) as [ReturnType<typeof trainAs>, ReturnType<typeof trainAs>];
  t.ok(difference(plain.losses, damped.losses) < 1e-12);
  for (const [i, weight] of (damped.after[20] ?? []).entries())
    t.ok(difference(plain.after[20]?.[i] ?? [], weight) < 1e-12, `weight ${i}`);
  const state = (run: typeof damped): number[] => flat([run.opt.stateDict().state[0]?.sqrAvg as Tensor]);
  t.ok(
    difference(
      state(plain).map((value) => value / 100),
      state(damped),
    ) < 1e-12,
    'sqrMom 0.99: 100 times larger',
  );
  t.equal(new AverageSqrGrad().dampening, true, 'dampening is the default, as in exp_avg_sq of PyTorch');
  t.end();
});

t.test('debiasTerm is the weight of all gradients so far', (t) => {
  for (const [mom, damp] of [
    [0.9, 1],
    [0.9, 0.1],
    [0.5, 0.5],
    [0, 1],
    [1, 1],
  ] as const) {
    let sum = 0;
    for (let step = 1; step <= 5; step += 1) {
      sum = mom * sum + damp;
      t.ok(
        near(debiasTerm(mom, damp, step), sum, 1e-12),
        `mom ${mom}, damp ${damp}, step ${step}: ${debiasTerm(mom, damp, step)} is ${sum}`,
      );
    }
  }
  t.end();
});

t.test('a debiased average of a constant is that constant from the first step on', (t) => {
  for (const dampening of [true, false]) {
    const shown: number[] = [];
    const show = (
      _p: TensorList,
      { gradAvg, mom, momDamp, step }: { gradAvg: TensorList; mom: number; momDamp: number; step: number },
    ): void => {
      shown.push(gradAvg.at(0).item() / debiasTerm(mom, momDamp, step));
    };
    stepTimes(
      new Optimizer([parameter([0], [1])], show, { stats: [new AverageGrad({ dampening }), new StepCount()] }),
      5,
    );
    t.ok(
      shown.every((value) => near(value, 1)),
      String(shown),
    );
  }
  t.end();
});

t.test('momentum starts from 0: the first average is the first gradient', (t) => {
  const p = parameter([0], [1]);
  sgdMomOpt([p], { lr: 1, wd: 0 }).step();
  t.equal(p.item(), -1, 'and not -1.9');
  t.end();
});

t.test('momentum scheduled to 0 keeps no memory', (t) => {
  const p = parameter([0], [1]);
  const opt = adamOpt([p], { lr: 0.5, mom: 0, sqrMom: 0, eps: 1e-12 });
  opt.step();
  t.ok(near(p.item(), -0.5), 'sign descent');
  t.end();
});

const lambParts: typeof lambOpt = (params, hypers) =>
  new Optimizer(params, [lambStep, nothing], { stats: adamStats(), ...hypers });

for (const [way, makeLamb] of [
  ['kernel', lambOpt],
  ['parts', lambParts],
] as const)
  t.test(`LAMB, ${way}`, (t) => {
    t.test('the way', (t) => {
      const plan = makeLamb([parameter([1])], { lr: 0.1 }).plan();
      t.equal(plan[0]!.path === 'lamb', way === 'kernel', plan[0]!.path);
      t.end();
    });

    t.test('a parameter at 0 moves', (t) => {
      const p = parameter([0, 0], [1, -1]);
      makeLamb([p], { lr: 0.1 }).step();
      t.ok(difference(flat([p]), [-0.1, 0.1]) < 1e-5, String(flat([p])));
      t.end();
    });

    t.test('a parameter at 0 with gradient 0 stays there, without NaN', (t) => {
      const [still, moving] = [parameter([0, 0], [0, 0]), parameter([1, 1], [1, 1])];
      stepTimes(makeLamb([still, moving], { lr: 0.1, wd: 0.1 }), 3);
      t.same(flat([still]), [0, 0]);
      t.ok(flat([moving]).every((value) => value < 1));
      t.end();
    });

    t.test('a gradient of 0 does not divide by 0', (t) => {
      const p = parameter([3, 4], [0, 0]);
      makeLamb([p], { lr: 0.1 }).step();
      t.same(flat([p]), [3, 4]);
      t.end();
    });

    t.test('the ratio is at most 10', (t) => {
      const p = parameter([100], [1]);
      makeLamb([p], { lr: 0.01 }).step();
      t.ok(near(p.item(), 100 - 0.01 * 10, 1e-6), String(p.item()));
      t.end();
    });

    t.test('each tensor has its own ratio', (t) => {
      const [large, small] = [parameter([2, 2], [1, 1]), parameter([0.5], [1])];
      makeLamb([large, small], { lr: 0.1 }).step();
      t.ok(
        difference(flat([large, small]), [2 - 0.1 * 2, 2 - 0.1 * 2, 0.5 - 0.1 * 0.5]) < 1e-5,
        String(flat([large, small])),
      );
      t.end();
    });

    t.test('the decay is inside the ratio', (t) => {
      const p = parameter([2], [0]);
      makeLamb([p], { lr: 0.1, wd: 0.01 }).step();
      t.ok(near(p.item(), 2 - 0.1 * 10 * 0.02), 'direction 0.02, ratio 2 / 0.02 cut to 10');
      t.end();
    });
    t.end();
  });

t.test('steppers after Adam get the parameters too', (t) => {
  const p = parameter([1], [1]);
  const halve = (list: TensorList): void => void list.mul_(0.5);
  adamOpt([p], { lr: 0.1, eps: 1e-12, extraStep: halve }).step();
  t.ok(near(p.item(), 0.45), String(p.item()));
  t.end();
});

t.test('under batch normalisation the size of the weights sets only the effective rate', (t) => {
  const x = tensor(new Float64Array([1, 2, -1, 0.5, 0.3, -2, 1.5, 1]), { shape: [4, 2] });
  const target = tensor([1, -1, 0.5, 2], { dtype: 'float64' });
  const predict = (w: Tensor): Tensor => {
    const y = x.matmul(w);
    return y.sub(y.mean()).div(y.sub(y.mean()).pow(2).mean().sqrt());
  };
  const trained = (start: number[], hypers: { lr: number; wd: number }): number[] => {
    const w = parameter(start);
    const opt = sgdOpt([w], hypers);
    for (let step = 0; step < 5; step += 1) {
      opt.zeroGrad();
      predict(w).sub(target).pow(2).mean().backward();
      opt.step();
    }
    return flat([predict(w)]);
  };
  fc.assert(
    fc.property(
      fc.double({ min: 0.2, max: 2, noNaN: true }),
      fc.double({ min: -2, max: -0.2, noNaN: true }),
      fc.double({ min: 0.5, max: 4, noNaN: true }),
      (w1, w2, scale) => {
        const plain = trained([w1, w2], { lr: 0.1, wd: 0 });
        const scaled = trained([w1 * scale, w2 * scale], { lr: 0.1 * scale ** 2, wd: 0 });
        return difference(scaled, plain) < 1e-9;
      },
    ),
    { seed: 1, numRuns: 20 },
  );
  const w = parameter([0.7, -1.1], [0, 0]);
  const before = flat([predict(w)]);
  sgdOpt([w], { lr: 1, wd: 0.5 }).step();
  t.ok(difference(flat([w]), [0.35, -0.55]) < 1e-12);
  t.ok(difference(flat([predict(w)]), before) < 1e-12, 'a decay alone changes no prediction');
  t.ok(
    difference(trained([0.7, -1.1], { lr: 0.1, wd: 1 }), trained([0.7, -1.1], { lr: 0.1, wd: 0 })) > 1e-3,
    'but with the step after it',
  );
  t.end();
});
