/** Pictures of a training and of what a model says: their numbers are those of the recorder, of the losses and of the items. */

import t from 'tap';

import { DataLoader } from '../../lib/data/index.js';
import {
  ActivationStats,
  AvgStatsCallback,
  ConfusionMatrix,
  Learner,
  ParamScheduler,
  Recorder,
  accuracy,
  type Callback,
} from '../../lib/learner/index.js';
import { runningMean } from '../../lib/learner/plotting.js';
import { F, nn, type Chart, type ChartSeries, type PointSeries } from '../../lib/index.js';
import { setNumThreads, tensor, type Tensor } from '../../lib/tensor/index.js';
import { drawData, drawModel } from './drawn.js';

setNumThreads(1);

function learner(...cbs: Callback[]): Learner {
  const learn = new Learner(drawModel(), drawData([8, 8, 3], [5, 2]), { lr: 0.5, cbs });
  learn.logger = () => undefined;
  return learn;
}

const points = (chart: Chart, panel: number, name: string): [number, number][] => {
  const series = chart.panels[panel]!.series.find((one: ChartSeries) => one.name === name) as PointSeries;
  return Array.from(series.x!, (x, i) => [x!, series.y[i]!]);
};

t.test('recorder.plot: each batch, its running mean, validation where its epoch ended, metrics by epoch', async (t) => {
  const [recorder, stats] = [new Recorder(), new AvgStatsCallback([accuracy])];
  const learn = learner(recorder, stats);
  await learn.fit(4);
  const chart = recorder.plot({ smoothing: 0.5 });
  t.strictSame(
    chart.panels.map(({ title }) => title),
    ['loss', 'accuracy'],
  );
  t.strictSame(
    points(chart, 0, 'each batch'),
    recorder.losses.map((loss, i) => [i + 1, loss]),
  );
  t.strictSame(
    points(chart, 0, 'valid'),
    stats.records.map(({ valid }, i) => [3 * (i + 1), valid!.loss]),
    'three batches an epoch',
  );
  t.strictSame(
    points(chart, 1, 'train'),
    stats.records.map(({ train }, i) => [i + 1, train!.accuracy]),
  );
  t.strictSame(
    points(chart, 1, 'valid'),
    stats.records.map(({ valid }, i) => [i + 1, valid!.accuracy]),
  );
  t.strictSame(points(chart, 0, 'train')[1], [2, (recorder.losses[0]! * 0.25 + recorder.losses[1]! * 0.5) / 0.75]);
  const plain = recorder.plot({ smoothing: 0, skipStart: 4 });
  t.strictSame(
    points(plain, 0, 'train'),
    recorder.losses.slice(4).map((loss, i) => [i + 5, loss]),
  );
  t.strictSame(
    points(plain, 0, 'valid').map(([x]) => x),
    [6, 9, 12],
  );
  t.match(await chart.svg(), '<svg');
  const kept = recorder.stateDict();
  recorder.beginFit();
  recorder.loadStateDict(kept);
  t.strictSame(recorder.epochEnds, [3, 6, 9, 12], 'a checkpoint keeps where epochs ended');
});

t.test('before a fit, and without statistics, there is a picture all the same', async (t) => {
  const recorder = new Recorder();
  t.match(recorder.plot().terminal(), /no data/);
  t.match(recorder.plotLr().terminal(), /no data/);
  await learner(recorder).fit(1);
  t.strictSame(recorder.plot().panels.length, 1);
});

t.test('a running mean passes over what is no number', (t) => {
  t.strictSame(runningMean([4, NaN, 4], 0.9), [4, NaN, 4]);
  t.end();
});

