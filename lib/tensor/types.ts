/** The vocabulary of tensors: dtypes, devices, scalars, indices, and their encodings in typed arrays. */

import { invalid } from './errors.js';
import type { Tensor } from './tensor.js';

/** Every dtype that tench can move between JavaScript and LibTorch. */
export const dtypes = [
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
  'complex64',
  'complex128',
  'complex32',
  'uint16',
  'uint32',
  'uint64',
  'float8_e4m3fn',
  'float8_e5m2',
  'float8_e4m3fnuz',
  'float8_e5m2fnuz',
  'float8_e8m0fnu',
  'float4_e2m1fn_x2',
] as const;

/** The element type of a tensor, by PyTorch's name. */
export type DType = (typeof dtypes)[number];

/** A device by PyTorch's name: `'cpu'`, `'cuda'`, `'cuda:1'`, `'meta'`. */
export type Device = 'cpu' | 'cuda' | 'meta' | (string & {});

/** How a tensor's elements lie in memory. `channels_last` is for 4-d tensors (N, C, H, W stored as N, H, W, C). */
export type MemoryFormat = 'contiguous_format' | 'preserve_format' | 'channels_last' | 'channels_last_3d';

/** The storage layout of a tensor. */
export type Layout = 'strided' | 'sparse' | 'sparse_csr' | 'mkldnn' | (string & {});

/** A complex number as JavaScript sees it. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** A number that is not a tensor: what PyTorch calls a Scalar. */
export type Scalar = number | bigint | boolean | Complex;

/** The typed arrays that `tensor` reads and `toTypedArray` returns. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Numbers, booleans or bigints, or arrays of them nested to any depth. */
export type NestedArray = Scalar | readonly NestedArray[];

/** A range of an axis, as Python's `start:end:step`. */
export class Slice {
  constructor(
    readonly start: number | null,
    readonly end: number | null,
    readonly step: number,
  ) {}
}

/** One entry of an index: see {@link Tensor.get}. */
export type Index = number | Slice | null | '...' | boolean | readonly number[] | Tensor;

/** Options of the functions that make tensors. */
export interface TensorOptions {
  /** Element type; each function names its default. */
  dtype?: DType;
  /** Where the tensor lives; default `'cpu'`. */
  device?: Device;
  /** Whether operations on the tensor are recorded for `backward`; default false. */
  requiresGrad?: boolean;
}

interface Encoding {
  /** Makes a view of the encoding's typed array over a buffer. */
  readonly array: new (buffer: ArrayBuffer) => TypedArray;
  /** Array elements per tensor element (2 for complex numbers). */
  readonly lanes: 1 | 2;
}

/** How the elements of each dtype are encoded in a typed array (the contract's table). */
export const encodings: Readonly<Record<DType, Encoding>> = {
  float32: { array: Float32Array, lanes: 1 },
  float64: { array: Float64Array, lanes: 1 },
  float16: { array: Uint16Array, lanes: 1 },
  bfloat16: { array: Uint16Array, lanes: 1 },
  int64: { array: BigInt64Array, lanes: 1 },
  int32: { array: Int32Array, lanes: 1 },
  int16: { array: Int16Array, lanes: 1 },
  int8: { array: Int8Array, lanes: 1 },
  uint8: { array: Uint8Array, lanes: 1 },
  bool: { array: Uint8Array, lanes: 1 },
  complex64: { array: Float32Array, lanes: 2 },
  complex128: { array: Float64Array, lanes: 2 },
  complex32: { array: Uint16Array, lanes: 2 },
  uint16: { array: Uint16Array, lanes: 1 },
  uint32: { array: Uint32Array, lanes: 1 },
  uint64: { array: BigUint64Array, lanes: 1 },
  float8_e4m3fn: { array: Uint8Array, lanes: 1 },
  float8_e5m2: { array: Uint8Array, lanes: 1 },
  float8_e4m3fnuz: { array: Uint8Array, lanes: 1 },
  float8_e5m2fnuz: { array: Uint8Array, lanes: 1 },
  float8_e8m0fnu: { array: Uint8Array, lanes: 1 },
  float4_e2m1fn_x2: { array: Uint8Array, lanes: 1 },
};

/** Whether values of this dtype are read as float32, because its typed array holds raw bits. */
export function isPackedFloat(dtype: DType): boolean {
  return dtype === 'float16' || dtype === 'bfloat16' || dtype.startsWith('float8_');
}

/**
 * Selects part of an axis in {@link Tensor.get} and {@link Tensor.set}, like Python's `start:end:step`.
 *
 * @param start first element, or null for the beginning; negative counts from the end
 * @param end one past the last element, or null for the end
 * @param step distance between elements, at least 1 (LibTorch has no negative steps); default 1
 */
export function slice(start: number | null = null, end: number | null = null, step = 1): Slice {
  return new Slice(start, end, step);
}

/** Whether a value is a plain object: an options object rather than a tensor, an array or a complex number. */
export function isOptions(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return false;
    return !('re' in value && 'im' in value);
  } catch {
    // A proxy whose traps throw: whoever reads it as an argument says so.
    return false;
  }
}

/** @throws ArgumentError unless a trailing options argument is a plain object */
export function needOptions(where: string, value: unknown): void {
  if (!isOptions(value)) throw invalid(`${where}: options`, 'a plain object', value);
}
