/** What holds for every transform of images: it prints, comes back from its description, and takes whatever image there is. */

import { inspect } from 'node:util';

import t from 'tap';

import type { AnyTransform } from '../../../lib/data/compose.js';
import { ItemList } from '../../../lib/data/itemList.js';
import type { Tensor } from '../../../lib/tensor/index.js';
import {
  CenterCrop,
  ColorJitter,
  GaussianBlur,
  GeneralCrop,
  ImageTransform,
  Pad,
  PerspectiveRandResizedCrop,
  RandAugment,
  RandomBrightness,
  RandomContrast,
  RandomDihedral,
  RandomErasing,
  RandomFlip,
  RandomGrayscale,
  RandomHue,
  RandomPadCrop,
  RandomResizedCrop,
  RandomSaturation,
  ResizeFixed,
  ResizeMax,
  ResizeMin,
  TiltRandomCrop,
  TrivialAugmentWide,
  isPlanned,
  makeRgb,
  sizeAfter,
  toByteTensor,
  toFloatTensor,
  transformFromDescription,
  type Channels,
  type Image,
  type ImageOperation,
} from '../../../lib/vision/index.js';
import { contextOf, farthest, noisy } from '../pictures.js';

const every: ImageTransform[] = [
  new ResizeFixed([7, 5], { resample: ['nearest', 'lanczos'] }),
  new ResizeMin(6),
  new ResizeMax(9, { resample: 'hamming' }),
  new GeneralCrop(6),
  new GeneralCrop([6, 7], { cropSize: [40, 3], resample: 'nearest', antialias: false }),
  new CenterCrop(6, { scale: 1.5, resample: 'box' }),
  new CenterCrop(6, { cropSize: 50 }),
  new RandomResizedCrop([6, 4], { scale: [0.2, 0.9], ratio: [0.5, 2], resample: 'bicubic' }),
  new RandomResizedCrop(6, { antialias: false, resample: ['nearest', 'bilinear'] }),
  new PerspectiveRandResizedCrop(6, { magnitude: 0.2, fill: 9 }),
  new TiltRandomCrop([6, 5], { cropSize: 12 }),
  new Pad([1, 2, 3, 4], { mode: 'reflection' }),
  new RandomPadCrop(9, { padding: 3, mode: 'border' }),
  new RandomPadCrop(3, { mode: 'zeros', fill: 3 }),
  new RandomFlip(1),
  new RandomDihedral({ p: 1 }),
  new RandomBrightness([0.2, 3]),
  new RandomContrast(0.9),
  new RandomSaturation({ factor: 2 }),
  new RandomHue(0.5),
  new RandomGrayscale(1),
  new ColorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 }),
  new GaussianBlur({ sigma: [0.5, 4] }),
  new RandomErasing({ p: 1, value: 'random' }),
  new RandomErasing({ p: 1, value: 200 }),
  new RandAugment({ numOps: 3, magnitude: 20, resample: 'bilinear' }),
  new TrivialAugmentWide({ fill: 128 }),
];

t.test('comes back from its description, by way of JSON', async (t) => {
  const image = noisy(21, 17, 3);
  for (const transform of every) {
    const description = JSON.parse(JSON.stringify(transform.describe())) as ReturnType<typeof transform.describe>;
    t.same(transform.describe(), description, `${description.name} is plain data`);
    t.equal(description.name, transform.constructor.name);
    const revived = transformFromDescription(description);
    t.ok(revived instanceof transform.constructor);
    t.same((revived as ImageTransform).describe(), description);
    t.equal(revived.order, transform.order);
    t.ok(inspect(transform).startsWith(`${description.name}(`), inspect(transform));
    for (let index = 0; index < 5; index++) {
      const [ours, theirs] = [transform, revived as ImageTransform].map((one) => one.plan(image, contextOf(index)));
      t.same(ours, theirs, inspect(transform));
    }
  }
  for (const one of [makeRgb, toByteTensor, toFloatTensor]) t.equal(transformFromDescription(one.describe()), one);
});