t.test('plotLr and plotHypers: what the optimizer had at each batch, a line for each group', async (t) => {
  const recorder = new Recorder();
  const model = drawModel();
  const learn = new Learner(model, drawData([4, 4], [2]), {
    splitter: () => model.parameters().map((parameter) => [parameter]),
    cbs: [recorder, new ParamScheduler('lr', [(at) => 0.1 + at, (at) => 1 - at])],
  });
  learn.logger = () => undefined;
  await learn.fit(2);
  const chart = recorder.plotLr();
  t.strictSame(
    points(chart, 0, 'group 1').map(([, lr]) => lr),
    recorder.hypers('lr', 0),
  );
  t.strictSame(
    points(chart, 0, 'group 2').map(([x, lr]) => [x, lr]),
    [
      [1, 1],
      [2, 0.75],
      [3, 0.5],
      [4, 0.25],
    ],
  );
  t.equal(recorder.plotHypers().title, 'lr over training', 'only what changes');
  t.equal(recorder.plotHypers(['lr', 'wd']).panels.length, 2);
  t.throws(() => recorder.plotHypers(['mom']), { message: /a hyper-parameter of group 0: .* for `name`/ });
  t.throws(() => recorder.plotHypers([]), { message: /at least one hyper-parameter.* for `names`/ });
});

t.test('plotActivations: the statistics of each layer', async (t) => {
  const activations = new ActivationStats();
  await learner(activations).fit(1);
  const [layer] = activations.layers;
  const chart = activations.plotActivations();
  t.strictSame(
    chart.panels.map(({ title }) => title),
    ['mean', 'standard deviation', 'share near zero'],
  );
  for (const [panel, values] of [layer!.stats.means, layer!.stats.stds, layer!.stats.nearZeros].entries())
    t.strictSame(
      points(chart, panel, 'model: Linear'),
      values.map((value, i) => [i + 1, value]),
    );
  t.throws(() => activations.plotActivations({ layers: ['9'] }), { message: /paths of watched layers.* for `layers`/ });
});

t.test('the picture of a confusion matrix has actual classes from top to bottom', (t) => {
  const matrix = new ConfusionMatrix(['cat', 'dog']);
  matrix.accumulate(
    tensor([
      [1, 0],
      [0, 1],
      [0, 1],
      [1, 0],
    ]),
    tensor([0, 0, 1, 1], { dtype: 'int64' }),
  );
  matrix.accumulate(tensor([[1, 0]]), tensor([0], { dtype: 'int64' }));
  const lines = matrix.plot().terminal({ width: 40 }).split('\n');
  t.strictSame(
    lines.slice(-3).map((line) => line.split(/ +/)),
    [
      ['actual', 'cat', 'dog'],
      ['cat', '2', '1'],
      ['dog', '1', '1'],
    ],
  );
  t.match(matrix.plot({ normalize: true }).terminal({ width: 40 }), /cat {4,}0\.67 +0\.33/);
  t.match(matrix.plot().description, '3 of 5 right (60.0 %)');
  t.match(new ConfusionMatrix().plot().terminal(), /no data/);
  t.end();
});

/** Pictures of one number, the class being whether it is positive; drawn in an order of its own. */
function pictureLearner(order: readonly number[]): Learner {
  const values = [0.9, -0.2, -0.6, 0.4, -0.95];
  const dataset = {
    length: values.length,
    vocab: ['dark', 'bright'],
    get: (index: number): [Tensor, number] => [tensor([[[values[index]!, 0.5]]]), values[index]! > 0 ? 1 : 0],
    nameOf: (index: number) => `picture ${index}`,
  };
  const sampler = { size: () => order.length, order: () => [...order] };
  const model = new nn.Sequential(new nn.Flatten(), new nn.Linear(2, 2));
  model.parameters()[0]!.setData(
    tensor([
      [-1, 0],
      [2, 0],
    ]),
  );
  model.parameters()[1]!.setData(tensor([0.5, 0]));
  const validDl = new DataLoader(dataset, { batchSize: 2, sampler });
  const trainDl = new DataLoader(dataset, { batchSize: 2 });
  return new Learner(model, { trainDl, validDl });
}

