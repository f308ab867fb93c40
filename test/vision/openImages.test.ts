import { Worker } from 'node:worker_threads';

import t from 'tap';
import sharp from 'sharp';
import { CategoryProcessor, StreamLoader, type StreamLoaderOptions, type StreamSample } from '../../lib/data/index.js';
import { memory, type TenchError, type Tensor } from '../../lib/tensor/index.js';
import { decodeImage } from '../../lib/vision/decode.js';
import { ImageList } from '../../lib/vision/imageList.js';
import { openImages } from '../../lib/vision/openImages.js';
import { makeRgb } from '../../lib/vision/transforms/makeRgb.js';
import { RandomFlip } from '../../lib/vision/transforms/randomFlip.js';
import { RandomResizedCrop } from '../../lib/vision/transforms/randomResizedCrop.js';
import { ResizeFixed } from '../../lib/vision/transforms/resizeFixed.js';
import { toByteTensor, toFloatTensor } from '../../lib/vision/transforms/toTensor.js';
import { leftBehind } from './readers.js';

interface Picture extends StreamSample {
  readonly bytes: Uint8Array;
  readonly label: string;
}

const COUNT = 17;
const pictures: Picture[] = [];

t.before(async () => {
  for (let index = 0; index < COUNT; index++) {
    const [width, height] = [40 + 3 * index, 60 - 2 * index];
    const raw = Buffer.from(Array.from({ length: width * height * 3 }, (_, at) => (at * (7919 + index)) % 251));
    const picture = sharp(raw, { raw: { width, height, channels: 3 } });
    const bytes = await (index % 5 === 4 ? picture.png() : picture.jpeg()).toBuffer();
    pictures.push({ name: `shard: ${index}`, index: 100 + index, bytes, label: `${index % 3}` });
  }
});

const streamOf = (samples: readonly Picture[]) => ({
  async *samples(): AsyncGenerator<Picture> {
    for (const sample of samples) yield sample;
  },
});

type Options = Partial<StreamLoaderOptions<Picture>>;
const together = (): StreamLoaderOptions<Picture>['x'] => openImages((sample: Picture) => sample.bytes);
const oneByOne = ({ name, bytes }: Picture): unknown => decodeImage({ name, bytes });
const random = [makeRgb, new RandomResizedCrop(24), new RandomFlip(), toByteTensor, toFloatTensor];

const loaderOf = (options: Options, samples: readonly Picture[] = pictures): StreamLoader<Picture> =>
  new StreamLoader(streamOf(samples), {
    x: together(),
    y: ({ label }) => label,
    procY: new CategoryProcessor({ vocab: ['0', '1', '2'] }),
    tfms: random,
    batchSize: 5,
    seed: 2,
    ...options,
  });

async function walk(loader: StreamLoader<Picture>): Promise<Tensor[][]> {
  const batches: Tensor[][] = [];
  for await (const batch of loader) batches.push(batch);
  return batches;
}

const areEqual = (a: readonly Tensor[][], b: readonly Tensor[][]): boolean =>
  a.length === b.length && a.every((batch, i) => batch.every((part, j) => part.equal(b[i]![j]!)));

t.test('batches are those of images opened one by one, on any number of threads and after a resume', async (t) => {
  const wanted = await walk(loaderOf({ x: oneByOne }));
  t.same(
    wanted.map(([xb, yb]) => [xb!.shape, xb!.dtype, yb!.shape]),
    [5, 5, 5, 2].map((count) => [[count, 3, 24, 24], 'float32', [count]]),
  );
  for (const numThreads of [undefined, 0, 1, 5])
    t.ok(areEqual(await walk(loaderOf({ numThreads })), wanted), `${numThreads ?? 'all'} threads`);
  const resumed = loaderOf({});
  resumed.setEpoch(0, { batch: 2 });
  t.ok(areEqual(await walk(resumed), wanted.slice(2)), 'resumed');
  const inMiddle = [makeRgb, new RandomResizedCrop(24), (image: unknown) => image, new RandomFlip(), toByteTensor];
  const [xb] = (await walk(loaderOf({ tfms: inMiddle })))[0]!;
  t.same(xb!.shape, [5, 3, 24, 24], 'a function of the user in the chain');
  const [alone] = (await walk(loaderOf({ y: undefined, procY: null })))[0]!;
  t.ok(alone!.equal(wanted[0]![0]!), 'without labels');
});

