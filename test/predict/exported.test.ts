/** What was exported predicts what the learner said when it validated, bit for bit, whatever is predicted and however the model is made. */

import { readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import sharp from 'sharp';
import t from 'tap';

import { MultiCategoryProcessor, Processor } from '../../lib/data/index.js';
import { readSafetensors } from '../../lib/io/index.js';
import { BatchAugmentCallback, BatchTransformXCallback, EmaCallback } from '../../lib/learner/index.js';
import { AdaptiveAvgPool2d, Conv2d, Lambda, Linear, Module, ReLU, Sequential, flatten } from '../../lib/nn/index.js';
import * as F from '../../lib/nn/functional.js';
import {
  loadLearner,
  type LabelPrediction,
  type LabelsPrediction,
  type LoadLearnerOptions,
  type Prediction,
  type Predictor,
  type ValuesPrediction,
} from '../../lib/predict/index.js';
import { cat, setNumThreads, type Tensor } from '../../lib/tensor/index.js';
import {
  BatchAugment,
  BatchFlip,
  BatchRotate,
  ResizeFixed,
  createModel,
  imagenetteStats,
  makeRgb,
  normalizer,
  toByteTensor,
} from '../../lib/vision/index.js';
import { drawPictures, drawnLearner, labels, type DrawnOptions } from './drawnLearner.js';

// The order in which numbers are added up must be the same for the same bits.
setNumThreads(1);

const folder = t.testdir({});
await drawPictures(folder, { train: 4, valid: 4 });

/** The rows of a tensor as arrays of numbers. */
const rowsOf = (preds: Tensor): number[][] => preds.to('float32').toList() as number[][];

/** Loads, predicts and closes. */
async function predicted<P extends Prediction = LabelPrediction>(
  path: string,
  sources: readonly string[],
  options: LoadLearnerOptions = {},
): Promise<P[]> {
  const predictor: Predictor<P> = await loadLearner<P>(path, options);
  try {
    return await predictor.predictBatch(sources);
  } finally {
    await predictor.close();
  }
}

const cases: readonly [name: string, options: DrawnOptions][] = [
  ['plain', {}],
  ['channels innermost', { channelsLast: true }],
  ['bfloat16', { precision: 'bf16' }],
  ['an XResNet', { model: createModel('xresnet18', { nOut: 3, widen: 0.5, sa: true }) }],
];

for (const [name, options] of cases)
  t.test(`one label, ${name}: the bits of validation, on this thread and on another`, async (t) => {
    const { learn, watch, valid } = await drawnLearner(folder, options);
    const path = join(t.testdir(), 'learner.safetensors');
    await learn.export(path);
    const truth = rowsOf(cat(watch.preds).to('float32').softmax(1));
    for (const thread of [true, false]) {
      // The loader's batches, so that the same numbers are added up in the same order.
      const made = await predicted(path, valid, { thread, batchSize: 8 });
      t.strictSame(
        made.map(({ probabilities }) => probabilities),
        truth,
        thread ? 'on another thread' : 'on this thread',
      );
      made.forEach(({ label, index, probabilities }) => {
        t.equal(probabilities[index], Math.max(...probabilities));
        t.equal(label, labels[index]);
      });
      const right = made.filter(({ label }, i) => label === basename(dirname(valid[i]!))).length;
      if (options.model === undefined) t.ok(right >= 8, `${right} of 12 are right`);
    }
    // The same image alone is the same picture; other batches may add up in another order.
    const [alone] = await predicted(path, [valid[0]!], { thread: false });
    t.ok(alone!.probabilities.every((one, i) => Math.abs(one - truth[0]![i]!) < 1e-2));
  });

t.test('the file is safetensors and JSON by names, and nothing else', async (t) => {
  const { learn } = await drawnLearner(folder);
  const out = t.testdir({ 'learner.safetensors': 'something older' });
  const path = join(out, 'learner.safetensors');
  await learn.export(path);
  t.strictSame(readdirSync(out), ['learner.safetensors'], 'nothing half-written beside it');
  const { tensors, metadata } = await readSafetensors(path);
  t.strictSame([...tensors.keys()].sort(), [...learn.model.stateDict().keys()].sort());
  t.equal(metadata.format, 'tench-learner-1');
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  t.match(JSON.parse(metadata.state!), {
    model: { name: 'getCnnModel', options: { cIn: 3, cOut: 3, nfs: [16] } },
    transforms: [{ name: 'makeRgb' }, { name: 'ResizeFixed', size: [16, 16] }, { name: 'toByteTensor' }],
    batches: [{ name: 'normalizer', ...imagenetteStats }],
    kind: 'label',
    processors: [{ kind: 'CategoryProcessor', state: { vocab: labels } }],
    precision: { name: 'fp32', channelsLast: false },
    versions: { tench: version, libtorch: /^2\.\d+/ },
  });
  const bytes = readFileSync(path);
  await learn.export(path);
  t.ok(bytes.equals(readFileSync(path)), 'the same learner gives the same bytes');
});

t.test('any of several labels', async (t) => {
  const { learn, watch, valid } = await drawnLearner(folder, {
    labeler: (file) => [basename(dirname(file)), 'picture'],
    procY: new MultiCategoryProcessor({ vocab: [...labels, 'picture'] }),
    model: createModel('getCnnModel', { cIn: 3, cOut: 4, nfs: [16] }),
    lossFunc: (pred, yb) => F.binaryCrossEntropyWithLogits(pred, yb),
  });
  const path = join(t.testdir(), 'learner.safetensors');
  await learn.export(path);
  const made = await predicted<LabelsPrediction>(path, valid, { batchSize: 8 });
  t.strictSame(
    made.map(({ probabilities }) => probabilities),
    rowsOf(cat(watch.preds).sigmoid()),
  );
  for (const { labels: found, indices, probabilities } of made) {
    t.strictSame(
      indices,
      probabilities.flatMap((one, i) => (one >= 0.5 ? [i] : [])),
    );
    t.strictSame(
      found,
      indices.map((i) => [...labels, 'picture'][i]),
    );
  }
  t.ok(made.every(({ labels: found }) => found.includes('picture')));
});

/** Heights around their mean. */
class Centre extends Processor<number, number, number> {
  protected override learn(items: readonly number[]): number {
    return items.reduce((sum, one) => sum + one, 0) / items.length;
  }
  proc1(item: number): number {
    return Math.fround((item - this.state) / 10);
  }
  override deproc1(item: number): number {
    return 10 * item + this.state;
  }
}

t.test("numbers, by way of a processor of one's own", async (t) => {
  const { learn, watch, valid } = await drawnLearner(folder, {
    labeler: (file) => 10 * labels.indexOf(basename(dirname(file))),
    procY: new Centre(),
    model: createModel('getCnnModel', { cIn: 3, cOut: 1, nfs: [16] }),
    lossFunc: (pred, yb) => F.mseLoss(pred.squeeze(1), yb.to('float32')),
  });
  const path = join(t.testdir(), 'learner.safetensors');
  await learn.export(path);
  const made = await predicted<ValuesPrediction<number>>(path, valid, { batchSize: 8, processors: [Centre] });
  const truth = rowsOf(cat(watch.preds));
  t.strictSame(
    made.map(({ values }) => values),
    truth,
  );
  t.strictSame(
    made.map(({ value }) => value),
    truth.map(([one]) => 10 * one! + 10),
  );
});

class Net extends Module {
  readonly body = new Sequential(new Conv2d(3, 8, 3, { stride: 2 }), new ReLU(), new AdaptiveAvgPool2d(1));
  readonly flat = new Lambda(flatten);
  readonly head = new Linear(8, 3);

  override forward(x: Tensor): Tensor {
    return this.head.call(this.flat.call(this.body.call(x)));
  }
}

t.test("a module of one's own is brought along, as an object or as a function", async (t) => {
  const { learn, watch, valid } = await drawnLearner(folder, { model: new Net() });
  const path = join(t.testdir(), 'learner.safetensors');
  await learn.export(path);
  const truth = rowsOf(cat(watch.preds).softmax(1));
  for (const model of [new Net(), () => new Net()]) {
    const made = await predicted(path, valid, { model, batchSize: 8 });
    t.strictSame(
      made.map(({ probabilities }) => probabilities),
      truth,
    );
  }
  await t.rejects(loadLearner(path), { code: 'ERR_TENCH_MODEL', message: /it is a Net .*`model`/s });
});

t.test('a head that was replaced after the model was made is no longer of the registry', async (t) => {
  const model = createModel('getCnnModel', { cIn: 3, cOut: 10, nfs: [16] });
  Object.assign(model, { 6: new Linear(16, 3) });
  const { learn } = await drawnLearner(folder, { model });
  const path = join(t.testdir(), 'learner.safetensors');
  await learn.export(path);
  await t.rejects(loadLearner(path), { code: 'ERR_TENCH_MODEL', message: /it is a Sequential/ });
});

t.test('an average that validates is what is exported', async (t) => {
  const { learn, watch, valid } = await drawnLearner(folder, {
    cbs: [new BatchTransformXCallback(normalizer(imagenetteStats)), new EmaCallback({ decay: 0.5 })],
  });
  const path = join(t.testdir(), 'learner.safetensors');
  const before = rowsOf(learn.model.stateDict().get('6.weight')!);
  await learn.export(path);
  t.strictSame(rowsOf(learn.model.stateDict().get('6.weight')!), before, 'the learner keeps its own weights');
  const made = await predicted(path, valid, { batchSize: 8 });
  t.strictSame(
    made.map(({ probabilities }) => probabilities),
    rowsOf(cat(watch.preds).softmax(1)),
  );
});

t.test('test-time augmentation is that of the learner', async (t) => {
  const augment = new BatchAugment([new BatchFlip(), new BatchRotate({ maxDegrees: 20 })], {
    ...imagenetteStats,
    seed: 2n ** 60n,
  });
  const { learn, watch, valid } = await drawnLearner(folder, {
    cbs: [new BatchAugmentCallback(augment)],
    batchSize: 8,
  });
  const path = join(t.testdir(), 'learner.safetensors');
  await learn.export(path);
  const predictor = await loadLearner(path);
  t.strictSame(
    (await predictor.predict(valid)).map(({ probabilities }) => probabilities),
    rowsOf(cat(watch.preds).softmax(1)),
    'without it, the batch is normalised alone',
  );
  for (const tta of [
    { n: 3, beta: 0.4 },
    { n: 2, useMax: true },
  ]) {
    const { preds } = await learn.tta(tta);
    const made = await predictor.predict(valid, { tta });
    t.strictSame(
      made.map(({ probabilities }) => probabilities),
      rowsOf(preds),
    );
  }
  await predictor.close();
});

t.test("transforms and steps of one's own come back by name, also on another thread", async (t) => {
  const code = new URL('./ownCode.js', import.meta.url);
  const { Darken, halve, makeNet } = await import('./ownCode.js');
  const { learn, watch, valid } = await drawnLearner(folder, {
    model: makeNet(),
    tfms: [makeRgb, new ResizeFixed(16), new Darken(20), toByteTensor],
    cbs: [new BatchTransformXCallback(halve)],
  });
  const path = join(t.testdir(), 'learner.safetensors');
  await learn.export(path);
  const made = await predicted(path, valid, { code, batchSize: 8 });
  t.strictSame(
    made.map(({ probabilities }) => probabilities),
    rowsOf(cat(watch.preds).softmax(1)),
  );
  await t.rejects(loadLearner(path), { message: /a transform cannot be made.*Darken/s });
});

t.test('a picture may come as path, bytes, named bytes, stream or pipeline of sharp', async (t) => {
  const { learn, valid } = await drawnLearner(folder);
  const path = join(t.testdir(), 'learner.safetensors');
  await learn.export(path);
  await using predictor = await loadLearner(path);
  const { createReadStream } = await import('node:fs');
  const png = valid.find((file) => file.endsWith('2.png'))!;
  const bytes = readFileSync(png);
  const [truth, ...others] = await predictor.predict([
    png,
    bytes,
    new Uint8Array(bytes),
    { name: 'mine', bytes },
    createReadStream(png, { highWaterMark: 100 }),
    new Blob([bytes]).stream(),
    sharp(png),
    sharp(bytes),
  ]);
  for (const other of others) t.strictSame(other, truth);
  const turned = sharp(png).rotate(90).resize(16, 16, { fit: 'fill' });
  const [a, b, c] = await predictor.predict([turned, await turned.clone().png().toBuffer(), turned]);
  t.strictSame(a, b, 'what the pipeline makes is predicted');
  t.strictSame(a, c, 'and the pipeline can be used again');
  t.strictSame(await predictor.predict(png), (await predictor.predict([png]))[0]);
  t.strictSame(await predictor.predict([]), []);
});
