/** Tensors that go to and from files in pieces are the same as whole ones. */

import t from 'tap';

import { gather, piecesOf } from '../../lib/io/pieces.js';
import { arange, tensor, zeros, type Tensor } from '../../lib/tensor/index.js';
import { described } from './golden.js';

const values: Record<string, Tensor> = {
  matrix: arange(30).reshape([5, 6]),
  transposed: arange(30).reshape([5, 6]).t(),
  part: arange(30).narrow(0, 3, 20),
  wide: tensor([{ re: 1, im: 2 }, { re: 3, im: 4 }, { re: 5, im: 6 }, 7]).conj(),
  bool: tensor(
    Uint8Array.from({ length: 40 }, (_, index) => index % 2),
    { dtype: 'bool' },
  ),
  scalar: tensor(1),
  empty: zeros([0, 2]),
};

t.test('pieces of any size are the bytes of the tensor', async (t) => {
  for (const [name, value] of Object.entries(values)) {
    const { hex, shape } = described(value);
    for (const size of [1, 7, 16, 1 << 20]) {
      const pieces = [...piecesOf(value, size)];
      t.equal(Buffer.concat(pieces).toString('hex'), hex, `${name} in pieces of ${size}`);
      const bytes = Buffer.from(hex, 'hex');
      const read = async (offset: number, count: number) => Uint8Array.from(bytes.subarray(offset, offset + count));
      t.strictSame(described(await gather(value.dtype, shape, read, { size })), described(value));
    }
  }
});

t.test('bytes that are no booleans become true, in pieces too', async (t) => {
  const read = async (offset: number, count: number) => new Uint8Array(count).fill(offset);
  t.strictSame((await gather('bool', [6], read, { size: 2 })).toList(), [false, false, true, true, true, true]);
});