t.test('a stream in a worker gives the same batches', async (t) => {
  const wanted = await walk(loaderOf({}));
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.library).then(async (tench) => {
      const { RandomFlip, RandomResizedCrop, StreamLoader, makeRgb, openImages, toByteTensor, toFloatTensor } = tench;
      const source = { async *samples() { yield* workerData.pictures; } };
      const tfms = [makeRgb, new RandomResizedCrop(24), new RandomFlip(), toByteTensor, toFloatTensor];
      const x = openImages((sample) => sample.bytes);
      const batches = [];
      for await (const [xb] of new StreamLoader(source, { x, tfms, batchSize: 5, seed: 2 })) batches.push(xb.toTypedArray());
      parentPort.postMessage(batches);
    });`;
  const library = new URL('../../lib/index.js', import.meta.url).href;
  const worker = new Worker(program, { eval: true, workerData: { library, pictures } });
  const batches = await new Promise<Float32Array[]>((resolve, reject) =>
    worker.on('message', resolve).on('error', reject),
  );
  await worker.terminate();
  t.same(
    batches,
    wanted.map(([xb]) => xb!.toTypedArray()),
  );
});

t.test('what fails is what fails one by one, with the same words', async (t) => {
  const damaged = pictures.map((sample, i) => {
    if (i === 3) return { ...sample, bytes: sample.bytes.subarray(0, 300) };
    if (i === 6) return { ...sample, bytes: Buffer.from('no image') };
    if (i === 7) return { ...sample, label: 'unknown' };
    if (i === 8) return { ...sample, bytes: undefined as never };
    return sample;
  });
  const warn = (): void => undefined;
  process.on('warning', warn);
  t.teardown(() => process.off('warning', warn));
  const found = [];
  for (const x of [oneByOne, together()]) {
    for (const [from, to] of [
      [0, 5],
      [5, 7],
      [7, 8],
      [8, 9],
    ]) {
      const failed = walk(loaderOf({ x }, damaged.slice(from, to)));
      found.push(
        await failed.then(String, (error: unknown) => `${(error as TenchError).code} ${(error as Error).message}`),
      );
    }
    const loader = loaderOf({ x, onError: 'skip' }, damaged);
    found.push(await walk(loader));
    found.push(loader.failures.map(({ index, path, cause }) => [index, path, cause.message]));
  }
  const half = found.length / 2;
  t.same(found.slice(half, half + 4), found.slice(0, 4), 'errors');
  t.match(found[half], /^ERR_TENCH_IMAGE cannot read the image shard: 3: it is truncated/);
  t.match(found[half + 3], /ERR_TENCH_ARGUMENT .*`source`.*shard: 8/);
  t.ok(areEqual(found[half + 4] as Tensor[][], found[4] as Tensor[][]), 'what is left');
  t.same(
    (found[4] as Tensor[][]).map(([xb]) => xb!.shape[0]),
    [4, 2, 5, 2],
  );
  t.same(found[half + 5], found[5], 'failures');
  t.same(
    (found[5] as [number][]).map(([index]) => index),
    [103, 106, 107, 108],
  );
  const unequal = loaderOf({ tfms: [makeRgb, toByteTensor] });
  await t.rejects(walk(unequal), { code: 'ERR_TENCH_SHAPE', message: /shard: 0 is 40 x 60 .* shard: 1 is 43 x 58/ });
});

t.test('leaving the loop, or an abort, frees threads and memory', async (t) => {
  const many = Array.from({ length: 10 }, () => pictures).flat();
  const tfms = [makeRgb, new ResizeFixed(500, { resample: 'lanczos' }), toByteTensor];
  const before = memory().tensors;
  for await (const batch of loaderOf({ tfms, prefetch: 6 }, many)) {
    for (const part of batch) part.dispose();
    break;
  }
  const abort = new AbortController();
  await t.rejects(
    async () => {
      for await (const batch of loaderOf({ tfms, prefetch: 6, signal: abort.signal }, many)) {
        for (const part of batch) part.dispose();
        abort.abort(new Error('enough'));
      }
    },
    { message: 'enough' },
  );
  const left = await leftBehind(before);
  t.ok(left.tensors <= 0, `no batch is left (${left.tensors})`);
  t.equal(left.threads, 0, 'no thread is left');
});

t.test('a list of bytes takes the same way', async (t) => {
  const named = pictures.map(({ name, bytes }) => ({ name, bytes }));
  const tfms = [makeRgb, new ResizeFixed(24), toByteTensor];
  const draw = { seed: 1, epoch: 0 };
  const places = [...named.keys()];
  const slowly = new ImageList<Tensor, (typeof named)[0]>(named, 'memory', [
    ...tfms.slice(0, 2),
    Object.assign((image: unknown) => image, { order: 15 }),
    toByteTensor,
  ] as never);
  const [wanted] = await slowly.getBatch(places, draw);
  const lists = [new ImageList<Tensor, (typeof named)[0]>(named, 'memory', tfms)];
  for (const list of lists) t.ok((await list.getBatch(places, draw))[0]!.equal(wanted!));

  // More than native threads may hold copies of at a time: what lies behind the end of a picture is not looked at.
  const heavy = named.map(({ name, bytes }) => ({ name, bytes: Buffer.concat([bytes, Buffer.alloc(12 * 2 ** 20)]) }));
  const jpegs = heavy.filter((_, i) => i % 5 !== 4);
  const some = places.filter((i) => i % 5 !== 4);
  const [ofHeavy] = await new ImageList<Tensor, (typeof named)[0]>(jpegs, 'memory', tfms).getBatch(
    [...jpegs.keys()],
    draw,
  );
  const [ofLight] = await lists[0]!.getBatch(some, draw);
  t.ok(ofHeavy!.equal(ofLight!), 'in runs');

  const moved = named.map(({ name, bytes }) => ({ name, bytes: new Uint8Array(bytes) }));
  const painting = new ImageList<Tensor, (typeof named)[0]>(moved, 'memory', tfms).getBatch(some, draw);
  for (const i of some) structuredClone(moved[i]!.bytes.buffer, { transfer: [moved[i]!.bytes.buffer] });
  t.ok((await painting)[0]!.equal(ofLight!), 'whatever becomes of the bytes meanwhile');
});
