/** Files that are no exported learner, learners that cannot be exported, and images that cannot be read: each error says which and why. */

import { readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import sharp from 'sharp';
import t from 'tap';

import { readSealed, writeSealed } from '../../lib/io/sealed.js';
import { saveCheckpoint, writeSafetensors } from '../../lib/io/index.js';
import { BatchTransformXCallback, Learner } from '../../lib/learner/index.js';
import { Conv2d, Lambda, Module, Sequential } from '../../lib/nn/index.js';
import { loadLearner, type LabelPrediction, type LoadLearnerOptions } from '../../lib/predict/index.js';
import { learnerFormat, type LearnerDescription } from '../../lib/predict/description.js';
import {
  ArgumentError,
  TenchError,
  full,
  memory,
  ones,
  resetPeakMemory,
  setNumThreads,
  type Tensor,
} from '../../lib/tensor/index.js';
import { CenterCrop, makeRgb, normalizer, toByteTensor } from '../../lib/vision/index.js';
import { drawData, drawModel } from '../learner/drawn.js';
import { messagesOf } from '../messages.js';
import { drawPictures, drawnLearner } from './drawnLearner.js';

setNumThreads(1);

const folder = t.testdir({});
await drawPictures(folder, { train: 2, valid: 2 });
const { learn, valid } = await drawnLearner(folder);
const good = join(folder, 'learner.safetensors');
await learn.export(good);
const { text, tensors } = await readSealed(good, learnerFormat);

/** The good file with another description or other weights. */
async function changed(
  name: string,
  change: (description: LearnerDescription) => object,
  weights: Map<string, Tensor> = tensors,
): Promise<string> {
  const path = join(folder, `${name}.safetensors`);
  const description = JSON.stringify(change(JSON.parse(text) as LearnerDescription));
  await writeSealed(path, learnerFormat, { text: description, tensors: weights });
  return path;
}

const load = (path: string, options: LoadLearnerOptions = { thread: false }): Promise<unknown> =>
  loadLearner(path, options);

t.test('what cannot be loaded, and why', async (t) => {
  const file = (name: string): string => join(folder, name);
  writeFileSync(file('cut'), readFileSync(good));
  truncateSync(file('cut'), 3000);
  const flipped = readFileSync(good);
  flipped[flipped.length - 5]! ^= 1;
  writeFileSync(file('flipped'), flipped);
  writeFileSync(file('text'), 'no tensors in here');
  await writeSafetensors(file('weights'), tensors);
  const trained = new Learner(drawModel(), drawData());
  trained.logger = () => undefined;
  await trained.fit(1);
  await saveCheckpoint(trained, file('checkpoint'));
  await writeSealed(file('newer'), { ...learnerFormat, version: 2 }, { text, tensors });
  const unknown = await changed('unknown', (one) => ({ ...one, model: { name: 'gptNet', options: {} } }));
  const refused = await changed('refused', (one) => ({ ...one, model: { name: 'getCnnModel', options: { cIn: 0 } } }));
  const wider = await changed('wider', (one) => ({
    ...one,
    model: { name: 'getCnnModel', options: { cIn: 3, cOut: 3, nfs: [32] } },
  }));
  const fewer = await changed('fewer', (one) => one, new Map([...tensors].slice(1)));
  const noTransform = await changed('transform', (one) => ({ ...one, transforms: [{ name: 'Crumple' }] }));
  const noProcessor = await changed('processor', (one) => ({
    ...one,
    processors: [{ kind: 'Mine', options: {}, state: null }],
  }));
  const strange = await changed('strange', () => ({ model: 7 }));
  const cases: readonly [path: string, code: string, message: RegExp][] = [
    [file('none'), 'ERR_TENCH_READ', /none.*ENOENT/],
    [folder, 'ERR_TENCH_READ', /it is a folder/],
    [file('cut'), 'ERR_TENCH_DAMAGED', /cut is not a whole safetensors file/],
    [file('flipped'), 'ERR_TENCH_DAMAGED', /flipped is not a whole exported learner of tench: .*hash/],
    [file('text'), 'ERR_TENCH_DAMAGED', /text is not a whole safetensors file/],
    [file('weights'), 'ERR_TENCH_DAMAGED', /weights is not a whole exported learner.*another format/],
    [file('checkpoint'), 'ERR_TENCH_DAMAGED', /checkpoint is not a whole exported learner.*another format/],
    [file('newer'), 'ERR_TENCH_UNSUPPORTED', /newer was written by a newer tench.*version 2.*reads up to 1/],
    [unknown, 'ERR_TENCH_MODEL', /unknown.*architecture "gptNet" is not known here.*getCnnModel.*registerModel/s],
    [refused, 'ERR_TENCH_ARGUMENT', /refused.*model cannot be made.*cIn/s],
    [wider, 'ERR_TENCH_STATE_DICT', /wider.*other shapes: 3\.conv\.weight|wider.*other shapes: .*weight is \[32/s],
    [fewer, 'ERR_TENCH_STATE_DICT', /fewer.*missing: /s],
    [noTransform, 'ERR_TENCH_ARGUMENT', /transform cannot be made.*Crumple/s],
    [noProcessor, 'ERR_TENCH', /processor.*Mine.*processors: \[Mine\]/s],
    [strange, 'ERR_TENCH_DAMAGED', /strange\.safetensors is not a whole exported learner.*model/],
  ];
  for (const [path, code, message] of cases)
    await t.rejects(load(path), { constructor: TenchError, code, message }, `${path} is refused`);
  await t.rejects(load(file('newer'), { thread: true }), { code: 'ERR_TENCH_UNSUPPORTED', message: /newer tench/ });
  await t.rejects(load(wider, { thread: true }), { code: 'ERR_TENCH_STATE_DICT', message: /other shapes/ });
  await t.rejects(load(good, { code: file('none.js') }), { message: /`code`, .*none\.js, cannot be imported/ });
  await t.rejects(load(good, { model: () => 7 as never }), { code: 'ERR_TENCH_MODEL', message: /no Module/ });
  await t.rejects(load(good, { model: () => new Sequential() }), { code: 'ERR_TENCH_STATE_DICT' });
});

t.test('a file that claims a model of many gigabytes is refused before memory is taken', async (t) => {
  const huge = await changed('huge', (one) => ({
    ...one,
    model: { name: 'getCnnModel', options: { cIn: 3, cOut: 3, nfs: [200_000, 200_000] } },
  }));
  resetPeakMemory();
  await t.rejects(load(huge), { code: 'ERR_TENCH_STATE_DICT', message: /huge.*other shapes.*200000/s });
  t.ok(memory().peakBytes < 2 ** 26, `${memory().peakBytes} bytes at most`);
});

t.test('what cannot be exported, and what to do about it', async (t) => {
  const out = join(t.testdir({ kept: 'as it was' }), 'kept');
  const fails = async (parts: RegExp[], run: () => Promise<void>): Promise<void> =>
    messagesOf(t, [[run, TenchError, parts]]);
  const steps = new Learner(learn.model, learn.data, { cbs: [new BatchTransformXCallback((xb) => xb)] });
  await fails([/cannot be exported/, /`describe`/], () => steps.export(out));
  await fails([/brighten cannot be exported/], () => learn.export(out, { tfms: [function brighten() {}] }));
  await fails([/tfms: \[\.\.\.\]/], () => new Learner(drawModel(), drawData()).export(out));
  const odd = Object.assign((xb: Tensor) => xb, { describe: () => ({ name: 'odd', helper: () => 1 }) });
  await fails([/cannot hold batches\.0\.helper/, /function/], () => learn.export(out, { batchTfms: odd }));
  const holding = Object.assign((xb: Tensor) => xb, { describe: () => ({ name: 'odd', scale: ones([3]) }) });
  await fails([/cannot hold batches\/0\/scale/, /tensor/], () => learn.export(out, { batchTfms: holding }));
  await fails([/cannot write/, /nowhere/], () => learn.export(join(folder, 'nowhere', 'deep')));
  await messagesOf(t, [[() => learn.export(''), ArgumentError, [/path/]]]);
  t.equal(readFileSync(out, 'utf8'), 'as it was', 'what was there is still there');
});

t.test('of many images each gets its prediction or its error', async (t) => {
  const images = t.testdir({
    'text.png': 'no picture',
    'empty.jpg': '',
    'cut.jpg': readFileSync(valid.find((file) => file.endsWith('.jpg'))!).subarray(0, 200),
  });
  const bad = (name: string): string => join(images, name);
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(3);
    throw new Error('the line went dead');
  };
  const sources = [
    valid[0]!,
    bad('text.png'),
    valid[1]!,
    bad('empty.jpg'),
    bad('cut.jpg'),
    bad('none.jpg'),
    images,
    Buffer.from('garbage'),
    { name: 'upload', bytes: Buffer.alloc(0) },
    Readable.from(failing()),
    Readable.from(['a text']),
    Readable.from([Buffer.alloc(600), Buffer.alloc(600)]),
    sharp(Buffer.from('no picture either')),
    valid[2]!,
  ];
  const words = [
    null,
    /text\.png/,
    null,
    /empty\.jpg/,
    /cut\.jpg/,
    /none\.jpg: there is no such file/,
    /it is a folder/,
    /image number 7 of \d+/,
    /upload/,
    /image number 9 of \d+.*the line went dead/,
    /image number 10 of \d+.*must give bytes.*a text/,
    /image number 11 of \d+.*more than 1000 bytes/,
    /image number 12 of \d+.*unsupported image format/,
    null,
  ];
  for (const thread of [true, false]) {
    await using predictor = await loadLearner(good, { thread, maxBytes: 1000 });
    const made = await predictor.predictBatch(thread ? sources : sources.slice(0, 9), { onError: 'return' });
    const alone = await predictor.predict(valid.slice(0, 3));
    const kept = made.filter((one): one is LabelPrediction => !(one instanceof Error));
    t.strictSame(
      kept.map(({ label }) => label),
      alone.slice(0, kept.length).map(({ label }) => label),
    );
    made.forEach((one, i) => {
      if (words[i] === null) return t.notOk(one instanceof Error);
      t.ok(
        one instanceof TenchError && one.code === 'ERR_TENCH_IMAGE',
        `${i}: ${one instanceof Error ? one.message : 'no error'}`,
      );
      return t.match((one as Error).message, words[i]!);
    });
    await t.rejects(predictor.predict([valid[0]!, bad('none.jpg'), bad('text.png')]), { message: /none\.jpg/ });
    await t.rejects(predictor.predict(bad('text.png')), { code: 'ERR_TENCH_IMAGE', message: /text\.png/ });
  }
});

/** Says of each picture how bright it is, in three columns; and cannot take more than three channels, or a bright picture. */
class Fussy extends Module {
  readonly conv = new Conv2d(3, 3, 1);

  override forward(x: Tensor): Tensor {
    if (x.max().item() > 0.9) throw new RangeError('too bright for me');
    return this.conv.call(x).mean([2, 3]);
  }
}

t.test('an image that the model cannot take does not fail the others of its batch', async (t) => {
  const path = join(folder, 'fussy.safetensors');
  const cbs = [new BatchTransformXCallback(normalizer({ mean: [0], std: [1] }))];
  const fussy = new Learner(new Fussy(), learn.data, { cbs });
  await fussy.export(path, { tfms: toByteTensor });
  const picture = (width: number, channels: 3 | 4, level: number): Promise<Buffer> =>
    sharp({ create: { width, height: 6, channels, background: { r: level, g: level, b: level, alpha: 0.5 } } })
      .png()
      .toBuffer();
  const sources = await Promise.all([
    picture(5, 3, 20),
    picture(6, 3, 20),
    picture(5, 4, 20),
    picture(5, 3, 250),
    picture(5, 3, 30),
  ]);
  await using predictor = await loadLearner(path, { model: new Fussy() });
  const made = await predictor.predictBatch(sources, { onError: 'return' });
  t.strictSame(
    made.map((one) => one instanceof Error),
    [false, false, true, true, false],
  );
  t.match((made[2] as Error).message, /image number 2 of 5/);
  t.match((made[3] as Error).message, /image number 3 of 5.*too bright for me/);
});

t.test('a model that gives NaN or other columns than there are labels is found out', async (t) => {
  const spoilt = await changed(
    'nan',
    (one) => one,
    new Map([...tensors].map(([name, one]) => [name, one.isFloatingPoint() ? full(one.shape, NaN) : one])),
  );
  await using nan = await loadLearner(spoilt, { thread: false });
  await t.rejects(nan.predict(valid[0]!), { code: 'ERR_TENCH_PREDICTION', message: /gave NaN/ });
  const fussy = new Learner(new Fussy(), learn.data, {
    cbs: [new BatchTransformXCallback(normalizer({ mean: [0], std: [1000] }))],
  });
  const path = join(folder, 'columns.safetensors');
  await fussy.export(path, { tfms: [makeRgb, new CenterCrop(8), toByteTensor] });
  const model = new Sequential(new Fussy(), new Lambda((x: Tensor) => x.narrow(1, 0, 2)));
  await using columns = await loadLearner(path, {
    model: Object.assign(new Fussy(), { call: model.call.bind(model) }),
  });
  await t.rejects(columns.predict(valid[0]!), { code: 'ERR_TENCH_PREDICTION', message: /\[1, 2\] .* 3 numbers/ });
});

t.test('after closing nothing is taken, and what was asked before is answered', async (t) => {
  for (const thread of [true, false]) {
    const predictor = await loadLearner(good, { thread });
    const asked = predictor.predict([...valid]);
    const closed = predictor.close();
    await t.rejects(predictor.predict(valid[0]!), { code: 'ERR_TENCH_CLOSED' });
    t.equal((await asked).length, valid.length);
    await closed;
    await predictor.close();
  }
  t.notOk(readdirSync(folder).some((name) => name.endsWith('.tmp')));
});
