/** What a plot shows is what the schedule says, for each hyper-parameter and group. */

import { inspect } from 'node:util';

import t from 'tap';

import type { Chart, PointSeries } from '../../lib/charts/index.js';
import {
  combineScheds,
  cos1cycleAnneal,
  oneCycle,
  plotSchedules,
  schedCos,
  schedExp,
  schedFlatCos,
  schedLin,
  schedNo,
  schedPoly,
  schedRestarts,
  type Schedule,
} from '../../lib/optim/index.js';
import { ArgumentError } from '../../lib/tensor/index.js';

const linesOf = ({ panels }: Chart): PointSeries[][] => panels.map(({ series }) => series as PointSeries[]);

t.test('every schedule plots itself, under the name by which it was made', async (t) => {
  const schedules = {
    'schedNo(0.5)': schedNo(0.5),
    'schedLin(1, 0)': schedLin(1, 0),
    'schedCos(0, 1)': schedCos(0, 1),
    'schedExp(0.1, 0.001)': schedExp(0.1, 0.001),
    'schedPoly(1, 0)': schedPoly(1, 0),
    'schedFlatCos(1, 0)': schedFlatCos(1, 0),
    'schedRestarts(1, 0)': schedRestarts(1, 0),
    'combineScheds([0.3, 0.7])': combineScheds([0.3, 0.7], cos1cycleAnneal(0.1, 0.3, 0.05)),
  };
  for (const [name, schedule] of Object.entries(schedules)) {
    const chart = schedule.plot({ points: 11 });
    t.equal(chart.title, name);
    const [line] = linesOf(chart)[0]!;
    t.strictSame(line!.x, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
    t.strictSame(
      line!.y,
      Array.from({ length: 11 }, (_, i) => schedule(i / 10)),
      name,
    );
    t.match(inspect(schedule), name);
  }
  t.match(await schedules['schedCos(0, 1)'].plot().svg(), 'schedCos(0, 1)');
  t.equal(linesOf(schedNo(1).plot())[0]![0]!.y.length, 201);
});

t.test('a one-cycle of rate and momentum: one against the other, each in its own panel', (t) => {
  const chart = plotSchedules(oneCycle({ lr: [0.004, 0.1, 0], mom: [0.95, 0.85, 0.95] }));
  t.strictSame(
    chart.panels.map(({ y }) => y?.label),
    ['lr', 'mom'],
  );
  const [rate, momentum] = linesOf(chart).map(([line]) => Array.from(line!.y, Number)) as [number[], number[]];
  t.equal(rate.indexOf(Math.max(...rate)), 60, 'the rate is highest at 0.3');
  t.equal(momentum.indexOf(Math.min(...momentum)), 60, 'where the momentum is lowest');
  t.end();
});

t.test('a line for each group, and schedules of your own', (t) => {
  const own: Schedule = (position) => position ** 2;
  const chart = plotSchedules({ lr: [own, schedNo(1)], wd: schedNo(0.1) }, { title: 'Mine', points: 3 });
  t.equal(chart.title, 'Mine');
  t.strictSame(
    linesOf(chart).map((lines) => lines.map(({ name, y }) => [name, y])),
    [
      [
        ['group 1', [0, 0.25, 1]],
        ['group 2', [1, 1, 1]],
      ],
      [['all groups', [0.1, 0.1, 0.1]]],
    ],
  );
  t.equal(plotSchedules(own).title, 'own');
  t.end();
});

t.test('what is no schedule is refused by its name', (t) => {
  const loose = plotSchedules as (...args: unknown[]) => Chart;
  const throws = (call: () => unknown, message: RegExp) => t.throws(call, { constructor: ArgumentError, message });
  throws(() => loose('lr'), /schedule.*`plotSchedules: schedules`.*"lr"/);
  throws(() => loose({}), /at least one schedule/);
  throws(() => loose({ lr: 0.1 }), /one for each group.*`plotSchedules: lr`.*0\.1/);
  throws(() => loose(() => 'fast'), /a number at 0.*"fast"/);
  throws(() => loose(schedNo(1), { points: 1 }), /at least 2.*points.*1/);
  t.end();
});
