/** Schedules equal PyTorch's, step by step and group by group, and the rest give the figures of their formulas. */

import { readFileSync } from 'node:fs';

import t, { type Test } from 'tap';

import {
  oneCycle,
  schedCos,
  schedExp,
  schedFlatCos,
  schedLin,
  schedPoly,
  schedRestarts,
  setHypers,
  sgdMomOpt,
  type Optimizer,
  type Schedule,
  type Schedules,
} from '../../lib/optim/index.js';
import { tensor } from '../../lib/tensor/index.js';

const { cases } = JSON.parse(
  readFileSync(new URL('../../../test/goldens/optim/schedules.json', import.meta.url), 'utf8'),
) as { cases: Record<string, { lr: number; mom: number }[][]> };

const twoGroups = (): Optimizer => sgdMomOpt([[tensor([1])], [tensor([1])]], { lr: 1, mom: 0.9 });
const forRates = (make: (lr: number) => Schedule): Schedules => ({ lr: [make(0.1), make(0.3)] });
const momTurns = [0.95, 0.85, 0.95] as const;
const turnsOf = (lr: number) => [lr / 25, lr, lr / 25 / 1e4] as const;

/** Each over the 20 steps from the first to the last row, but for those that end where a cycle would begin. */
const ours: Record<string, [schedules: Schedules, steps: number]> = {
  linear: [forRates((lr) => schedLin(lr, lr / 5)), 20],
  cosine: [forRates((lr) => schedCos(lr, 0.01)), 20],
  exponential: [forRates((lr) => schedExp(lr, lr * 0.9 ** 20)), 20],
  polynomial: [forRates((lr) => schedPoly(lr, 0)), 20],
  restarts: [forRates((lr) => schedRestarts(lr, 0.01)), 21],
  longerRestarts: [forRates((lr) => schedRestarts(lr, 0.01, { factor: 2 })), 21],
  // PyTorch turns one step before the share of 22 steps is over.
  oneCycle: [oneCycle({ lr: [turnsOf(0.1), turnsOf(0.3)], mom: momTurns }, { share: (0.3 * 22 - 1) / 21 }), 21],
};

for (const [name, rows] of Object.entries(cases)) {
  t.test(`${name}, as in PyTorch`, (t) => {
    const opt = twoGroups();
    const [schedules, steps] = ours[name]!;
    let worst = 0;
    rows.forEach((row, step) => {
      setHypers(opt, schedules, step / steps);
      row.forEach(({ lr, mom }, group) => {
        const hypers = opt.hypers[group] as { lr: number; mom: number };
        worst = Math.max(worst, Math.abs(hypers.lr - lr), Math.abs(hypers.mom - mom));
      });
    });
    t.ok(worst < 1e-12, `largest difference ${worst}`);
    t.end();
  });
}

const near = (t: Test, found: number, wanted: number): void =>
  void t.ok(Math.abs(found - wanted) < 1e-12, `${found} is ${wanted}`);

t.test('figures', (t) => {
  near(t, schedPoly(3, 1, { power: 3 })(0.5), 1 + 2 / 8);
  near(t, schedPoly(3, 1)(2), 1);
  near(t, schedFlatCos(4, 0)(0.75), 4);
  near(t, schedFlatCos(4, 0)(0.875), 2);
  near(t, schedFlatCos(4, 0, { share: 1 })(1), 4);
  near(t, schedFlatCos(4, 0, { share: 0 })(0.5), 2);
  near(t, schedRestarts(4, 0)(1), 0);
  near(t, schedRestarts(4, 0)(1 / 3), 4);
  near(t, schedRestarts(4, 0, { cycles: 1 })(0.5), 2);
  near(t, schedRestarts(4, 0, { cycles: 2, factor: 0.5 })(2 / 3), 4);
  for (let i = 0; i <= 1000; i += 1) {
    const value = schedRestarts(4, 1, { cycles: 7, factor: 1.3 })(i / 1000);
    if (!(value >= 1 && value <= 4)) t.fail(`${value} at ${i / 1000}`);
  }
  t.end();
});

t.test('setHypers refuses what does not fit, and sets nothing then', (t) => {
  const opt = twoGroups();
  const one = schedLin(5, 6);
  t.throws(() => setHypers(opt, { lr: one, mom: [one] }, 0), /one for each of 2 groups/);
  t.throws(() => setHypers(opt, { lr: one, nu: one }, 0), /no hyper-parameter nu/);
  t.throws(() => setHypers(opt, { lr: one }, NaN), /position/);
  t.throws(() => oneCycle({ lr: [1, 2] as never }), /three numbers/);
  t.same(
    opt.hypers.map(({ lr }) => lr),
    [1, 1],
  );
  setHypers(opt, { lr: one }, 0);
  t.same(
    opt.hypers.map(({ lr }) => lr),
    [5, 5],
  );
  t.end();
});