t.test('a description that is none, or of nothing known', (t) => {
  t.throws(() => transformFromDescription({ name: 'Melt' }), { message: /one of .*ResizeFixed.*the string "Melt"/ });
  t.throws(() => transformFromDescription({ name: 'constructor' }), { code: 'ERR_TENCH_ARGUMENT' });
  for (const bad of [null, undefined, 3, {}, { name: 3 }]) {
    t.throws(() => transformFromDescription(bad as never), { message: /`description`/ });
  }
  t.throws(() => transformFromDescription({ name: 'ResizeFixed', size: 'big' }), { message: /`size`/ });
  class Mine extends ImageTransform {
    constructor(readonly strength: number) {
      super();
    }
    plan(): ImageOperation[] {
      return [{ op: 'brightness', factor: this.strength }];
    }
  }
  const mine = new Mine(3);
  t.same(mine.describe(), { name: 'Mine', strength: 3 });
  const revived = transformFromDescription(mine.describe(), { Mine: ({ strength }) => new Mine(strength as number) });
  t.same((revived as Mine).strength, 3, "a user's own class");
  t.end();
});

t.test('takes every kind and size of image, and leaves it as it was', async (t) => {
  const sizes = [
    [1, 1],
    [1, 9],
    [8, 1],
    [2, 2],
    [3, 3],
    [31, 5],
    [6, 6],
  ] as const;
  for (const transform of every) {
    for (const [width, height] of sizes) {
      for (const channels of [1, 2, 3, 4] as Channels[]) {
        const image = noisy(width, height, channels).with({ path: 'a.png' });
        const before = [...image.data];
        const name = `${inspect(transform)} of ${width} x ${height} x ${channels}`;
        const made = await transform.apply(image, contextOf(width * height));
        const { width: wide, height: high, channels: deep } = made;
        const planned = sizeAfter(transform.plan(image, contextOf(width * height)), image);
        t.same({ width: wide, height: high, channels: deep }, planned, name);
        t.equal(deep, channels, name);
        t.equal(made.path, 'a.png');
        t.same([...image.data], before);
        if ('size' in transform && Array.isArray(transform.size)) t.same(made.size, transform.size, name);
      }
    }
  }
});

t.test('colours change and alpha does not', async (t) => {
  const image = noisy(12, 11, 4);
  const alpha = (of: Image): number[] => [...of.data].filter((_, i) => i % 4 === 3);
  const changes = [
    new RandomBrightness([2, 2]),
    new RandomContrast([2, 2]),
    new RandomSaturation([2, 2]),
    new RandomHue([0.3, 0.3]),
    new RandomGrayscale(1),
  ];
  for (const transform of changes) {
    const made = await transform.apply(image, contextOf(0));
    t.same(alpha(made), alpha(image), inspect(transform));
    t.ok(farthest(made, image) > 20, inspect(transform));
  }
});

t.test('draws from a context, and says so where there is none', async (t) => {
  await t.rejects(new RandomFlip().apply(noisy(2, 2, 3)), {
    message: /`RandomFlip: context`/,
    code: 'ERR_TENCH_ARGUMENT',
  });
  await t.rejects(new RandomFlip().apply(noisy(2, 2, 3), {} as never), { message: /new Generator\(seed\)/ });
  await t.rejects(new ResizeFixed(3).apply('fish.jpg' as never), { message: /`ResizeFixed: image`/ });
});

