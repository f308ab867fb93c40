import t from 'tap';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { ItemList } from '../../../lib/data/itemList.js';
import { compose, type TransformContext } from '../../../lib/data/compose.js';
import { Generator } from '../../../lib/data/random.js';
import { Tensor } from '../../../lib/tensor/index.js';
import { Image } from '../../../lib/vision/image.js';
import type { Filter } from '../../../lib/vision/filters.js';
import { makeRgb } from '../../../lib/vision/transforms/makeRgb.js';
import { ResizeFixed } from '../../../lib/vision/transforms/resizeFixed.js';
import { toByteTensor, toFloatTensor } from '../../../lib/vision/transforms/toTensor.js';

interface Golden {
  width: number;
  height: number;
  rgb: number[];
  results: { size: [number, number]; filter: Filter; rgb: number[] }[];
}

const context: TransformContext = { random: new Generator(0), index: 0, epoch: 0 };
const image = (
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
  at: (x: number, y: number, channel: number) => number,
  path?: string,
): Image => {
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    data[i] = at(pixel % width, Math.floor(pixel / width), i % channels);
  }
  return new Image({ width, height, channels, data, path });
};

t.test('an image checks its bytes and prints itself', (t) => {
  const drawn = image(237, 160, 3, (x, y) => x + y, 'fish.jpg');
  t.same(drawn.shape, [160, 237, 3], 'rows, columns, channels, as the lesson prints its first fish');
  t.same(drawn.size, [237, 160]);
  t.equal(inspect(drawn), 'Image (237 x 160, 3 channels, fish.jpg)');
  t.throws(() => new Image({ width: 2, height: 2, channels: 3, data: new Uint8Array(11) }), {
    message: /2 x 2 x 3 bytes.*11 bytes/,
  });
  t.throws(() => new Image({ width: 0, height: 2, channels: 3, data: new Uint8Array(0) }), { message: /`width`/ });
  t.throws(() => new Image({ width: 1, height: 1, channels: 5 as 4, data: new Uint8Array(5) }), {
    message: /`channels`/,
  });
  t.end();
});

t.test('makeRgb repeats grey, drops alpha without blending, and leaves RGB alone', async (t) => {
  const first = async (of: Image): Promise<number[]> => [...(await makeRgb(of)).data.subarray(0, 6)];
  t.same(await first(image(2, 1, 1, (x) => 10 + x)), [10, 10, 10, 11, 11, 11]);
  t.same(
    await first(image(2, 1, 2, (x, _y, channel) => (channel === 0 ? 10 + x : 0))),
    [10, 10, 10, 11, 11, 11],
    'alpha 0 changes nothing',
  );
  t.same(
    await first(image(2, 1, 4, (x, _y, channel) => (channel === 3 ? 128 : 10 * x + channel))),
    [0, 1, 2, 10, 11, 12],
  );
  const rgb = image(2, 1, 3, (x) => x);
  t.equal(await makeRgb(rgb), rgb);
  t.equal((await makeRgb(image(1, 1, 1, () => 0, 'a.png'))).path, 'a.png', 'the path is kept');
  await t.rejects(makeRgb(3 as unknown as Image), { message: /`makeRgb: image`/ });
});

t.test('ResizeFixed gives exactly the size, as [width, height]', async (t) => {
  const wide = image(40, 20, 3, (x) => x * 6);
  t.same((await new ResizeFixed(8).apply(wide)).size, [8, 8]);
  const resized = await new ResizeFixed([10, 5]).apply(wide);
  t.same([resized.size, resized.channels], [[10, 5], 3]);
  const grey = await new ResizeFixed([10, 5]).apply(image(40, 20, 1, (x) => x * 6));
  t.equal(grey.channels, 1);
  t.equal(await new ResizeFixed([40, 20]).apply(wide), wide, 'nothing to do, nothing is done');
  const flat = await new ResizeFixed(7).apply(image(31, 17, 3, (_x, _y, channel) => 50 * (channel + 1)));
  t.ok(
    flat.data.every((value, index) => value === 50 * ((index % 3) + 1)),
    'one colour stays that colour',
  );
  // An antialiased filter averages what it covers: black and white columns become grey, not one of the two.
  const stripes = await new ResizeFixed([20, 1]).apply(image(200, 1, 1, (x) => (x % 2) * 255));
  t.ok(stripes.data.every((value) => Math.abs(value - 127.5) < 20));
  const nearest = await new ResizeFixed([20, 1], { resample: 'nearest' }).apply(image(200, 1, 1, (x) => (x % 2) * 255));
  t.ok(nearest.data.every((value) => value === 0 || value === 255));
});

