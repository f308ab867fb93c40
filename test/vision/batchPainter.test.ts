import t from 'tap';
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import type { TransformContext, Transforms } from '../../lib/data/compose.js';
import {
  CategoryProcessor,
  DataLoader,
  ItemList,
  LabeledData,
  WeightedSampler,
  type LoaderOptions,
} from '../../lib/data/index.js';
import { TenchError, memory, type Tensor } from '../../lib/tensor/index.js';
import type { Image } from '../../lib/vision/image.js';
import { ImageList } from '../../lib/vision/imageList.js';
import { ImageTransform } from '../../lib/vision/transforms/imageTransform.js';
import type { ImageOperation, ImageSize } from '../../lib/vision/program.js';
import { CenterCrop } from '../../lib/vision/transforms/generalCrop.js';
import { makeRgb } from '../../lib/vision/transforms/makeRgb.js';
import { RandomFlip } from '../../lib/vision/transforms/randomFlip.js';
import { RandomResizedCrop } from '../../lib/vision/transforms/randomResizedCrop.js';
import { ResizeFixed } from '../../lib/vision/transforms/resizeFixed.js';
import { toByteTensor, toFloatTensor } from '../../lib/vision/transforms/toTensor.js';
import { contextOf } from './pictures.js';
import { leftBehind } from './readers.js';

const COUNT = 23;

/** Draws pictures of sizes of their own: JPEG, every fourth grey, every fifth a PNG with alpha. */
async function draw(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (let i = 0; i < COUNT; i++) {
    const [width, height] = [30 + 3 * i, 70 - 2 * i];
    const bytes = Buffer.from(Array.from({ length: width * height * 4 }, (_, at) => (at * (7919 + i)) % 251));
    const picture = sharp(bytes, { raw: { width, height, channels: 4 } });
    const isPng = i % 5 === 4;
    const path = join(folder, `${String(i).padStart(2, '0')}.${isPng ? 'png' : 'jpg'}`);
    if (i % 4 === 3) picture.removeAlpha().toColourspace('b-w');
    await (isPng ? picture.png() : picture.jpeg({ quality: 90, progressive: i % 3 === 0 })).toFile(path);
    paths.push(path);
  }
  return paths;
}

/** A part of the picture at a random place, which takes the draws that every transform of its kind takes. */
class RandomPart extends ImageTransform {
  plan({ width, height }: ImageSize, context?: TransformContext): ImageOperation[] {
    const random = context!.random;
    const [left, top] = [random.integer(width / 2), random.integer(height / 2)];
    const crop: ImageOperation = { op: 'crop', left, top, width: width / 2, height: height / 2 };
    return random.bernoulli(0.5) ? [crop, { op: 'dihedral', element: 1 }] : [crop];
  }

  override describe(): { name: string } {
    return { name: 'RandomPart' };
  }
}

/** The same chain, out of which a function that does nothing takes the native path. */
const inJavaScript = (tfms: readonly Transforms[]): Transforms => [
  ...(tfms as never[]),
  Object.assign((image: Image) => image, { order: 15 }),
];

const random = [makeRgb, new ResizeFixed([40, 32], { resample: ['bilinear', 'bicubic'] }), new RandomPart()];

type Asserts = Pick<typeof t, 'same' | 'ok'>;

const pixelsOf = (tensor: Tensor): number[] => [...(tensor.toTypedArray() as Float32Array)];

async function walk(list: ImageList<Tensor>, options: LoaderOptions = {}): Promise<Tensor[]> {
  const batches: Tensor[] = [];
  for await (const [xb] of new DataLoader(list, { batchSize: 5, shuffle: true, seed: 3, ...options }))
    batches.push(xb!);
  return batches;
}

const root = t.testdir();
let paths: string[] = [];
t.before(async () => {
  paths = await draw(root);
});

const sameBatches = (t: Asserts, batches: readonly Tensor[], wanted: readonly Tensor[], name: string): void => {
  t.same(
    batches.map(({ shape, dtype }) => [...shape, dtype]),
    wanted.map(({ shape, dtype }) => [...shape, dtype]),
    `${name}: shapes`,
  );
  t.ok(
    batches.every((batch, i) => batch.equal(wanted[i]!)),
    `${name}: bit for bit`,
  );
};

