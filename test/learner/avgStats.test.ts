/** Statistics are exact means over samples, whatever the sizes of the batches. */

import t from 'tap';

import {
  AvgStats,
  AvgStatsCallback,
  Learner,
  accuracy,
  accuracyTopK,
  errorRate,
  formatEpoch,
  named,
} from '../../lib/learner/index.js';
import { tensor, type Tensor } from '../../lib/tensor/index.js';
import { drawData, drawModel, type FixedLoader } from './drawn.js';

t.test('batches of 3, 3 and 1 weigh 3, 3 and 1', (t) => {
  const stats = new AvgStats([named('mean', (pred) => pred.mean()), named('half', () => 0.5)]);
  const batches: [number, number[]][] = [
    [1.5, [1, 2, 3]],
    [0.25, [4, 5, 6]],
    [8, [100]],
  ];
  for (const [loss, preds] of batches)
    stats.accumulate(
      tensor(loss),
      tensor(preds),
      tensor(
        preds.map(() => 0),
        { dtype: 'int64' },
      ),
    );
  const averages = Object.values(stats.averages() ?? {});
  t.equal(averages[0], (1.5 * 3 + 0.25 * 3 + 8) / 7);
  t.equal(averages[1], (1 + 2 + 3 + 4 + 5 + 6 + 100) / 7);
  t.equal(averages[2], 0.5);
  stats.reset();
  t.equal(stats.averages(), null);
  t.end();
});

t.test('a fit at rate zero has the averages that its samples have', async (t) => {
  const data = drawData([8, 8, 3], [5, 2]);
  const model = drawModel();
  const stats = new AvgStatsCallback([accuracy, errorRate]);
  const learn = new Learner(model, data, { lr: 0, cbs: [stats] });
  const printed: string[] = [];
  learn.logger = (record) => printed.push(formatEpoch(record));
  await learn.fit(1);
  for (const [pass, loader] of [
    ['train', data.trainDl],
    ['valid', data.validDl],
  ] as const) {
    const { loss, right, count } = byHand(model, loader);
    t.ok(Math.abs((stats.records[0]?.[pass]?.loss ?? 0) - loss / count) < 1e-6, `${pass} loss`);
    t.equal(stats.records[0]?.[pass]?.accuracy?.toFixed(6), (right / count).toFixed(6), `${pass} accuracy`);
    t.equal(stats.records[0]?.[pass]?.errorRate?.toFixed(6), (1 - right / count).toFixed(6), `${pass} error rate`);
  }
  t.match(
    printed[0],
    /^epoch 1 {2}train loss \d\.\d{4} accuracy \d\.\d{4} errorRate \d\.\d{4} {2}valid loss .* s {2}\d+ images\/s$/,
  );
});

/** The sums over samples, one at a time, in JavaScript. */
function byHand(model: Learner['model'], loader: FixedLoader): { loss: number; right: number; count: number } {
  const sums = { loss: 0, right: 0, count: 0 };
  for (const [xb, yb] of loader.batches) {
    const outputs = model.call(xb).toList() as number[][];
    const targets = yb.toList() as number[];
    for (const [i, [a = 0, b = 0]] of outputs.entries()) {
      const target = targets[i] === 1 ? b : a;
      sums.loss += Math.log(Math.exp(a) + Math.exp(b)) - target;
      sums.right += Number(b > a === (targets[i] === 1));
      sums.count += 1;
    }
  }
  return sums;
}

t.test('metrics against hand-made predictions', (t) => {
  const pred = tensor([
    [0.1, 0.7, 0.2],
    [0.5, 0.2, 0.3],
    [0.2, 0.3, 0.5],
    [0.4, 0.35, 0.25],
  ]);
  const yb = tensor([1, 2, 2, 1], { dtype: 'int64' });
  const value = (metric: (pred: Tensor, yb: Tensor) => Tensor | number) => (metric(pred, yb) as Tensor).item();
  t.equal(value(accuracy), 0.5);
  t.equal(value(errorRate), 0.5);
  t.equal(value(accuracyTopK(2)), 1);
  t.equal(value(accuracyTopK(1)), 0.5);
  t.equal(value(accuracyTopK(9)), 1, 'more than there are classes');
  t.equal(accuracyTopK(5).name, 'accuracyTop5');
  t.throws(() => accuracyTopK(0), /whole number of at least 1/);
  t.end();
});

t.test('metrics need names of their own, and one number a batch', async (t) => {
  t.throws(() => new AvgStatsCallback([accuracy, accuracy]), /different names/);
  t.throws(() => new AvgStatsCallback([() => 1]), /different names/);
  t.strictSame(new AvgStatsCallback(named('half', () => 0.5)).names, ['loss', 'half']);
  const learn = new Learner(drawModel(), drawData(), { cbs: [new AvgStatsCallback(named('whole', (pred) => pred))] });
  await t.rejects(learn.fit(1), /whole must be one number a batch, but is a tensor of shape \[8, 2\]/);
});
