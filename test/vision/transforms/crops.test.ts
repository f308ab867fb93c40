import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import type { Generator } from '../../../lib/data/random.js';
import { filters } from '../../../lib/vision/filters.js';
import { runProgram, type Box, type Crop } from '../../../lib/vision/program.js';
import { CenterCrop, GeneralCrop } from '../../../lib/vision/transforms/generalCrop.js';
import { Pad, RandomPadCrop } from '../../../lib/vision/transforms/pad.js';
import { RandomResizedCrop } from '../../../lib/vision/transforms/randomResizedCrop.js';
import { ResizeFixed } from '../../../lib/vision/transforms/resizeFixed.js';
import { ResizeMax, ResizeMin } from '../../../lib/vision/transforms/resizeToSide.js';
import { contextOf, drawn, farthest, noisy } from '../pictures.js';

/** Written by scripts/goldens/transforms.py with torchvision. */
interface Sizes {
  readonly resized: { size: [number, number]; side: number; made: [number, number] }[];
}

const path = new URL('../../../../test/goldens/transforms/sizes.json', import.meta.url);
const sizes = JSON.parse(readFileSync(fileURLToPath(path), 'utf8')) as Sizes;

t.test('ResizeMin and ResizeMax keep the ratio of the sides', async (t) => {
  for (const { size, side, made } of sizes.resized) {
    const [width, height] = size;
    const [resize] = new ResizeMin(side).plan({ width, height, channels: 3 });
    const got = resize === undefined ? size : [(resize as Crop).width, (resize as Crop).height];
    t.same(got, made, `${size.join(' x ')} to ${side}`);
  }
  const image = noisy(40, 20, 3);
  t.same((await new ResizeMax(10).apply(image)).size, [10, 5]);
  t.same((await new ResizeMax(80).apply(noisy(20, 40, 1))).size, [40, 80], 'enlarges too');
  t.same((await new ResizeMax(4).apply(noisy(900, 2, 1))).size, [4, 1], 'at least a pixel');
  t.equal(await new ResizeMin(20).apply(image), image);
});

t.test('CenterCrop: the middle, 1.14 times smaller than the image', async (t) => {
  const image = noisy(500, 375, 3);
  const [crop, resize] = new CenterCrop(128).plan(image);
  t.same(crop, { op: 'crop', left: 30, top: 23, width: 439, height: 329 });
  t.same(resize, { op: 'resize', width: 128, height: 128, filter: 'bilinear' });
  const same = await new CenterCrop([4, 2], { cropSize: [4, 2] }).apply(drawn(8, 6, 1, (x, y) => 10 * y + x));
  t.same([...same.data], [22, 23, 24, 25, 32, 33, 34, 35], 'a box of the same size is only cut out');
  const larger = await new CenterCrop(4, { cropSize: 4 }).apply(drawn(2, 2, 1, () => 9));
  t.same([...larger.data], [0, 0, 0, 0, 0, 9, 9, 0, 0, 9, 9, 0, 0, 0, 0, 0], 'a larger one has 0 outside');
  t.equal(
    await new CenterCrop(5, { scale: 1 }).apply(noisy(5, 5, 3).with({ path: 'x' })).then(({ path }) => path),
    'x',
  );
});

t.test('crop and resize in one step is the crop resized; without antialias it is EXTENT', async (t) => {
  const image = noisy(50, 40, 3);
  for (const filter of filters) {
    const made = await new CenterCrop([16, 12], { cropSize: [31, 27], resample: filter }).apply(image);
    const cut = await runProgram(image, [{ op: 'crop', left: 9, top: 6, width: 31, height: 27 }]);
    t.equal(farthest(made, await new ResizeFixed([16, 12], { resample: filter }).apply(cut)), 0, filter);
  }
  for (const filter of ['nearest', 'bilinear', 'bicubic'] as const) {
    const options = { cropSize: [31, 27], resample: filter, antialias: false } as const;
    const extent = { op: 'resize', width: 16, height: 12, filter, box: [9, 6, 40, 33], antialias: false } as const;
    const made = await new CenterCrop([16, 12], options).apply(image);
    t.equal(farthest(made, await runProgram(image, [extent])), 0, `${filter}, not antialiased`);
  }
});

t.test('GeneralCrop: the whole image, or whatever box a subclass says', async (t) => {
  const image = noisy(20, 10, 3);
  t.equal(farthest(await new GeneralCrop(8).apply(image), await new ResizeFixed(8).apply(image)), 0);
  t.same(new GeneralCrop(8, { cropSize: 5 }).plan(image)[0], { op: 'crop', left: 0, top: 0, width: 5, height: 5 });
  class CornerCrop extends GeneralCrop {
    protected override defaultCropSize(width: number, height: number): [number, number] {
      return [width - 3, height - 3];
    }
    protected override corners(w: number, h: number, wide: number, high: number, random: () => Generator): Box {
      const right = random().bernoulli();
      return [right ? w - wide : 0, h - high, right ? w : wide, h];
    }
  }
  const lefts = Array.from({ length: 20 }, (_, i) => (new CornerCrop(4).plan(image, contextOf(i))[0] as Crop).left);
  t.same([...new Set(lefts)].sort(), [0, 3]);
  t.match(new CornerCrop(4).describe(), { name: 'CornerCrop', size: [4, 4] });
});

t.test('RandomResizedCrop: the same item and epoch, the same pixels; another epoch, others', async (t) => {
  const image = noisy(60, 45, 3);
  const crop = new RandomResizedCrop(16, { resample: 'bicubic' });
  const made = (index: number, epoch: number): Promise<number[]> =>
    crop.apply(image, contextOf(index, epoch)).then(({ data }) => [...data]);
  t.same(await made(3, 1), await made(3, 1));
  t.notSame(await made(3, 1), await made(3, 2));
  t.notSame(await made(3, 1), await made(4, 1));
});

t.test('padding: a colour, the edge or the mirror', async (t) => {
  const image = drawn(3, 1, 1, (x) => x + 1);
  const row = async (pad: Pad): Promise<number[]> => [...(await pad.apply(image)).data];
  t.same(await row(new Pad([2, 0])), [0, 0, 1, 2, 3, 0, 0]);
  t.same(await row(new Pad([2, 0], { fill: 7 })), [7, 7, 1, 2, 3, 7, 7]);
  t.same(await row(new Pad([2, 0], { mode: 'border' })), [1, 1, 1, 2, 3, 3, 3]);
  t.same(await row(new Pad([2, 0, 1, 0], { mode: 'reflection' })), [3, 2, 1, 2, 3, 2]);
  t.same((await new Pad(2).apply(image)).size, [7, 5]);
  t.equal(await new Pad(0).apply(image), image);
  const crop = await new RandomPadCrop([9, 5], { padding: 0, mode: 'border' }).apply(image, contextOf(0));
  t.same([...crop.data.subarray(0, 9)], [1, 1, 1, 1, 2, 3, 3, 3, 3], 'too small: in the middle');
});