t.test('native batches are those of the JavaScript path, on any number of threads', async (t) => {
  for (const tail of [[toByteTensor], [toByteTensor, toFloatTensor]] as Transforms[][]) {
    const wanted = await walk(new ImageList<Tensor>(paths, root, inJavaScript([...random, ...tail] as never[])));
    t.equal(wanted.length, 5);
    t.same(wanted[0]!.shape, [5, 3, 16, 20]);
    t.equal(wanted[0]!.dtype, tail.length === 1 ? 'uint8' : 'float32');
    const list = new ImageList<Tensor>(paths, root, [...random, ...tail] as never[]);
    for (const numThreads of [undefined, 0, 1, 2, 5])
      sameBatches(t, await walk(list, { numThreads }), wanted, `${numThreads ?? 'all'} threads`);
    sameBatches(t, await walk(list, { prefetch: 0 }), wanted, 'none ahead');
  }
});

t.test("a user's function in the middle of a chain works, and keeps the pixels of the rest", async (t) => {
  // Twice left to right is where it was; rows of built-in steps lie before and after.
  const mirror = async (image: Image): Promise<Image> => new RandomFlip(1).apply(image, contextOf(0));
  const user = Object.assign(mirror, { order: 11 });
  const parts = [new RandomPart(), new RandomFlip()];
  const plain = new ImageList<Tensor>(paths, root, [makeRgb, new ResizeFixed([40, 32]), ...parts, toByteTensor]);
  const between = new ImageList<Tensor>(paths, root, [
    makeRgb,
    new ResizeFixed([40, 32]),
    user,
    user,
    ...parts,
    toByteTensor,
  ] as never);
  const [wanted, found] = await Promise.all(
    [plain, between].map((list) => list.getBatch([0, 3, 4, 7], { seed: 1, epoch: 0 })),
  );
  t.notOk(found![0]!.equal(wanted![0]!), 'draws hang on the place in the chain');

  const fixed = [new ResizeFixed([40, 32]), new RandomFlip(1), new CenterCrop(20)];
  const one = new ImageList<Tensor>(paths, root, [makeRgb, ...fixed, toByteTensor]);
  const rest = new ImageList<Tensor>(paths, root, [
    makeRgb,
    fixed[0],
    user,
    user,
    fixed[1],
    fixed[2],
    toByteTensor,
  ] as never);
  const places = [...paths.keys()];
  const draw = { seed: 1, epoch: 0 };
  t.ok((await rest.getBatch(places, draw))[0]!.equal((await one.getBatch(places, draw))[0]!));

  let taken = 0;
  class Counting extends ImageTransform {
    plan(): ImageOperation[] {
      return [{ op: 'dihedral', element: 2 }];
    }
    override async apply(image: Image): Promise<Image> {
      taken += 1;
      return super.apply(image);
    }
  }
  const own = new ImageList<Tensor>(paths, root, [
    makeRgb,
    new ResizeFixed(9),
    new Counting(),
    new Counting(),
    toByteTensor,
  ]);
  const small = new ImageList<Tensor>(paths, root, [makeRgb, new ResizeFixed(9), toByteTensor]);
  t.ok((await own.getBatch(places, draw))[0]!.equal((await small.getBatch(places, draw))[0]!));
  t.equal(taken, 2 * COUNT, 'what a subclass does besides its plan is done');
});

