/**
 * Large tensors go to and from files in pieces: a buffer of Node ends at 4 GiB in its older versions, and whole copies would double the
 * memory.
 */

import { callOperator, empty, tensor, type DType, type Device, type Tensor } from '../tensor/index.js';
import { native } from '../tensor/native.js';
import { adopt, handleOf } from '../tensor/tensor.js';
import { elementBytes, fromBytes, tensorBytes } from './elements.js';

/** 64 MiB. */
export const pieceBytes = 1 << 26;

/** The elements in row-major order, as bytes of host memory, piece by piece. */
export function* piecesOf(value: Tensor, size = pieceBytes): Generator<Uint8Array> {
  const host = value.detach().to('cpu');
  const total = tensorBytes(host.dtype, host.shape);
  if (total <= size) {
    const data = host.toTypedArray();
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return;
  }
  const plain = callOperator('aten::resolve_neg', [callOperator('aten::resolve_conj', [host])]) as Tensor;
  const flat = callOperator('aten::contiguous', [plain]) as Tensor;
  const begin = flat.storageOffset() * elementBytes(flat.dtype);
  for (let offset = 0; offset < total; offset += size)
    yield bytesOfStorage(flat, begin + offset, begin + Math.min(offset + size, total));
}

/** Some bytes of the storage under a tensor of the host, or of another device, copied. */
export function bytesOfStorage(owner: Tensor, begin: number, end: number): Uint8Array {
  const all = adopt(native.storageBytes(handleOf(owner), owner));
  const part = callOperator('aten::slice.Tensor', [all, 0, begin, end, 1]) as Tensor;
  return part.toTypedArray() as Uint8Array;
}

/**
 * A tensor whose bytes are read one piece after the other.
 *
 * @param read brings `count` bytes from `offset` on, in memory of their own
 */
export async function gather(
  dtype: DType,
  shape: readonly number[],
  read: (offset: number, count: number) => Promise<Uint8Array<ArrayBuffer>>,
  options: { device?: Device; size?: number } = {},
): Promise<Tensor> {
  const { device = 'cpu', size = pieceBytes } = options;
  const total = tensorBytes(dtype, shape);
  if (total <= size) return fromBytes(await read(0, total), dtype, shape, device);
  const whole = empty([...shape], { dtype });
  const bytes = adopt(native.storageBytes(handleOf(whole), whole));
  for (let offset = 0; offset < total; offset += size) {
    const piece = await read(offset, Math.min(size, total - offset));
    // Only 0 and 1 are booleans.
    if (dtype === 'bool') piece.forEach((byte, index) => (piece[index] = byte === 0 ? 0 : 1));
    const place = callOperator('aten::slice.Tensor', [bytes, 0, offset, offset + piece.length, 1]) as Tensor;
    callOperator('aten::copy_', [place, tensor(piece)]);
  }
  return device === 'cpu' ? whole : whole.to(device);
}
