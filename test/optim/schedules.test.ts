/** Schedules give the figures of their formulas, and the lesson's one-cycle runs to its very end. */

import t, { type Test } from 'tap';

import { combineScheds, cos1cycleAnneal, schedCos, schedExp, schedLin, schedNo } from '../../lib/optim/index.js';

const near = (t: Test, found: number, wanted: number): void =>
  void t.ok(Math.abs(found - wanted) < 1e-12, `${found} is ${wanted}`);

t.test('simple schedules', (t) => {
  for (const make of [schedLin, schedCos, schedExp]) {
    near(t, make(2, 8)(0), 2);
    near(t, make(2, 8)(1), 8);
  }
  near(t, schedLin(2, 8)(0.25), 3.5);
  near(t, schedExp(2, 8)(0.5), 4);
  near(t, schedExp(-2, -8)(0.5), -4);
  near(t, schedCos(2, 8)(0.5), 5);
  near(t, schedCos(0, 1)(0.25), 0.1464466094067262); // sin(pi / 8) ** 2
  near(t, schedNo(0.3, 7)(0.9), 0.3);
  t.throws(() => schedExp(0, 1), /same side of 0/);
  t.throws(() => schedExp(-1, 1), /same side of 0/);
  t.end();
});

t.test('the one-cycle of the lesson', (t) => {
  const schedule = combineScheds([0.3, 0.7], cos1cycleAnneal(0.1, 0.3, 0.05));
  const wanted: [position: number, lr: number][] = [
    [0, 0.1],
    [0.15, 0.2],
    [0.3, 0.3],
    [0.65, 0.175],
    [1, 0.05],
    [1.0000001, 0.05],
    [-0.1, 0.1],
  ];
  for (const [position, lr] of wanted) near(t, schedule(position), lr);
  near(t, schedule(0.075), 0.1292893218813453); // 0.1 + 0.2 * sin(pi / 8) ** 2
  t.end();
});

t.test('many shares whose sum is 1 only within rounding', (t) => {
  const shares = Array.from({ length: 10 }, () => 0.1);
  const schedule = combineScheds(
    shares,
    shares.map((_, i) => schedLin(i, i + 1)),
  );
  for (let i = 0; i <= 100; i += 1)
    t.ok(Math.abs(schedule(i / 100) - i / 10) < 1e-9, `at ${i / 100}: ${schedule(i / 100)}`);
  const withEmpty = combineScheds([0, 0.5, 0.5, 0], [schedNo(9), schedLin(0, 1), schedLin(1, 2), schedNo(9)]);
  t.equal(withEmpty(0), 0, 'a share of 0 never shows');
  t.equal(withEmpty(1), 2);
  t.end();
});

t.test('errors', (t) => {
  t.throws(() => combineScheds([0.3, 0.6], cos1cycleAnneal(1, 2, 3)), {
    code: 'ERR_TENCH_ARGUMENT',
    message: /sum to 1/,
  });
  t.throws(() => combineScheds([], []), /shares/);
  t.throws(() => combineScheds([1.5, -0.5], cos1cycleAnneal(1, 2, 3)), /from 0 to 1.*shares/);
  t.throws(() => combineScheds([1], cos1cycleAnneal(1, 2, 3)), /1 schedules, one for each share/);
  t.throws(() => combineScheds([1], [schedNo(1)])(NaN), /position/);
  t.end();
});