t.test('every byte becomes the float that a division by 255 gives', async (t) => {
  const path = join(root, 'every-byte.png');
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  await sharp(bytes, { raw: { width: 16, height: 16, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toFile(path);
  for (const [step, channels] of [
    [[], 1],
    [[makeRgb], 3],
  ] as [(typeof makeRgb)[], number][]) {
    const list = new ImageList<Tensor>([path], root, [...step, toByteTensor, toFloatTensor] as never[]);
    const [xb] = await new DataLoader(list, { batchSize: 1 }).oneBatch();
    const wanted = Array.from({ length: 256 * channels }, (_, i) => Math.fround((i % 256) / 255));
    t.same(pixelsOf(xb!.reshape([-1])), wanted, `${channels} channels`);
  }
});

t.test('an epoch that is resumed goes on with the same batches', async (t) => {
  const list = new ImageList<Tensor>(paths, root, [...random, toByteTensor]);
  const loader = new DataLoader(list, { batchSize: 5, shuffle: true, seed: 3 });
  loader.setEpoch(4);
  const whole: Tensor[] = [];
  for await (const [xb] of loader) whole.push(xb!);
  const resumed = new DataLoader(list, { batchSize: 5, shuffle: true, seed: 3, numThreads: 1 });
  resumed.setEpoch(4, { batch: 2 });
  const rest: Tensor[] = [];
  for await (const [xb] of resumed) rest.push(xb!);
  sameBatches(t, rest, whole.slice(2), 'from the third batch on');
  const next: Tensor[] = [];
  for await (const [xb] of resumed) next.push(xb!);
  t.equal(next.length, 5, 'the walk after that is a whole one');
  t.notOk(next[0]!.equal(whole[0]!), 'and another epoch');
});

t.test('an item that comes twice in an epoch is another picture each time, on both paths', async (t) => {
  const sampler = new WeightedSampler(paths.map((_, i) => (i < 4 ? 6 : 1)));
  const options: LoaderOptions = { sampler, shuffle: false };
  const wanted = await walk(new ImageList<Tensor>(paths, root, inJavaScript([...random, toByteTensor])), options);
  const order = new DataLoader(new ItemList(paths), { sampler, seed: 3 }).order(0);
  t.ok(new Set(order).size < 18, 'many come twice or more often');
  const pictures = wanted.flatMap((batch) => batch.unbind(0)).map((picture) => pixelsOf(picture).join());
  // 12 x 16 places and a flip: repeats of all might meet, of none would not.
  t.ok(new Set(pictures).size > new Set(order).size, 'repeats differ');
  const list = new ImageList<Tensor>(paths, root, [...random, toByteTensor]);
  for (const numThreads of [undefined, 0, 1, 5])
    sameBatches(t, await walk(list, { ...options, numThreads }), wanted, `${numThreads ?? 'all'} threads`);
  const resumed = new DataLoader(list, { batchSize: 5, seed: 3, sampler });
  resumed.setEpoch(0, { batch: 3 });
  const rest: Tensor[] = [];
  for await (const [xb] of resumed) rest.push(xb!);
  sameBatches(t, rest, wanted.slice(3), 'resumed');
});

t.test('a worker makes the same batches', async (t) => {
  const weights = paths.map((_, i) => (i < 4 ? 6 : 1));
  const wanted = await walk(
    new ImageList<Tensor>(paths, root, [makeRgb, new RandomResizedCrop(24), new RandomFlip(), toByteTensor]),
    { shuffle: false, sampler: new WeightedSampler(weights) },
  );
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.library).then(async ({ DataLoader, ImageList, RandomFlip, RandomResizedCrop, WeightedSampler, makeRgb, toByteTensor }) => {
      const list = new ImageList(workerData.paths, '.', [makeRgb, new RandomResizedCrop(24), new RandomFlip(), toByteTensor]);
      const batches = [];
      const sampler = new WeightedSampler(workerData.weights);
      for await (const [xb] of new DataLoader(list, { batchSize: 5, sampler, seed: 3 })) batches.push(xb.toTypedArray());
      parentPort.postMessage(batches);
    });`;
  const library = new URL('../../lib/index.js', import.meta.url).href;
  const worker = new Worker(program, { eval: true, workerData: { library, paths, weights } });
  const batches = await new Promise<Uint8Array[]>((resolve, reject) =>
    worker.on('message', resolve).on('error', reject),
  );
  await worker.terminate();
  t.same(
    batches.map((batch) => [...batch]),
    wanted.map(pixelsOf),
  );
});

t.test('a worker that ends in the middle of an epoch takes nothing down', async (t) => {
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.library).then(async ({ DataLoader, ImageList, ResizeFixed, makeRgb, toByteTensor }) => {
      const list = new ImageList(workerData.paths, '.', [makeRgb, new ResizeFixed(600, { resample: 'lanczos' }), toByteTensor]);
      for await (const batch of new DataLoader(list, { batchSize: 8, prefetch: 8 })) parentPort.postMessage('begun');
    });`;
  const library = new URL('../../lib/index.js', import.meta.url).href;
  const many = new Array<string[]>(20).fill(paths).flat();
  for (let i = 0; i < 3; i++) {
    const worker = new Worker(program, { eval: true, workerData: { library, paths: many } });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await worker.terminate();
  }
  t.equal((await walk(new ImageList<Tensor>(paths, root, [makeRgb, new ResizeFixed(24), toByteTensor]))).length, 5);
});

t.test('a loader that is left frees threads and memory', async (t) => {
  const tfms = [makeRgb, new ResizeFixed(500, { resample: 'lanczos' }), toByteTensor];
  const list = new ImageList<Tensor>(new Array<string[]>(10).fill(paths).flat(), root, tfms);
  const before = memory().tensors;
  for await (const [xb] of new DataLoader(list, { batchSize: 8, prefetch: 8 })) {
    xb!.dispose();
    break;
  }
  const left = await leftBehind(before);
  // The collector may have taken tensors of earlier tests meanwhile.
  t.ok(left.tensors <= 0, `no batch is left (${left.tensors})`);
  t.equal(left.threads, 0, 'no thread is left');
});

t.test('a signal stops a walk at once', async (t) => {
  const list = new ImageList<Tensor>(paths, root, [makeRgb, new ResizeFixed(64), toByteTensor]);
  const controller = new AbortController();
  const loader = new DataLoader(list, { batchSize: 2, signal: controller.signal });
  const walking = async (): Promise<void> => {
    for await (const [xb] of loader) {
      xb!.dispose();
      controller.abort(new Error('enough'));
    }
  };
  await t.rejects(walking(), { message: 'enough' });
  await t.rejects(loader.oneBatch(), { message: 'enough' });
});

t.test('bad files: what becomes of them is the policy of the loader', async (t) => {
  const folder = t.testdir();
  cpSync(root, folder, { recursive: true });
  const copies = paths.map((path) => path.replace(root, folder));
  truncateSync(copies[2]!, 400);
  writeFileSync(copies[9]!, 'no image at all');
  rmSync(copies[12]!);
  const bad = [2, 9, 12];
  const good = copies.filter((_, i) => !bad.includes(i));
  const warnings: Error[] = [];
  const note = (warning: Error): unknown => warnings.push(warning);
  process.on('warning', note);
  t.teardown(() => process.off('warning', note));

  for (const isNative of [true, false]) {
    const chain = [makeRgb, new ResizeFixed(12), toByteTensor] as Transforms[];
    const tfms = isNative ? (chain as never[]) : inJavaScript(chain);
    const list = new ImageList<Tensor>(copies, folder, tfms);
    const kind = isNative ? 'native' : 'JavaScript';
    await t.rejects(walk(list, { shuffle: false }), { code: 'ERR_TENCH_IMAGE', message: new RegExp(copies[2]!) }, kind);

    const data = new LabeledData(list, new ItemList(copies, folder), null, new CategoryProcessor());
    const skipping = new DataLoader(data, { batchSize: 5, onError: 'skip' });
    const rows: number[] = [];
    const labels: number[] = [];
    warnings.length = 0;
    for await (const [xb, yb] of skipping) {
      rows.push(xb!.shape[0]!);
      labels.push(...(yb!.toList() as number[]));
    }
    t.same(rows, [4, 4, 4, 5, 3], `${kind}: a batch is smaller by what it lacks`);
    t.same(
      labels,
      copies.map((_, i) => i).filter((i) => !bad.includes(i)),
      `${kind}: labels are those of the items that there are`,
    );
    t.same(
      skipping.failures.map(({ index, path }) => [index, path]),
      bad.map((i) => [i, copies[i]]),
      `${kind}: which failed`,
    );
    t.ok(skipping.failures.every(({ cause }) => cause instanceof TenchError && cause.message.includes(folder)));
    await wait(1);
    t.match(warnings[0]?.message, /3 of 23 items of epoch 0 could not be had and were left out; the first: .*02\.jpg/);
    const skipped = await walk(list, { onError: 'skip', batchSize: 100, shuffle: false });
    const without = await walk(new ImageList<Tensor>(good, folder, tfms), { batchSize: 100, shuffle: false });
    sameBatches(t, skipped, without, `${kind}: skipping`);
  }

  const list = new ImageList<Tensor>(copies, folder, [makeRgb, new ResizeFixed(12), toByteTensor]);
  const replaced = await walk(list, { onError: 'replace' });
  t.same(
    replaced.map(({ shape }) => shape[0]),
    [5, 5, 5, 5, 3],
  );
  const again = await walk(new ImageList<Tensor>(copies, folder, inJavaScript(list.chain.transforms)), {
    onError: 'replace',
    numThreads: 1,
  });
  sameBatches(t, again, replaced, 'replacements are drawn by the seed');

  const none = new ImageList<Tensor>([copies[9]!, copies[12]!], folder, list.tfms);
  await t.rejects(walk(none, { onError: 'skip' }), { message: /none of the 2 items of the epoch can be had/ });
  await t.rejects(walk(none, { onError: 'replace' }), {
    message: /none of 20 items drawn as a replacement can be had/,
  });
});

t.test('a file that changes while it is being read is an error or the new picture, never a mixture', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'changing.jpg');
  const paint = async (side: number): Promise<Buffer> =>
    sharp({ create: { width: side, height: side, channels: 3, background: '#ff0000' } })
      .jpeg()
      .toBuffer();
  writeFileSync(path, await paint(20));
  const list = new ImageList<Tensor>([path], folder, [makeRgb, toByteTensor]);
  const [first] = await walk(list);
  writeFileSync(path, await paint(30));
  const [second] = await walk(list);
  t.same(
    [first!.shape, second!.shape],
    [
      [1, 3, 20, 20],
      [1, 3, 30, 30],
    ],
  );
});

