/** BatchAugment: what is drawn, that pixels, masks, boxes and points go the same way, and that nothing is read back from the device. */

import { inspect } from 'node:util';

import t from 'tap';

import { Generator, type TransformDescription } from '../../../lib/data/index.js';
import { F } from '../../../lib/index.js';
import { manualSeed, rand, randint, tensor, zeros, type Tensor } from '../../../lib/tensor/index.js';
import * as vision from '../../../lib/vision/index.js';
import { hostReads } from '../../hostReads.js';

const {
  BatchAugment,
  BatchDihedral,
  BatchFlip,
  BatchPerspective,
  BatchRandomResizedCrop,
  BatchRotate,
  BatchShear,
  BatchShift,
  BatchSquish,
  BatchWarp,
  BatchZoom,
  GeometricPart,
} = vision;
type Matrix3 = vision.Matrix3;

const close = (a: Tensor, b: Tensor, atol = 1e-5): boolean => a.sub(b).abs().amax().item() <= atol;

/** A part that always does the same. */
class Fixed extends GeometricPart {
  constructor(readonly of: Matrix3) {
    super(1);
  }

  matrix(): Matrix3 {
    return this.of;
  }
}

const all = [
  new BatchWarp({ p: 1 }),
  new BatchFlip(),
  new BatchRotate({ p: 1, maxDegrees: 20 }),
  new BatchZoom({ p: 1 }),
  new BatchShift({ p: 1 }),
  new BatchShear({ p: 1, maxDegrees: [5, 5] }),
  new BatchSquish({ p: 1 }),
  new BatchPerspective({ p: 1, magnitude: 0.1 }),
];

t.test('flips and turns are those of tensors, each picture by itself', (t) => {
  manualSeed(1);
  const x = rand([2, 3, 8, 8]);
  t.ok(close(new BatchAugment([new BatchFlip({ p: 1 })]).apply(x), x.flip([3])));
  t.ok(close(new BatchAugment([new BatchFlip({ p: 1, vertical: true })]).apply(x), x.flip([2])));
  const turned = new BatchAugment([new BatchDihedral({ p: 1 })]).apply(x.narrow(0, 0, 1).expand([64, -1, -1, -1]));
  const rotated = [0, 1, 2, 3].map((k) => x.select(0, 0).rot90(k, [1, 2]));
  const elements = [...rotated, ...rotated.map((one) => one.flip([2]))];
  const found = new Set<number>();
  for (let i = 0; i < 64; i += 1) found.add(elements.findIndex((element) => close(turned.select(0, i), element)));
  t.strictSame([...found].sort(), [0, 1, 2, 3, 4, 5, 6, 7], 'all eight elements, and nothing else');
  t.end();
});

t.test('a change of size is that of interpolate', (t) => {
  manualSeed(2);
  const x = rand([2, 3, 16, 24]);
  const plain = new BatchAugment([], { size: [20, 18], paddingMode: 'border' });
  const resized = F.interpolate(x, { size: [18, 20], mode: 'bilinear', alignCorners: false });
  t.ok(close(plain.apply(x), resized));
  const corners = new BatchAugment([], { size: [20, 18], alignCorners: true });
  t.ok(close(corners.apply(x), F.interpolate(x, { size: [18, 20], mode: 'bilinear', alignCorners: true })));
  t.ok(close(plain.apply(x, { train: false }), resized), 'also outside of training');
  t.equal(new BatchAugment([]).apply(x), x, 'and without one nothing is done');
  t.end();
});

t.test('draws are fixed by seed, epoch and index, and apart for each picture', (t) => {
  const x = rand([1, 1, 12, 12]).expand([4, -1, -1, -1]);
  const make = (seed: number): vision.BatchAugment => new BatchAugment(all, { seed });
  const first = make(1).apply(x, { epoch: 2, index: 3 });
  t.ok(close(make(1).apply(x, { epoch: 2, index: 3 }), first, 0));
  t.notOk(close(first.select(0, 0), first.select(0, 1)), 'pictures');
  for (const [what, other] of Object.entries({
    seed: make(2).apply(x, { epoch: 2, index: 3 }),
    epoch: make(1).apply(x, { epoch: 1, index: 3 }),
    index: make(1).apply(x, { epoch: 2, index: 4 }),
    random: make(1).apply(x, { epoch: 2, index: 3, random: new Generator(7) }),
  }))
    t.notOk(close(other, first), what);
  t.end();
});

