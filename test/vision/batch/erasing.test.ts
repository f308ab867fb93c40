/** Erasing of batches: where the boxes are, how often, and what covers them. */

import t from 'tap';

import { Generator } from '../../../lib/data/random.js';
import { ones, zeros, type Tensor } from '../../../lib/tensor/index.js';
import { boxMask } from '../../../lib/vision/batch/boxes.js';
import { BatchErasing } from '../../../lib/vision/batch/erasing.js';

const bytesOf = (mask: Tensor): number[] => Array.from(mask.to('uint8').flatten().toTypedArray(), Number);

t.test('a mask is true inside any box of its picture', (t) => {
  const boxes = [
    [{ left: 1, top: 0, right: 3, bottom: 1 }],
    [],
    [{ left: 0, top: 1, right: 1, bottom: 2 }, { left: 3, top: 0, right: 9, bottom: 9 }],
  ]; // prettier-ignore
  const mask = boxMask(boxes, zeros([3, 3, 2, 4]));
  t.strictSame(mask.shape, [3, 1, 2, 4]);
  t.strictSame(bytesOf(mask), [0, 1, 1, 0, 0, 0, 0, 0, /**/ 0, 0, 0, 0, 0, 0, 0, 0, /**/ 0, 0, 0, 1, 1, 0, 0, 1]);
  t.end();
});

t.test('boxes have the area and the ratio that were asked for', (t) => {
  const size = { width: 400, height: 300 };
  const part = new BatchErasing({ p: 0.4, scale: [0.1, 0.2], ratio: [0.5, 1] });
  const lists = Array.from({ length: 4000 }, (_, i) => part.draw(new Generator(1, i), size));
  const boxes = lists.flat();
  t.ok(Math.abs(boxes.length / lists.length - 0.4) < 0.03, `${boxes.length} of ${lists.length}`);
  const areas = boxes.map((box) => ((box.right - box.left) * (box.bottom - box.top)) / (400 * 300));
  t.ok(Math.min(...areas) > 0.098 && Math.max(...areas) < 0.202);
  t.ok(Math.abs(areas.reduce((sum, area) => sum + area, 0) / areas.length - 0.15) < 0.003);
  const ratios = boxes.map((box) => (box.bottom - box.top) / (box.right - box.left));
  t.ok(Math.min(...ratios) > 0.49 && Math.max(...ratios) < 1.02);
  t.ok(boxes.every((box) => box.left >= 0 && box.top >= 0 && box.right <= 400 && box.bottom <= 300));
  t.ok(boxes.some((box) => box.left < 5) && boxes.some((box) => box.right > 395), 'anywhere');
  t.end();
});

t.test('several boxes share the area, and one that is too high ends at the border', (t) => {
  const size = { width: 100, height: 10 };
  const many = new BatchErasing({ p: 1, scale: [0.3, 0.3], maxCount: 4 });
  const counts = new Set(Array.from({ length: 200 }, (_, i) => many.draw(new Generator(2, i), size).length));
  t.strictSame([...counts].sort(), [1, 2, 3, 4]);
  const high = new BatchErasing({ p: 1, scale: [0.3, 0.3], ratio: [1, 1] }).draw(new Generator(0), size)[0]!;
  t.match(high, { top: 0, bottom: 10 });
  t.equal(high.right - high.left, Math.round(Math.sqrt(300)));
  t.end();
});

t.test('only boxes are covered: by noise of standard deviation 1, or by a number', (t) => {
  const x = ones([4, 3, 60, 60]).mul(5);
  const boxes = [[{ left: 10, top: 20, right: 60, bottom: 60 }], [], [], []];
  const covered = new BatchErasing().cover(x, boxes, new Generator(1));
  const inside = covered.get(0).narrow(1, 20, 40).narrow(2, 10, 50);
  t.ok(Math.abs(inside.mean().item()) < 0.06);
  t.ok(Math.abs(inside.std().item() - 1) < 0.06);
  t.equal(covered.eq(5).sum().item(), 4 * 3 * 3600 - 3 * 40 * 50);
  t.ok(covered.equal(new BatchErasing().cover(x, boxes, new Generator(1))), 'the same by the same numbers');
  t.notOk(covered.equal(new BatchErasing().cover(x, boxes, new Generator(2))), 'others by others');
  const black = new BatchErasing({ value: -2 }).cover(x, boxes, new Generator(1));
  t.equal(black.eq(-2).sum().item(), 3 * 40 * 50);
  t.equal(x.eq(5).all().item(), true, 'what is given is not written to');
  t.equal(new BatchErasing().cover(x, [[], [], [], []], new Generator(1)), x);
  t.end();
});

t.test('as a pass, pictures have boxes of their own', (t) => {
  const part = new BatchErasing({ p: 1, value: 0, scale: [0.2, 0.2] });
  const made = part.pass(ones([6, 1, 32, 32]), [part], (k, i) => new Generator(4, i, k));
  const sums = Array.from(made.eq(0).to('float32').sum([1, 2, 3]).toTypedArray(), Number);
  t.ok(sums.every((sum) => sum > 0.1 * 1024 && sum < 0.25 * 1024));
  t.notOk(made.get(0).equal(made.get(1)));
  t.strictSame(part.pass(ones([0, 1, 4, 4]), [part], () => new Generator(0)).shape, [0, 1, 4, 4]);
  t.end();
});

t.test('it describes itself', (t) => {
  const settings = { p: 1, scale: [0.1, 0.2], ratio: [1, 2], maxCount: 3, value: 0.5 } as const;
  t.strictSame(new BatchErasing(settings).describe(), { name: 'BatchErasing', ...settings });
  t.throws(() => new BatchErasing({ maxCount: 0 }), { message: /maxCount/ });
  t.throws(() => new BatchErasing({ value: 'pink' as 'noise' }), { message: /'noise' for `value`/ });
  t.end();
});