t.test('every filter gives the pixels of Pillow', async (t) => {
  const path = fileURLToPath(new URL('../../../../test/goldens/images/resized.json', import.meta.url));
  const golden = JSON.parse(readFileSync(path, 'utf8')) as Golden;
  const source = new Image({
    width: golden.width,
    height: golden.height,
    channels: 3,
    data: Uint8Array.from(golden.rgb),
  });
  for (const { size, filter, rgb } of golden.results) {
    const resized = await new ResizeFixed(size, { resample: filter }).apply(source);
    const off = Math.max(...rgb.map((value, index) => Math.abs(value - resized.data[index]!)));
    t.ok(off <= 1, `${filter} to ${size.join(' x ')}: at most ${off} levels off`);
  }
});

t.test('a transform describes itself as plain data', (t) => {
  t.same(new ResizeFixed(128).describe(), { name: 'ResizeFixed', size: [128, 128], resample: 'bilinear' });
  t.equal(inspect(new ResizeFixed([8, 4], { resample: 'nearest' })), 'ResizeFixed(size: [8,4], resample: "nearest")');
  t.same(
    [makeRgb, toByteTensor, toFloatTensor].map((transform) => transform.describe()),
    [{ name: 'makeRgb' }, { name: 'toByteTensor' }, { name: 'toFloatTensor' }],
  );
  for (const bad of [0, 1.5, [8], [8, 0], 'big']) t.throws(() => new ResizeFixed(bad as number), { message: /`size`/ });
  t.throws(() => new ResizeFixed(8, { resample: 'cubic' as 'bicubic' }), { message: /`resample`/ });
  t.end();
});

t.test('toByteTensor: uint8, channels first', (t) => {
  const bytes = toByteTensor(image(3, 2, 3, (x, y, channel) => 100 * channel + 10 * y + x));
  t.equal(bytes.dtype, 'uint8');
  t.same(
    bytes.toList(),
    [0, 100, 200].map((base) => [
      [base, base + 1, base + 2],
      [base + 10, base + 11, base + 12],
    ]),
  );
  t.same(toByteTensor(image(2, 1, 1, (x) => x)).shape, [1, 1, 2]);
  t.throws(() => toByteTensor(bytes as unknown as Image), { message: /bytes come before `toByteTensor`/ });
  t.end();
});

t.test('toFloatTensor: float32 from 0 to 1', (t) => {
  const floats = toFloatTensor(toByteTensor(image(3, 1, 1, (x) => [0, 51, 255][x]!)));
  t.equal(floats.dtype, 'float32');
  t.same(floats.toList(), [[[0, Math.fround(51 / 255), 1]]]);
  t.end();
});

t.test('a chain runs by order, however it is given', async (t) => {
  const chain = [toFloatTensor, toByteTensor, new ResizeFixed([4, 3]), makeRgb];
  const made = await compose<Tensor>(
    image(8, 6, 1, () => 255),
    chain,
    context,
  );
  t.ok(made instanceof Tensor);
  t.same([made.shape, made.dtype], [[3, 3, 4], 'float32']);
  t.equal(made.min().item(), 1);
});

t.test('a batch made at once equals the items one by one', async (t) => {
  class Drawn extends ItemList<number, Tensor> {
    override open(seed: number): Image {
      return image(7, 5, 3, (x, y, channel) => (seed * 97 + x * 31 + y * 17 + channel * 5) % 256, `drawn ${seed}`);
    }
  }
  const addOne = Object.assign((x: Tensor) => x.add(1), { order: 40 });
  for (const tfms of [[toByteTensor], [toByteTensor, toFloatTensor], [toByteTensor, toFloatTensor, addOne]]) {
    const list = new Drawn([1, 2, 3], '.', tfms);
    const [batch] = await list.getBatch([2, 0, 1], { seed: 0, epoch: 0 });
    t.same(batch!.shape, [3, 3, 5, 7]);
    t.ok(batch!.isContiguous());
    const one = await list.get([2, 0, 1]);
    t.equal(batch!.dtype, one[0]!.dtype);
    t.same(
      batch!.toList(),
      one.map((item) => item.toList()),
    );
  }
});

t.test('images of different sizes in one batch are named', async (t) => {
  class Growing extends ItemList<number, Tensor> {
    override open(size: number): Image {
      return image(size, 4, size > 3 ? 3 : 1, () => 0, `size${size}.png`);
    }
    override nameOf(index: number): string {
      return `size${this.items[index]!}.png`;
    }
  }
  const wanted = {
    message: /size4\.png is 4 x 4 with 3 channels and size5\.png is 5 x 4 with 3 channels.*ResizeFixed/,
  };
  await t.rejects(
    new Growing([4, 5], '.', [toByteTensor, toFloatTensor]).getBatch([0, 1], { seed: 0, epoch: 0 }),
    wanted,
  );
  await t.rejects(new Growing([4, 3], '.', toByteTensor).getBatch([0, 1], { seed: 0, epoch: 0 }), {
    message: /size3\.png is 3 x 4 with 1 channel;/,
  });
  await t.rejects(new Growing([4], '.', null).getBatch([0], { seed: 0, epoch: 0 }), {
    message: /size4\.png is .*end the transforms of images with `toByteTensor`/,
  });
});