t.test('each part changes as many pictures as its probability says', (t) => {
  const still = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  for (const p of [0, 0.3, 1])
    for (const part of [new BatchRotate({ p }), new BatchZoom({ p }), new BatchFlip({ p }), new BatchShift({ p })]) {
      const size = { width: 8, height: 8 };
      const drawn = Array.from({ length: 2000 }, (_, i) => part.matrix(new Generator(i), size));
      const share = drawn.filter((one) => one !== null && !one.every((value, k) => value === still[k])).length / 2000;
      t.ok(Math.abs(share - p) < 0.04, `${part.constructor.name} ${p}: ${share}`);
    }
  t.end();
});

t.test('parts are done in their order, and the composition is one sample', (t) => {
  manualSeed(3);
  const x = rand([1, 1, 32, 32]);
  const shift: Matrix3 = [1, 0, 0.5, 0, 1, 0, 0, 0, 1];
  const flip: Matrix3 = [-1, 0, 0, 0, 1, 0, 0, 0, 1];
  const apply = (...parts: vision.BatchPart[]): Tensor => new BatchAugment(parts, { paddingMode: 'border' }).apply(x);
  const shifted = apply(new Fixed(shift));
  t.ok(close(shifted.narrow(3, 0, 24), x.narrow(3, 8, 24)), 'a quarter of the width to the left');
  t.ok(close(apply(new Fixed(shift), new Fixed(flip)), shifted.flip([3])));
  t.notOk(close(apply(new Fixed(flip), new Fixed(shift)), shifted.flip([3])));
  t.end();
});

t.test('a random resized crop is a box of pixels of the picture, resized', (t) => {
  manualSeed(4);
  const x = rand([6, 3, 30, 40]);
  const part = new BatchRandomResizedCrop({ scale: [0.3, 0.8] });
  const augment = new BatchAugment([part], { size: 24, paddingMode: 'border' });
  const random = new Generator(5);
  const made = augment.apply(x, { random });
  for (let i = 0; i < 6; i += 1) {
    const m = part.matrix(random.fork(0, i), { width: 40, height: 30 })!;
    const [width, height] = [m[0] * 40, m[4] * 30].map(Math.round) as [number, number];
    const [left, top] = [((m[2] + 1 - m[0]) / 2) * 40, ((m[5] + 1 - m[4]) / 2) * 30].map(Math.round) as [
      number,
      number,
    ];
    const box = x.narrow(0, i, 1).narrow(2, top, height).narrow(3, left, width);
    const resized = F.interpolate(box, { size: 24, mode: 'bilinear' });
    // At the crop's edge the picture goes on, and the box does not.
    t.ok(close(made.narrow(0, i, 1).narrow(2, 2, 20).narrow(3, 2, 20), resized.narrow(2, 2, 20).narrow(3, 2, 20)));
  }
  t.end();
});

