/** Metrics of whole passes, over batches of unequal size: equal to scikit-learn's of all samples at once, and part of the statistics of a run. */

import { readFileSync } from 'node:fs';

import t from 'tap';

import {
  AvgStats,
  AvgStatsCallback,
  ConfusionMatrix,
  EarlyStoppingCallback,
  Learner,
  accuracy,
  errorRate,
  f1Score,
  fBetaScore,
  meanAbsoluteError,
  meanSquaredError,
  perplexity,
  precisionScore,
  r2Score,
  recallScore,
  rocAucScore,
  type AnyMetric,
  type Averaging,
} from '../../lib/learner/index.js';
import { tensor, type Tensor } from '../../lib/tensor/index.js';
import { drawData, drawModel } from './drawn.js';

interface Classes {
  logits: number[][];
  targets: number[];
  scores: Record<Averaging, Record<string, number>>;
  rocAuc: Record<'macro' | 'weighted', number>;
  perplexity: number;
  accuracy: number;
  confusion: number[][];
}

interface Regression {
  predicted: number[][];
  targets: number[][];
  meanSquaredError: number;
  meanAbsoluteError: number;
  r2: number;
}

const golden = new URL('../../../test/goldens/learner/metrics.json', import.meta.url);
const goldens = JSON.parse(readFileSync(golden, 'utf8')) as {
  classes: Record<string, Classes>;
  regression: Record<string, Regression>;
};

/** All rows in batches of 1, 2, 3, ... */
function* unequal(preds: Tensor, targets: Tensor): Generator<[Tensor, Tensor]> {
  for (let start = 0, size = 1; start < preds.shape[0]!; start += size, size += 1) {
    const length = Math.min(size, preds.shape[0]! - start);
    yield [preds.narrow(0, start, length), targets.narrow(0, start, length)];
  }
}

function measure(metrics: AnyMetric[], preds: Tensor, targets: Tensor): Readonly<Record<string, number>> {
  const stats = new AvgStats(metrics);
  for (const [pred, yb] of unequal(preds, targets)) stats.accumulate(tensor(0), pred, yb);
  return stats.averages()!;
}

const near = (a: number | undefined, b: number, tolerance = 1e-9): boolean =>
  a !== undefined && Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));

for (const [name, given] of Object.entries(goldens.classes)) {
  const preds = tensor(given.logits, { dtype: 'float64' });
  const targets = tensor(given.targets, { dtype: 'int64' });

  t.test(`${name}: precision, recall, F by every average`, async (t) => {
    for (const [average, scores] of Object.entries(given.scores) as [Averaging, Record<string, number>][]) {
      const options = { average };
      const metrics = [
        precisionScore(options),
        recallScore(options),
        f1Score(options),
        fBetaScore({ ...options, beta: 2 }),
        fBetaScore({ ...options, beta: 0.5 }),
      ];
      const found = measure(metrics, preds, targets);
      for (const [key, expected] of Object.entries(scores))
        t.ok(near(found[key], expected), `${key} ${average}: ${found[key]}, scikit-learn ${expected}`);
    }
  });

  t.test(`${name}: area, perplexity, accuracy, confusion`, async (t) => {
    const found = measure([perplexity(), accuracy, errorRate], preds, targets);
    t.ok(near(found.perplexity, given.perplexity, 1e-6), `${found.perplexity}, scikit-learn ${given.perplexity}`);
    t.ok(near(found.accuracy, given.accuracy) && near(found.errorRate, 1 - given.accuracy));
    for (const [average, expected] of Object.entries(given.rocAuc) as ['macro' | 'weighted', number][]) {
      const { rocAuc } = measure([rocAucScore({ average })], preds, targets);
      t.ok(near(rocAuc, expected, name === 'two' ? 1e-12 : 1e-9), `${average}: ${rocAuc}, scikit-learn ${expected}`);
    }
    const matrix = new ConfusionMatrix();
    for (const [pred, yb] of unequal(preds, targets)) matrix.accumulate(pred, yb);
    t.strictSame(matrix.counts, given.confusion);
  });
}

