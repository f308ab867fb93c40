/** Elements of tensors as bytes of files: their sizes, and the way from bytes to a tensor. */

import { needTensor } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { tensor, type DType, type Device, type Tensor, type TypedArray } from '../tensor/index.js';
import { encodings, isOptions } from '../tensor/types.js';

/** Bytes of one element. */
export function elementBytes(dtype: DType): number {
  const { array, lanes } = encodings[dtype];
  return new array(new ArrayBuffer(0)).BYTES_PER_ELEMENT * lanes;
}

/** LibTorch's operators take no more axes. */
const mostAxes = 64;

/** Bytes of a row-major tensor; NaN for a shape that a file may claim and no tensor has. */
export function tensorBytes(dtype: DType, shape: readonly number[]): number {
  // An axis of size 0 hides the others from the product, but not from the strides that LibTorch computes of them.
  const extent = shape.reduce((product, size) => product * Math.max(size, 1), elementBytes(dtype));
  if (!Number.isSafeInteger(extent) || shape.length > mostAxes) return NaN;
  return shape.includes(0) ? 0 : extent;
}

/** A tensor of bytes that lie in memory of their own, in the order of this machine. */
export function fromBytes(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: DType,
  shape: readonly number[],
  device: Device = 'cpu',
): Tensor {
  const values: TypedArray = new encodings[dtype].array(bytes.buffer);
  return tensor(values, { dtype, shape, device });
}

/** Tensors by name, as writers take them: a Map such as `stateDict()` returns, or an object. */
export type NamedTensors = ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>;

/** @throws ArgumentError for what is neither a Map nor an object */
export function pairsOf(tensors: NamedTensors): [name: string, value: Tensor][] {
  if (!(tensors instanceof Map) && !isOptions(tensors))
    throw invalid('tensors', 'a Map or an object of tensors', tensors);
  const pairs = tensors instanceof Map ? [...(tensors as ReadonlyMap<string, Tensor>)] : Object.entries(tensors);
  for (const [name, value] of pairs as [unknown, Tensor][]) {
    if (typeof name !== 'string') throw invalid('tensors', 'names that are strings', name);
    needTensor(`tensors: ${name}`, value);
  }
  return pairs;
}
