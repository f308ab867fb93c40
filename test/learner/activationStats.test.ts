/** ActivationStats keeps what layers put out in training batches, and its hooks are gone when the fit is over, however it ends. */

import t from 'tap';

import { ActivationStats, Callback, Learner } from '../../lib/learner/index.js';
import { Hook, Linear, ReLU, Sequential, appendStat } from '../../lib/nn/index.js';
import { drawData } from './drawn.js';

const makeModel = (): Sequential => new Sequential(new Linear(2, 8), new ReLU(), new Linear(8, 2));

t.test('one entry for each training batch, none for validation', async (t) => {
  const stats = new ActivationStats({ bins: 8, min: -1, max: 1 });
  const model = makeModel();
  const hook = new Hook(model[0]!, appendStat);
  await new Learner(model, drawData([8, 8, 3], [5]), { cbs: [stats] }).fit(2);
  hook.remove();
  t.strictSame(
    stats.layers.map(({ name, module, stats: { length } }) => [name, module === model[Number(name)], length]),
    [
      ['0', true, 6],
      ['2', true, 6],
    ],
  );
  // The plain hook has seen all eight batches; each epoch's fourth is of validation.
  const isTraining = (_value: number, i: number): boolean => i % 4 !== 3;
  const [first] = stats.layers;
  t.strictSame(first!.stats.means, hook.stats!.means.filter(isTraining));
  t.strictSame(first!.stats.stds, hook.stats!.stds.filter(isTraining));
  t.equal(first!.stats.histograms[0]!.length, 8);
  t.ok(model.modules().every(({ isHooked }) => !isHooked));
});

t.test('chosen layers, one batch in so many, and a second fit begins anew', async (t) => {
  const stats = new ActivationStats({ layers: (module) => module instanceof ReLU, every: 2 });
  const learn = new Learner(makeModel(), drawData([4, 4, 4], [2]), { cbs: [stats] });
  await learn.fit(1);
  await learn.fit(1);
  t.strictSame(
    stats.layers.map(({ name, stats: { length } }) => [name, length]),
    [['1', 2]],
  );
  t.ok(
    stats.layers[0]!.stats.nearZeros.every((share) => share > 0.05),
    'a ReLU puts out zeros',
  );
});

t.test('the hooks are gone when the fit throws', async (t) => {
  class Fails extends Callback {
    override afterLoss(): void {
      throw new Error('from a callback');
    }
  }
  const stats = new ActivationStats();
  const model = makeModel();
  await t.rejects(new Learner(model, drawData(), { cbs: [stats, new Fails()] }).fit(1), /from a callback/);
  t.ok(model.modules().every(({ isHooked }) => !isHooked));
  t.equal(stats.layers[0]!.stats.length, 1, 'what was measured is there to be looked at');
  t.throws(() => new ActivationStats({ every: 0 }), /ActivationStats: every/);
});

t.test('pictures show the numbers that were kept, a panel for each layer', async (t) => {
  const stats = new ActivationStats({ bins: 6, min: -3, max: 3 });
  t.throws(() => stats.plotHistograms(), /plotHistograms: nothing has been measured yet/);
  await new Learner(makeModel(), drawData([8, 8, 3], []), { cbs: [stats] }).fit(1);
  const [histograms, shares] = [stats.plotHistograms({ description: 'look' }), stats.plotNearZeros({ title: 'mine' })];
  t.match([histograms, shares], [{ title: 'Outputs by layer', description: 'look' }, { title: 'mine' }]);
  for (const [i, { name, stats: kept }] of stats.layers.entries()) {
    const [heat, line] = [histograms.panels[i]!, shares.panels[i]!];
    t.strictSame([heat.title, line.title], [`${name}: Linear`, `${name}: Linear`]);
    const expected = [0, 1, 2, 3, 4, 5].map((bin) => kept.histograms.map((counts) => Math.log(1 + counts[bin]!)));
    const [{ rows, y }] = heat.series as unknown as [{ rows: number[][]; y: number[] }];
    t.strictSame(y, [-3, 3]);
    t.ok(expected.flat().every((value, at) => Math.abs(value - rows.flat()[at]!) < 1e-12));
    t.match(line.series, [{ kind: 'line', y: kept.nearZeros }]);
  }
  t.match(histograms.terminal({ width: 60 }), 'Outputs by layer');
  t.strictSame(
    stats.plotNearZeros({ layers: ['2'] }).panels.map(({ title }) => title),
    ['2: Linear'],
  );
});
