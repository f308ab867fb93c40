/** Turning a batch: against known pictures, against turning by index, and its versions against one another. */

import t from 'tap';

import { affineGrid, rotateBatch, rotationMatrix } from '../../../lib/vision/index.js';
import { manualSeed, rand, rot90, tensor, zeros, type Tensor } from '../../../lib/tensor/index.js';

const close = (a: Tensor, b: Tensor, atol = 1e-5): boolean => a.sub(b).abs().amax().item() <= atol;
const versions = ['bmm', 'affineGrid', 'fused'] as const;
const quarter = Math.PI / 2;

t.test('the identity grid runs from -1 to 1 between the middles of the outermost pixels', (t) => {
  const grid = affineGrid(zeros([1, 3, 5, 7]), 128);
  t.strictSame(grid.shape, [1, 128, 128, 2]);
  const row = grid.select(1, 0).select(1, 1).reshape([-1]).toTypedArray();
  t.ok(Math.abs(Number(row[0]) + 0.9843) < 1e-4, 'x of the second pixel');
  t.equal(row[1], -1);
  t.strictSame(affineGrid(zeros([2, 3, 5, 7]), [4, 6]).shape, [2, 4, 6, 2], 'its size is its own, its batch that of x');
  t.equal(affineGrid(zeros([2, 3, 5, 7], { dtype: 'float64' }), 4).dtype, 'float64');
  t.end();
});

t.test('the matrix turns points anti-clockwise where y points down', (t) => {
  const matrices = rotationMatrix([0, quarter]);
  t.strictSame(matrices.shape, [2, 3, 3]);
  const right = tensor([1, 0, 1]);
  t.ok(close(matrices.matmul(right), tensor([[1, 0, 1], [0, -1, 1]])), 'right goes up'); // prettier-ignore
  t.ok(close(rotationMatrix(tensor([0, quarter])), matrices), 'of a tensor as of numbers');
  t.end();
});

t.test('a quarter turn is rot90, in each version', (t) => {
  manualSeed(1);
  const x = rand([2, 3, 9, 9]);
  for (const version of versions) {
    const turned = rotateBatch(x, 9, 0, { thetas: [quarter, -2 * quarter], version });
    t.ok(close(turned.narrow(0, 0, 1), rot90(x.narrow(0, 0, 1), 1, [2, 3])), `${version}, a quarter`);
    t.ok(close(turned.narrow(0, 1, 1), rot90(x.narrow(0, 1, 1), 2, [2, 3])), `${version}, a half`);
  }
  t.end();
});

t.test('a dot on the right goes up when the angle is positive', (t) => {
  const x = zeros([1, 1, 61, 61]);
  x.select(2, 30).select(2, 52).fill_(1);
  for (const version of versions) {
    const turned = rotateBatch(x, 61, 0, { thetas: [quarter], version });
    const brightest = turned.argmax().item();
    t.strictSame([Math.floor(brightest / 61), brightest % 61], [8, 30], version);
  }
  t.end();
});

t.test('the versions agree, also where neither the picture nor the result is a square', (t) => {
  manualSeed(2);
  const x = rand([3, 2, 20, 33]);
  const thetas = [0.3, -1.1, 2.5];
  for (const paddingMode of ['zeros', 'border', 'reflection'] as const) {
    const results = versions.map((version) => rotateBatch(x, [17, 26], 0, { thetas, version, paddingMode }));
    t.ok(close(results[0]!, results[1]!) && close(results[1]!, results[2]!), paddingMode);
    t.strictSame(results[0]!.shape, [3, 2, 17, 26]);
    const single = rotateBatch(x.narrow(0, 1, 1), [17, 26], 0, { thetas: [-1.1], paddingMode });
    t.ok(close(results[1]!.narrow(0, 1, 1), single), 'a batch is its pictures');
  }
  t.end();
});

t.test('a picture that is no square is turned without shear', (t) => {
  const [height, width] = [41, 81];
  const x = zeros([1, 1, height, width]);
  x.select(2, 20).select(2, 55).fill_(1);
  const turned = rotateBatch(x, [height, width], 0, { thetas: [quarter] });
  const brightest = turned.argmax().item();
  t.strictSame(
    [Math.floor(brightest / width), brightest % width],
    [5, 40],
    '15 pixels right of the middle become 15 above it',
  );
  t.end();
});

t.test('angles are drawn by the seed, one for each picture, within bounds', (t) => {
  const x = rand([1, 1, 15, 15]).expand([8, -1, -1, -1]);
  manualSeed(3);
  const first = rotateBatch(x, 15, 30);
  manualSeed(3);
  t.ok(close(rotateBatch(x, 15, 30), first));
  t.notOk(close(first.select(0, 0), first.select(0, 1)));
  t.ok(close(rotateBatch(x, 15, 0), x), 'no degrees, no change');
  t.end();
});
