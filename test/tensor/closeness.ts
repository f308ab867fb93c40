/** Compares elements as `torch.testing.assert_close` does: whole numbers exactly, others within the dtype's tolerance, NaN equal to NaN. */

import type { DType, TypedArray } from '../../lib/tensor/index.js';

/**
 * Relative and absolute tolerance of each dtype that is not exact. Single precision has ten times and four times that of `assert_close`: another
 * processor adds in another order, and a sum whose terms nearly cancel then has other last digits (for `addbmm` the recorded -7.80558014 and
 * -7.80555725 lie on both sides of the exact -7.80557229).
 */
const tolerances: Partial<Record<DType, readonly [relative: number, absolute: number]>> = {
  float16: [1e-3, 1e-5],
  bfloat16: [1.6e-2, 1e-5],
  float32: [1.3e-5, 4e-5],
  float64: [1e-7, 1e-7],
  complex32: [1e-3, 1e-5],
  complex64: [1.3e-5, 4e-5],
  complex128: [1e-7, 1e-7],
};

const scratch = new DataView(new ArrayBuffer(4));

function fromBfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = (bits & 0x3ff) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

function numbers(elements: TypedArray, dtype: DType): Float64Array {
  if (dtype === 'bfloat16') return Float64Array.from(elements as Uint16Array, fromBfloat16);
  if (dtype === 'float16' || dtype === 'complex32') return Float64Array.from(elements as Uint16Array, fromFloat16);
  return Float64Array.from(elements as Float32Array);
}

/** Complex numbers compare by the distance between them, others by their difference. */
function distances(actual: Float64Array, expected: Float64Array, lanes: number): (index: number) => [number, number] {
  if (lanes === 1) return (index) => [difference(actual[index]!, expected[index]!), Math.abs(expected[index]!)];
  return (index) => [
    Math.hypot(
      difference(actual[2 * index]!, expected[2 * index]!),
      difference(actual[2 * index + 1]!, expected[2 * index + 1]!),
    ),
    Math.hypot(expected[2 * index]!, expected[2 * index + 1]!),
  ];
}

function difference(actual: number, expected: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  const found = Math.abs(actual - expected);
  return Number.isNaN(found) ? Infinity : found;
}

function magnitudes(values: Float64Array, lanes: number): Float64Array {
  if (lanes === 1) return values.map(Math.abs);
  return Float64Array.from({ length: values.length / 2 }, (_, i) => Math.hypot(values[2 * i]!, values[2 * i + 1]!));
}

/** The first element that is too far from the expected one, in words; null when there is none. `slack` multiplies the tolerance. */
export function departure(
  actual: TypedArray,
  expected: TypedArray,
  dtype: DType,
  byMagnitude: boolean,
  slack = 1,
): string | null {
  if (actual.length !== expected.length) return `${actual.length} elements instead of ${expected.length}`;
  const tolerance = tolerances[dtype];
  if (tolerance === undefined) {
    const index = expected.findIndex((value: number | bigint, place: number) => actual[place] !== value);
    return index < 0 ? null : `${actual[index]} instead of ${expected[index]} at element ${index}`;
  }
  const [relative, absolute] = tolerance;
  const lanes = dtype.startsWith('complex') ? 2 : 1;
  let [left, right] = [numbers(actual, dtype), numbers(expected, dtype)];
  if (byMagnitude) [left, right] = [magnitudes(left, lanes), magnitudes(right, lanes)];
  const measure = distances(left, right, byMagnitude ? 1 : lanes);
  const count = byMagnitude || lanes === 1 ? left.length : left.length / 2;
  for (let index = 0; index < count; index += 1) {
    const [distance, size] = measure(index);
    if (distance > 0 && !(distance <= slack * (absolute + relative * (Number.isFinite(size) ? size : 0)))) {
      return `${describe(left, index, lanes)} instead of ${describe(right, index, lanes)} at element ${index}`;
    }
  }
  return null;
}

function describe(values: Float64Array, index: number, lanes: number): string {
  return lanes === 1 ? `${values[index]}` : `${values[2 * index]}+${values[2 * index + 1]}i`;
}
