import t from 'tap';

import * as T from '../../lib/tensor/index.js';
import { goldenCases } from './golden.js';

const { tensor } = T;

const makers: Record<string, () => T.Tensor> = {
  scalar: () => tensor(3),
  whole: () => tensor([1, -2, 300]),
  fractions: () =>
    tensor([
      [0.5, 2.25],
      [-100.125, 3],
    ]),
  wide: () => tensor([1e-6, 1, 1e6]),
  'large whole': () => tensor([1e9, 1]),
  specials: () => tensor([NaN, Infinity, -Infinity, 1.5]),
  integers: () =>
    tensor(
      [
        [1, -20],
        [300, 4],
      ],
      { dtype: 'int64' },
    ),
  booleans: () => tensor([true, false]),
  double: () => tensor([1.5], { dtype: 'float64' }),
  bytes: () => T.arange(12, { dtype: 'uint8' }).reshape([3, 4]),
  bfloat16: () => tensor([1.5, 2], { dtype: 'bfloat16' }),
  empty: () => tensor([]),
  'empty matrix': () => T.zeros([2, 0]),
  'three axes': () => T.arange(8).reshape([2, 2, 2]),
  'four axes': () => T.arange(16).reshape([2, 2, 2, 2]),
  long: () => T.arange(2000),
  'long matrix': () => T.arange(4000).reshape([40, 100]),
  'many columns': () => T.arange(60),
  complex: () =>
    tensor([
      { re: 1, im: -2 },
      { re: 0.5, im: 3 },
    ]),
};

t.test('a tensor prints as it does in PyTorch, but for the prefix of dtypes', async (t) => {
  for (const { name, text } of goldenCases<{ name: string; text: string }>('printing')) {
    const maker = makers[name];
    if (maker === undefined) t.fail(`no maker for ${name}`);
    else t.equal(String(maker()), text.replaceAll('torch.', ''), name);
  }
});

t.test('what is special about a tensor is named', async (t) => {
  const w = tensor([1, 2], { requiresGrad: true });
  t.equal(String(w), 'tensor([1., 2.], requiresGrad=true)');
  t.match(String(w.mul(2)), /^tensor\(\[2\., 4\.\], gradFn=<MulBackward\d>\)$/);
  t.equal(String(T.zeros([2, 3], { device: 'meta' })), "tensor(..., device='meta', size=(2, 3), dtype=float32)");
  w.dispose();
  t.throws(() => String(w), { code: 'ERR_TENCH_DISPOSED' });
});