t.test('unequal sizes in a batch name both files', async (t) => {
  const list = new ImageList<Tensor>(paths.slice(0, 5), root, [makeRgb, toByteTensor]);
  await t.rejects(walk(list, { shuffle: false }), {
    code: 'ERR_TENCH_SHAPE',
    message: new RegExp(`${paths[0]} is 30 x 70 with 3 channels and ${paths[1]} is 33 x 68 with 3 channels`),
  });
  const mixed = new ImageList<Tensor>([paths[0]!, paths[4]!], root, [makeRgb, toByteTensor]);
  await t.rejects(walk(mixed, { shuffle: false }), { message: new RegExp(`${paths[0]} is .* and ${paths[4]} is `) });
});

t.test('a mistake in a plan names the file and the transform', async (t) => {
  class Wrong extends ImageTransform {
    plan(): ImageOperation[] {
      return [{ op: 'crop', left: 0, top: 0, width: 0, height: 5 }];
    }
    override describe(): { name: string } {
      return { name: 'Wrong' };
    }
  }
  class Late extends ImageTransform {
    plan(): ImageOperation[] {
      return [{ op: 'dihedral', element: 11 }];
    }
    override describe(): { name: string } {
      return { name: 'Late' };
    }
  }
  const pass = Object.assign((image: Image) => image, { order: 15 });
  for (const wrong of [new Wrong(), new Late()]) {
    for (const more of [[], [pass]]) {
      const tfms = [makeRgb, new ResizeFixed(8), wrong, ...more, toByteTensor] as never;
      await t.rejects(walk(new ImageList<Tensor>([paths[0]!], root, tfms)), { message: new RegExp(paths[0]!) });
    }
    const bytes = readFileSync(paths[0]!);
    const tfms = [makeRgb, new ResizeFixed(8), wrong, pass, toByteTensor] as never;
    await t.rejects(new ImageList<Tensor, Uint8Array>([bytes], 'memory', tfms).get(0), {
      message: new RegExp(`item 0 of memory: ${wrong.describe().name} failed: `),
    });
  }
  t.ok(readFileSync(paths[0]!).length > 0);
});
