/** `tensor`: from JavaScript values to a tensor, with the dtype that the values imply unless one is named. */

import { invalid } from './errors.js';
import { isDType } from './convert.js';
import { native } from './native.js';
import { adopt, isTensor, type Tensor } from './tensor.js';
import {
  dtypes,
  encodings,
  needOptions,
  type Complex,
  type DType,
  type NestedArray,
  type Scalar,
  type TensorOptions,
  type TypedArray,
} from './types.js';

/**
 * Makes a tensor of JavaScript values. The values are copied.
 *
 * Numbers make float32, booleans bool, bigints int64, `{ re, im }` complex64, unless `dtype` says otherwise. A typed array keeps its own
 * element type (Uint16Array is uint16 unless `dtype` is float16 or bfloat16, whose raw bits it then holds; Float32Array and Float64Array hold
 * interleaved pairs for complex64 and complex128); its `shape` is row-major and defaults to one axis.
 *
 * @throws ArgumentError for ragged arrays, values that are no numbers, a shape that does not fit, an unknown dtype
 */
export function tensor(
  data: NestedArray | TypedArray,
  options: TensorOptions & { shape?: readonly number[] } = {},
): Tensor {
  needOptions('tensor', options);
  const { dtype, device = 'cpu', requiresGrad = false } = options;
  if (dtype !== undefined && !isDType(dtype)) throw invalid('tensor: dtype', `one of ${dtypes.join(', ')}`, dtype);
  if (isTensor(data)) throw invalid('tensor: data', 'values (to copy a tensor use `clone`)', data);
  const made = ArrayBuffer.isView(data)
    ? fromTypedArray(data, dtype, options.shape, device)
    : fromNested(data, dtype, options.shape, device);
  return requiresGrad ? made.requiresGrad_() : made;
}

function naturalDType(data: TypedArray): DType {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Float64Array) return 'float64';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Int16Array) return 'int16';
  if (data instanceof Int8Array) return 'int8';
  if (data instanceof Uint8Array) return 'uint8';
  if (data instanceof Uint16Array) return 'uint16';
  if (data instanceof Uint32Array) return 'uint32';
  if (data instanceof BigInt64Array) return 'int64';
  if (data instanceof BigUint64Array) return 'uint64';
  throw invalid('tensor: data', 'a typed array of numbers', data);
}

function checkShape(shape: readonly number[]): void {
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw invalid('tensor: shape', 'an array of whole numbers of at least 0', shape);
  }
}

function fromTypedArray(
  data: TypedArray,
  dtype: DType | undefined,
  shape: readonly number[] | undefined,
  device: string,
): Tensor {
  const natural = naturalDType(data);
  const encoded = dtype !== undefined && encodings[dtype].array === data.constructor ? dtype : natural;
  const lanes = encodings[encoded].lanes;
  if (data.length % lanes !== 0)
    throw invalid('tensor: data', `pairs of numbers for ${encoded}`, `${data.length} numbers`);
  const count = data.length / lanes;
  if (shape !== undefined) checkShape(shape);
  const sizes = shape ?? [count];
  if (sizes.reduce((product, size) => product * size, 1) !== count) {
    throw invalid('tensor: shape', `a shape of ${count} elements, as many as the data has`, [...sizes]);
  }
  const made = adopt(native.fromData(data, encoded, sizes, device));
  return dtype === undefined || dtype === encoded ? made : made.to(dtype);
}

function fromNested(
  data: NestedArray,
  dtype: DType | undefined,
  wanted: readonly number[] | undefined,
  device: string,
): Tensor {
  const shape: number[] = [];
  for (let level: unknown = data; Array.isArray(level); level = level[0]) shape.push(level.length);
  const flat: Scalar[] = [];
  flatten(data, shape, 0, flat);
  const kind = kindOf(flat);
  const target =
    dtype ?? (kind === 'boolean' ? 'bool' : kind === 'bigint' ? 'int64' : kind === 'complex' ? 'complex64' : 'float32');
  const made = fromTypedArray(encode(flat, kind, target), encodingFor(kind, target), wanted ?? shape, device);
  return made.dtype === target ? made : made.to(target);
}

type Kind = 'number' | 'bigint' | 'boolean' | 'complex';

function flatten(level: NestedArray, shape: readonly number[], axis: number, flat: Scalar[]): void {
  if (!Array.isArray(level)) {
    if (axis !== shape.length)
      throw invalid('tensor: data', `arrays nested to the same depth (${shape.length})`, level);
    flat.push(level as Scalar);
    return;
  }
  if (axis >= shape.length) throw invalid('tensor: data', `arrays nested to the same depth (${shape.length})`, level);
  if (level.length !== shape[axis])
    throw invalid('tensor: data', `arrays of equal length (${shape[axis]} at depth ${axis})`, level);
  for (const item of level as readonly NestedArray[]) flatten(item, shape, axis + 1, flat);
}

function kindOf(flat: readonly Scalar[]): Kind {
  let kind: Kind = 'boolean';
  const rank: Record<Kind, number> = { boolean: 0, bigint: 1, number: 2, complex: 3 };
  if (flat.length === 0) return 'number';
  for (const value of flat) {
    const type = typeof value;
    let found: Kind;
    if (type === 'number' || type === 'bigint' || type === 'boolean') found = type;
    else if (isComplex(value)) found = 'complex';
    else throw invalid('tensor: data', 'numbers, booleans, bigints or { re, im }', value);
    if (rank[found] > rank[kind]) kind = found;
  }
  return kind;
}

function isComplex(value: unknown): value is Complex {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Complex).re === 'number' &&
    typeof (value as Complex).im === 'number'
  );
}

/** The dtype in which values cross the boundary: wide enough to lose nothing before LibTorch converts to the target. */
function encodingFor(kind: Kind, target: DType): DType {
  if (kind === 'complex') return 'complex128';
  if (kind === 'boolean') return 'bool';
  if (kind === 'bigint') return 'int64';
  return target === 'float32' ? 'float32' : target === 'int64' ? 'int64' : 'float64';
}

function encode(flat: readonly Scalar[], kind: Kind, target: DType): TypedArray {
  if (kind === 'complex') {
    return Float64Array.from(flat.flatMap((value) => (isComplex(value) ? [value.re, value.im] : [Number(value), 0])));
  }
  if (kind === 'boolean') return Uint8Array.from(flat, Number);
  if (kind === 'bigint' || target === 'int64')
    return BigInt64Array.from(flat, (value) => toInt64(value as number | bigint | boolean));
  return target === 'float32'
    ? Float32Array.from(flat as number[], Number)
    : Float64Array.from(flat as number[], Number);
}

function toInt64(value: number | bigint | boolean): bigint {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw invalid('tensor: data', 'finite numbers for int64', value);
  const whole = typeof value === 'number' ? BigInt(Math.trunc(value)) : BigInt(value);
  if (BigInt.asIntN(64, whole) !== whole) throw invalid('tensor: data', 'integers that fit 64 bits', value);
  return whole;
}