for (const [name, given] of Object.entries(goldens.regression)) {
  t.test(`regression, ${name}`, async (t) => {
    const [preds, targets] = [given.predicted, given.targets].map((rows) => tensor(rows, { dtype: 'float64' }));
    const found = measure([meanSquaredError, meanAbsoluteError, r2Score()], preds!, targets!);
    for (const key of ['meanSquaredError', 'meanAbsoluteError', 'r2'] as const)
      t.ok(near(found[key], given[key]), `${key}: ${found[key]}, scikit-learn ${given[key]}`);
  });
}

t.test('one logit a sample is a decision between two classes', async (t) => {
  const yb = tensor([0, 1, 1, 0], { dtype: 'int64' });
  const metrics = [precisionScore({ average: 'binary' }), recallScore({ average: 'binary' }), rocAucScore()];
  for (const shape of [[4], [4, 1]]) {
    const found = measure(metrics, tensor([-1, 2, -0.5, 1], { shape }), yb);
    t.strictSame({ ...found }, { loss: 0, precision: 0.5, recall: 0.5, rocAuc: 0.75 });
  }
});

t.test('what has no answer is NaN, or 0 where scikit-learn says 0', async (t) => {
  const one = tensor([[1, 2]]);
  const yb = tensor([1], { dtype: 'int64' });
  t.match(measure([rocAucScore()], one, yb).rocAuc, NaN);
  t.equal(measure([precisionScore({ average: 'binary' })], tensor([[2, 1]]), yb).precision, 0);
  t.match(measure([r2Score()], tensor([1, 2]), tensor([3, 3])).r2, NaN);
});

t.test('what cannot be measured is refused', async (t) => {
  const three = tensor([[1, 2, 3]]);
  const yb = tensor([1], { dtype: 'int64' });
  t.throws(() => measure([f1Score({ average: 'binary' })], three, yb), /f.*Score: average/);
  t.throws(() => measure([f1Score()], three, tensor([7], { dtype: 'int64' })), /not below 3/);
  t.throws(() => meanSquaredError(tensor([[1], [2]]), tensor([1, 2])), /shape \[2, 1\] and targets of shape \[2\]/);
  t.throws(() => f1Score({ average: 'samples' as never }), /average/);
  t.throws(() => new AvgStatsCallback([f1Score(), fBetaScore({ beta: 1 })]), /different names/);
});

t.test('the confusion matrix names what is mixed up', async (t) => {
  const matrix = new ConfusionMatrix(['cat', 'dog', 'eel']);
  const preds = tensor([0, 1, 1, 2, 1], { dtype: 'int64' }).oneHot(3).to('float32');
  matrix.accumulate(preds, tensor([0, 0, 0, 1, 1], { dtype: 'int64' }));
  t.strictSame(matrix.mostConfused(), [
    { actual: 'cat', predicted: 'dog', count: 2 },
    { actual: 'dog', predicted: 'eel', count: 1 },
  ]);
  t.equal(matrix.mostConfused(2).length, 1);
});

t.test('in a run each pass has numbers of its own, which callbacks can act on', async (t) => {
  const stats = new AvgStatsCallback([accuracy, f1Score(), rocAucScore(), perplexity()]);
  const stop = new EarlyStoppingCallback({ monitor: 'f1', patience: 3 });
  const learn = new Learner(drawModel(), drawData([8, 8, 3], [5, 2]), { lr: 0.5, cbs: [stats, stop] });
  learn.logger = () => undefined;
  await learn.fit(50);
  t.ok(stats.records.length < 50, `stopped by F1 after ${stats.records.length} epochs`);
  t.strictSame(stats.names, ['loss', 'accuracy', 'f1', 'rocAuc', 'perplexity']);
  const [first, last] = [stats.records[0]!, stats.records.at(-1)!];
  t.strictSame(Object.keys(first.valid!), stats.names);
  t.ok(near(first.valid!.perplexity, Math.exp(first.valid!.loss!), 1e-6), 'of the validation batches alone');
  t.not(first.train!.rocAuc, first.valid!.rocAuc);
  t.ok(last.train!.perplexity! < first.train!.perplexity!);
  t.equal(stop.best, Math.max(...stats.records.map(({ valid }) => valid!.f1!)));
});