t.test('interpret: predictions, losses and names of the items, however they are ordered', async (t) => {
  const order = [3, 1, 4, 0, 2];
  const learn = pictureLearner(order);
  const interp = await learn.interpret();
  const values = [0.4, -0.2, -0.95, 0.9, -0.6];
  const logits = tensor(values.map((x) => [0.5 - x, 2 * x]));
  const targets = tensor(
    values.map((x) => (x > 0 ? 1 : 0)),
    { dtype: 'int64' },
  );
  t.ok(interp.preds.sub(logits.softmax(1)).abs().max().item() < 1e-6);
  t.ok(
    interp.losses
      .sub(F.crossEntropy(logits, targets, { reduction: 'none' }))
      .abs()
      .max()
      .item() < 1e-6,
  );
  const losses = Array.from(interp.losses.toTypedArray(), Number);
  const top = interp.topLosses();
  const expected = [...losses.keys()].sort((a, b) => losses[b]! - losses[a]!);
  t.strictSame(
    top.map(({ place }) => place),
    expected,
  );
  t.strictSame(
    top.map(({ name }) => name),
    expected.map((place) => `picture ${order[place]}`),
  );
  t.match(interp.topLosses(1, { largest: false }), [{ place: expected.at(-1) }]);
  const brightest = top.find(({ index }) => index === 0)!;
  t.match(brightest, { actual: 'bright', predicted: 'bright', probability: brightest.probabilityOfActual });
  t.strictSame(interp.confusionMatrix().counts, [
    [3, 0],
    [0, 2],
  ]);
  t.strictSame(interp.mostConfused(), []);
  t.ok(learn.model.training, 'the model is left in the mode it was in');
  const sheet = await interp.plotTopLosses(3, { columns: 2 });
  t.strictSame(sheet.counts, [2, 1]);
  t.match(await sheet.html(), `${top[0]!.actual} (${Math.round(100 * top[0]!.probability!)} %)`);
});

t.test('showResults: the first pictures, what they are and what they are taken for', async (t) => {
  const learn = pictureLearner([0, 1, 2, 3, 4]);
  learn.model.parameters()[1]!.setData(tensor([-9, 0]));
  const sheet = await learn.showResults({ count: 3, zoom: 1 });
  t.strictSame(sheet.counts, [2, 1]);
  const html = await sheet.html();
  const captions = [...html.matchAll(/<figcaption class="(.*?)">(.*?)\n/g)].map(([, tone, text]) => [tone, text]);
  t.match(captions[0], ['right', /^bright \(100 %\)/]);
  t.match(html, /class="wrong">dark\nnot bright \(100 %\)\nloss /);
});

t.test('what cannot be interpreted is refused by name', async (t) => {
  const learn = learner();
  const numbers = await learn.interpret();
  t.match(numbers.topLosses(1), [{ index: null, name: null }]);
  await t.rejects(numbers.plotTopLosses(1), { message: /which items these are is not known/ });
  learn.lossFunc = (pred, yb) => F.crossEntropy(pred, yb);
  await t.rejects(learn.interpret(), { message: /interpret needs the loss of each sample/ });
  learn.data = { trainDl: learn.data.trainDl };
  await t.rejects(learn.interpret(), { message: /a loader, as the learner has no validation data for `dl`/ });
});

t.test('numbers that were to be predicted stand beside those that were', async (t) => {
  const learn = pictureLearner([0, 1, 2, 3, 4]);
  const dl = {
    length: 1,
    async *[Symbol.asyncIterator]() {
      yield [
        tensor([
          [1, 0],
          [2, 0],
        ]),
        tensor([1, 5]),
      ] as const;
    },
  };
  learn.model = new nn.Linear(2, 1, { bias: false });
  learn.model.parameters()[0]!.setData(tensor([[2, 0]]));
  learn.lossFunc = (pred, yb, options) => F.mseLoss(pred.squeeze(1), yb, options);
  const interp = await learn.interpret({ dl });
  t.match(interp.topLosses(), [
    { actual: 1, predicted: 2, probability: null, loss: 1 },
    { actual: 5, predicted: 4 },
  ]);
  t.throws(() => interp.confusionMatrix(), { message: /one class an item/ });
});