t.test('masks, boxes and points land where the pixels land', (t) => {
  const [height, width, cell] = [48, 64, 8];
  // A grid of cells, each with a number of its own, of which the batch has the pictures, the masks and the boxes.
  const rows = height / cell;
  const columns = width / cell;
  const labels = Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => 1 + Math.floor(y / cell) * columns + Math.floor(x / cell)),
  );
  const masks = tensor([labels, labels, labels], { dtype: 'int64' });
  const xb = masks.unsqueeze(1).to('float32');
  const cells = Array.from({ length: rows * columns }, (_, i) => {
    const [left, top] = [(i % columns) * cell, Math.floor(i / columns) * cell];
    return { box: [left, top, left + cell, top + cell], middle: [left + cell / 2, top + cell / 2] };
  });
  const boxes = tensor([0, 1, 2].map(() => cells.map(({ box }) => box)));
  const points = tensor([0, 1, 2].map(() => cells.map(({ middle }) => middle)));
  for (const alignCorners of [false, true]) {
    const augment = new BatchAugment(all, { size: [56, 80], mode: 'nearest', paddingMode: 'zeros', alignCorners });
    const { xb: moved, targets } = augment.applyWithTargets(xb, { masks, boxes, points }, { index: 1 });
    t.equal(targets.masks!.dtype, 'int64');
    t.ok(close(targets.masks!.to('float32'), moved.squeeze(1), 0), 'masks are the pixels');
    const pixels = targets.masks!.toList() as number[][][];
    const [at, inside] = [targets.points!, targets.pointsInside!].map((one) => one.toList()) as [
      number[][][],
      boolean[][],
    ];
    const [around, kept] = [targets.boxes!, targets.boxesInside!].map((one) => one.toList()) as [
      number[][][],
      boolean[][],
    ];
    let seen = 0;
    for (let picture = 0; picture < 3; picture += 1)
      for (let i = 0; i < cells.length; i += 1) {
        const [x, y] = at[picture]![i] as [number, number];
        const found = pixels[picture]?.[Math.floor(y)]?.[Math.floor(x)];
        if (inside[picture]![i] !== (found !== undefined)) t.fail(`cell ${i} is said to be where it is not`);
        if (found !== undefined && found !== i + 1) t.fail(`cell ${i} is at ${x}, ${y}, where ${found} is`);
        // The middles of a cell's pixels are in its box, and a box that is not cut off has no pixel too many.
        const own = pixels[picture]!.flatMap((row, py) =>
          row.flatMap((label, px) => (label === i + 1 ? [[px, py] as const] : [])),
        );
        const box = around[picture]![i] as [number, number, number, number];
        if (own.length === 0) continue;
        seen += 1;
        const [xs, ys] = [own.map(([px]) => px), own.map(([, py]) => py)];
        const extent = [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1] as const;
        const outside = Math.max(box[0] - extent[0], box[1] - extent[1], extent[2] - box[2], extent[3] - box[3]);
        const cut = box[0] === 0 || box[1] === 0 || box[2] === 56 || box[3] === 80;
        const spare = cut ? 0 : Math.max(...box.map((edge, k) => Math.abs(edge - extent[k]!)));
        if (!kept[picture]![i] || outside > 0.51 || spare > 1.6) t.fail(`box ${box.join()} of pixels ${extent.join()}`);
      }
    t.ok(seen > 80, `${seen} cells are seen`);
  }
  t.end();
});

t.test('what has left the picture is told, in its place', (t) => {
  const left: Matrix3 = [1, 0, 1, 0, 1, 0, 0, 0, 1];
  const augment = new BatchAugment([new Fixed(left)]);
  const boxes = tensor([[[0, 0, 4, 4], [2, 2, 8, 6], [8, 2, 12, 6]]], { dtype: 'float32' }); // prettier-ignore
  const points = tensor([[[1, 1], [9, 1]]], { dtype: 'float32' }); // prettier-ignore
  const { targets } = augment.applyWithTargets(zeros([1, 1, 8, 16]), { boxes, points });
  t.strictSame(targets.boxesInside!.toList(), [[false, false, true]]);
  t.strictSame(targets.boxes!.toList(), [[[0, 0, 0, 0], [0, 0, 0, 0], [0, 2, 4, 6]]]); // prettier-ignore
  t.strictSame(targets.pointsInside!.toList(), [[false, true]]);
  t.strictSame(targets.points!.toList(), [[[-7, 1], [1, 1]]]); // prettier-ignore
  t.end();
});