t.test('options that cannot be are refused at the door, by name', (t) => {
  const wrong: [string, () => AnyTransform][] = [
    ['size', () => new ResizeMin(0)],
    ['size', () => new ResizeMax(1.5)],
    ['size', () => new CenterCrop([3] as never)],
    ['size', () => new RandomResizedCrop(2 ** 21)],
    ['cropSize', () => new GeneralCrop(3, { cropSize: -1 })],
    ['scale', () => new CenterCrop(3, { scale: 0 })],
    ['scale', () => new RandomResizedCrop(3, { scale: [0.5, 0.1] })],
    ['scale', () => new RandomResizedCrop(3, { scale: [0, 1] })],
    ['scale', () => new RandomResizedCrop(3, { scale: 0.5 as never })],
    ['ratio', () => new RandomResizedCrop(3, { ratio: [NaN, 1] })],
    ['resample', () => new ResizeFixed(3, { resample: [] })],
    ['resample', () => new ResizeFixed(3, { resample: ['nearest', 'cubic'] as never })],
    ['resample', () => new RandomResizedCrop(3, { resample: 'lanczos', antialias: false })],
    ['resample', () => new TiltRandomCrop(3, { resample: 'box' as never })],
    ['magnitude', () => new PerspectiveRandResizedCrop(3, { magnitude: -0.1 })],
    ['padding', () => new Pad(-1)],
    ['padding', () => new Pad([1, 2, 3] as never)],
    ['mode', () => new Pad(1, { mode: 'reflect' as never })],
    ['mode', () => new RandomPadCrop(1, { mode: 'constructor' as never })],
    ['fill', () => new Pad(1, { fill: 256 })],
    ['fill', () => new Pad(1, { fill: [] })],
    ['p', () => new RandomFlip(1.1)],
    ['p', () => new RandomFlip(NaN)],
    ['p', () => new RandomDihedral({ p: -1 })],
    ['p', () => new RandomGrayscale('often' as never)],
    ['factor', () => new RandomBrightness(-1)],
    ['factor', () => new RandomContrast([2, 1])],
    ['factor', () => new RandomSaturation(undefined as never)],
    ['shift', () => new RandomHue(0.6)],
    ['shift', () => new RandomHue(null as never)],
    ['hue', () => new ColorJitter({ hue: [-1, 0] })],
    ['contrast', () => new ColorJitter({ contrast: Infinity })],
    ['sigma', () => new GaussianBlur({ sigma: -1 })],
    ['value', () => new RandomErasing({ value: 'noise' as never })],
    ['scale', () => new RandomErasing({ scale: [0, 2] })],
    ['magnitude', () => new RandAugment({ magnitude: 31 })],
    ['numOps', () => new RandAugment({ numOps: 1.5 })],
    ['numMagnitudeBins', () => new TrivialAugmentWide({ numMagnitudeBins: 1 })],
  ];
  for (const [argument, make] of wrong) {
    t.throws(
      make,
      { code: 'ERR_TENCH_ARGUMENT', message: new RegExp(`\`${argument}\``) },
      `${argument}: ${String(make)}`,
    );
  }
  t.end();
});

t.test('flips of bytes are flips of floats', async (t) => {
  const image = noisy(9, 6, 3);
  const floats = (of: Image): Tensor => toFloatTensor(toByteTensor(of));
  const ways: ((x: Tensor) => Tensor)[] = [
    (x) => x,
    (x) => x.flip([2]),
    (x) => x.flip([1]),
    (x) => x.rot90(1, [1, 2]),
    (x) => x.rot90(2, [1, 2]),
    (x) => x.rot90(3, [1, 2]),
    (x) => x.transpose(1, 2),
    (x) => x.flip([1, 2]).transpose(1, 2),
  ];
  const seen = new Set<string>();
  for (let index = 0; seen.size < 8; index++) {
    const dihedral = new RandomDihedral(1);
    const [operation] = dihedral.plan(image, contextOf(index)) as { element: number }[];
    const made = floats(await dihedral.apply(image, contextOf(index)));
    const element = operation?.element ?? 0;
    t.ok(made.equal(ways[element]!(floats(image))), `element ${element}`);
    seen.add(String(element));
  }
});

t.test('a chain in a list: plans and a function of one give what they give by hand', async (t) => {
  class Drawn extends ItemList<number, Tensor> {
    override open(seed: number): Image {
      return noisy(30 + seed, 20, 1);
    }
  }
  const brighter = Object.assign((image: Image) => image.with({ data: image.data.map((value) => value | 1) }), {
    order: 11,
  });
  const tfms = [toByteTensor, new RandomResizedCrop(8), brighter, new RandomFlip(), makeRgb];
  const list = new Drawn([1, 2, 3], '.', tfms);
  const draw = { seed: 5, epoch: 2 };
  const [batch] = await list.getBatch([0, 1, 2], draw);
  t.same(batch!.shape, [3, 3, 8, 8]);
  const again = await list.get([0, 1, 2], draw);
  t.same(
    batch!.toList(),
    again.map((one) => one.toList()),
  );
  t.ok(batch!.min().item() >= 1);
  t.same(tfms.map(isPlanned), [false, true, false, true, true]);
});
