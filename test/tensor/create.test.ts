import t from 'tap';

import { arange, full, ones, randint, tensor, zeros, type DType } from '../../lib/tensor/index.js';

t.test('JavaScript values imply a dtype', async (t) => {
  t.equal(tensor([1, 2]).dtype, 'float32');
  t.equal(tensor([true]).dtype, 'bool');
  t.equal(tensor([1n]).dtype, 'int64');
  t.equal(tensor({ re: 1, im: 2 }).dtype, 'complex64');
  t.equal(tensor([]).dtype, 'float32');
  t.equal(tensor([1, true]).dtype, 'float32', 'the widest kind wins');
  t.same(tensor([[[1], [2]]]).shape, [1, 2, 1]);
  t.same(tensor(5).shape, []);
  t.same(tensor([[], []]).shape, [2, 0]);
});

t.test('every dtype goes out and comes back', async (t) => {
  const values: Partial<Record<DType, unknown[]>> = {
    float32: [1.5, -2],
    float64: [0.1, 1e300],
    float16: [0.5, -2],
    bfloat16: [0.5, -2],
    int64: [1, -(2 ** 40)],
    int32: [1, -70000],
    int16: [1, -300],
    int8: [1, -100],
    uint8: [0, 255],
    bool: [true, false],
    complex64: [
      { re: 1, im: -2 },
      { re: 0, im: 0.5 },
    ],
    complex128: [
      { re: 0.1, im: -2 },
      { re: 0, im: 0.5 },
    ],
  };
  for (const [dtype, list] of Object.entries(values) as [DType, never[]][]) {
    const x = tensor(list, { dtype });
    t.equal(x.dtype, dtype);
    t.same(x.toList(), list, dtype);
    t.same(tensor(x.toTypedArray(), { dtype, shape: [2] }).toList(), list, `${dtype} through its typed array`);
  }
});

t.test('integers beyond 2^53 are exact', async (t) => {
  const big = 2n ** 62n + 1n;
  t.equal(tensor(big).item(), big);
  t.same(tensor([big, 3n]).toList(), [big, 3]);
});

t.test('typed arrays keep their element type and are copied', async (t) => {
  const source = Int16Array.of(1, 2, 3, 4, 5, 6);
  const x = tensor(source, { shape: [2, 3] });
  source[0] = 99;
  t.equal(x.dtype, 'int16');
  t.same(x.toList(), [
    [1, 2, 3],
    [4, 5, 6],
  ]);
  t.same(tensor(source.subarray(2, 4)).toList(), [3, 4], 'a part of a buffer');
  t.equal(tensor(source, { dtype: 'float32' }).dtype, 'float32');
  const copy = x.toTypedArray();
  copy[0] = 50;
  t.equal(x.get(0, 0).item(), 1, 'what is read is a copy too');
  t.same(x.t().toTypedArray(), Int16Array.of(1, 4, 2, 5, 3, 6), 'row-major whatever the strides');
});

t.test('whole Scalars follow the tensors beside them', async (t) => {
  t.equal(tensor([1, 2], { dtype: 'int64' }).mul(2).dtype, 'int64');
  t.equal(tensor([1, 2], { dtype: 'int64' }).mul(2.5).dtype, 'float32');
  t.equal(tensor([1, 2]).mul(2).dtype, 'float32');
  t.equal(full([2], 3).dtype, 'float32');
  t.equal(arange(3).dtype, 'float32');
  t.equal(arange(3, { dtype: 'int64' }).dtype, 'int64');
  t.equal(randint(5, [3]).dtype, 'int64');
});

t.test('factories take requiresGrad, device and dtype', async (t) => {
  const x = zeros([2, 2], { requiresGrad: true, dtype: 'float64' });
  t.ok(x.requiresGrad && x.isLeaf);
  t.equal(x.dtype, 'float64');
  t.equal(ones([3], { device: 'meta' }).device, 'meta');
});

t.test('values that are none are refused with their name', async (t) => {
  t.throws(() => tensor([[1, 2], [3]]), { message: /arrays of equal length/ });
  t.throws(() => tensor([1, [2]] as never), { message: /nested to the same depth/ });
  t.throws(() => tensor(['a'] as never), { message: /numbers, booleans, bigints/ });
  t.throws(() => tensor(null as never), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => tensor([1], { dtype: 'float' as never }), { message: /one of float32/ });
  t.throws(() => tensor([1, 2], { shape: [3] }), { message: /2 elements/ });
  t.throws(() => tensor([1, 2], { shape: [-1] }), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => tensor([1], { device: 'nowhere' }), { message: /device/ });
  t.throws(() => tensor([NaN], { dtype: 'int64' }), { message: /finite/ });
  t.throws(() => tensor([2n ** 70n]), { message: /64 bits/ });
  t.throws(() => tensor(new DataView(new ArrayBuffer(8)) as never), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => zeros([2]).item(), { message: /one element/ });
});
