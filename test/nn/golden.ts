/** Reads what PyTorch recorded (scripts/goldens/nn.py) and compares tensors with it. */

import { readFileSync } from 'node:fs';

import type { Test } from 'tap';

import { tensor, type DType, type Tensor } from '../../lib/tensor/index.js';

/** A tensor as the recorder writes it. */
export interface Recorded {
  shape: number[];
  dtype: DType;
  data: string;
}

const folder = new URL('../../../test/goldens/nn/', import.meta.url);

/** The cases of one golden file. */
export function readGoldens<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as T[];
}

/** The tensor of a record. */
export function decode({ shape, dtype, data }: Recorded): Tensor {
  const bytes = new Uint8Array(Buffer.from(data, 'base64')).buffer;
  const values =
    dtype === 'int64'
      ? new BigInt64Array(bytes)
      : dtype === 'float16' || dtype === 'bfloat16'
        ? new Uint16Array(bytes)
        : new Float32Array(bytes);
  return tensor(values, { dtype, shape });
}

export function isRecorded(value: unknown): value is Recorded {
  return typeof value === 'object' && value !== null && 'data' in value && 'dtype' in value;
}

/** Options with their tensors decoded. */
export function decodeOptions(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key, isRecorded(value) ? decode(value) : value]),
  );
}

/** 0.5 to 1.5 in even steps: the gradient that the recorder sent back through every output. */
export function evenWeights(output: Tensor): Tensor {
  const count = output.numel();
  const step = count > 1 ? 1 / (count - 1) : 0;
  return tensor(
    Float32Array.from({ length: count }, (_, i) => 0.5 + i * step),
    { shape: output.shape },
  ).to(output.dtype);
}

/** Largest |a - b| / max(1, |b|); Infinity when shapes or dtypes differ, or one has a NaN where the other has none. */
export function difference(actual: Tensor, expected: Tensor): number {
  if (actual.dtype !== expected.dtype || String(actual.shape) !== String(expected.shape)) return Infinity;
  const [a, b] = [readable(actual).toTypedArray(), readable(expected).toTypedArray()];
  let worst = 0;
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (Object.is(x, y)) continue;
    const distance = Math.abs(x - y) / Math.max(1, Math.abs(y));
    worst = Math.max(worst, Number.isNaN(distance) ? Infinity : distance);
  }
  return worst;
}

/** The typed arrays of the short floats are raw bits. */
const readable = (x: Tensor): Tensor => (isFloat(x.dtype) ? x.to('float64') : x);

/** Whether gradients flow through tensors of a dtype. */
export const isFloat = (dtype: DType): boolean => dtype.includes('float');

/** Names in small letters. LibTorch itself tells no shapes of these without values, in either direction: they have no kernel for the `meta` device. */
export const withoutShapes: ReadonlySet<string> = new Set([
  'glu',
  'groupnorm',
  'hardswish',
  'hardtanh',
  'prelu',
  'relu6',
]);

/** What two ways of computing may differ by: rounding, of which bfloat16 does much. */
export const toleranceOf = (dtype: DType): number => (dtype === 'bfloat16' ? 4e-2 : 1e-5);

/** Asserts that a tensor is the recorded one, to 1e-5 of its size unless told otherwise. */
export function near(
  t: Test,
  actual: Tensor | null,
  expected: Recorded | Tensor,
  message: string,
  tolerance = 1e-5,
): void {
  if (actual === null) {
    t.fail(`${message}: there is no tensor`);
    return;
  }
  const wanted = isRecorded(expected) ? decode(expected) : expected;
  const distance = difference(actual, wanted);
  if (distance <= tolerance) t.pass(message);
  else t.fail(`${message}: off by ${distance}`, { actual: actual.toString(), expected: wanted.toString() });
}