t.test('bytes give what floats give, normalised on the way', (t) => {
  manualSeed(6);
  const bytes = randint(0, 256, [4, 3, 10, 12], { dtype: 'uint8' });
  const floats = bytes.to('float32').div(255);
  for (const options of [{}, { size: 9 }, { paddingMode: 'zeros', ...vision.imagenetteStats }] as const) {
    const augment = new BatchAugment(all, options);
    const made = augment.apply(bytes);
    t.equal(made.dtype, 'float32');
    t.ok(close(made, augment.apply(floats), 1e-5));
    const still = augment.apply(bytes, { train: false });
    t.ok(close(still, augment.apply(floats, { train: false }), 1e-5));
  }
  const normalised = new BatchAugment([], vision.imagenetteStats).apply(bytes);
  t.ok(close(normalised, vision.normalizeChan(bytes, vision.imagenetteStats.mean, vision.imagenetteStats.std), 0));
  t.end();
});

t.test('nothing is read back from the device', async (t) => {
  const boxes = tensor([[[0, 0, 4, 4]], [[1, 1, 5, 5]]], { dtype: 'float32' });
  const bytes = randint(0, 256, [2, 3, 16, 16], { dtype: 'uint8' });
  const augment = new BatchAugment([new BatchRandomResizedCrop(), ...all], { size: 12, ...vision.imagenetteStats });
  const { reads, waiting, operators } = await hostReads(() =>
    augment.applyWithTargets(bytes, { boxes, points: boxes.narrow(2, 0, 2), masks: bytes }),
  );
  t.strictSame(reads, []);
  t.strictSame(waiting, []);
  t.ok(operators.length > 5, 'the witness has seen something');
  t.strictSame((await hostReads(() => boxes.sum().item())).reads, ['item'], 'the count counts');
});

t.test('it prints and describes itself', (t) => {
  const augment = new BatchAugment([new BatchFlip(), new BatchZoom({ p: 1 })], { size: 8, ...vision.imagenetteStats });
  const described = augment.describe() as TransformDescription & { parts: unknown[] };
  t.strictSame(described.parts, [
    { name: 'BatchFlip', p: 0.5, vertical: false },
    { name: 'BatchZoom', p: 1, zoom: [1, 1.1] },
  ]);
  t.strictSame(described.size, [8, 8]);
  t.match(inspect(augment), /^BatchAugment\(\[BatchFlip\(p: 0.5, vertical: false\), BatchZoom.*size: \[8,8\]/);
  t.strictSame(JSON.parse(JSON.stringify(described)), described);
  t.end();
});

t.test('a description makes it again, with parts of one’s own', (t) => {
  const parts = [...all, new BatchDihedral(), new BatchRandomResizedCrop(), new Fixed([-1, 0, 0, 0, 1, 0, 0, 0, 1])];
  const augment = new BatchAugment(parts, { size: [7, 9], mode: 'nearest', ...vision.imagenetteStats, seed: 5 });
  const stored = JSON.parse(JSON.stringify(augment.describe())) as TransformDescription;
  const again = vision.batchAugmentFromDescription(stored, { Fixed: ({ of }) => new Fixed(of as Matrix3) });
  t.strictSame(again.describe(), augment.describe());
  const x = rand([3, 3, 8, 8]);
  t.ok(close(again.apply(x, { index: 4 }), augment.apply(x, { index: 4 }), 0));
  t.throws(() => vision.batchAugmentFromDescription(stored), /one of .*BatchZoom.*Fixed/);
  t.end();
});

t.test('fastai’s defaults', (t) => {
  t.strictSame(
    vision.augTransforms().map((part) => part.describe()),
    [
      { name: 'BatchWarp', p: 0.75, magnitude: 0.2 },
      { name: 'BatchFlip', p: 0.5, vertical: false },
      { name: 'BatchRotate', p: 0.75, maxDegrees: 10 },
      { name: 'BatchZoom', p: 0.75, zoom: [1, 1.1] },
      { name: 'BatchBrightness', p: 0.75, range: [0.4, 0.6] },
      { name: 'BatchContrast', p: 0.75, range: [0.8, 1.25] },
    ],
  );
  t.strictSame(vision.augTransforms({ flip: false, maxRotate: 0, maxZoom: 1, maxWarp: 0, maxLighting: 0 }), []);
  t.equal(vision.augTransforms({ flipVertical: true })[1]?.constructor, BatchDihedral);
  t.end();
});
