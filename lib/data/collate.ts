/** Collating: the items of a batch, one below the other in one tensor. */

import { isTensor, stack, tensor, type DType, type Tensor } from '../tensor/index.js';
import { needArray, needText } from '../tensor/checks.js';
import { TenchError, describe } from '../tensor/errors.js';

/** The tensors of one batch: one for each part of a sample, e.g. `[xb, yb]`. */
export type Batch = Tensor[];

/**
 * Puts values of one kind into one tensor whose first axis counts them.
 *
 * Tensors of one shape are stacked. Whole numbers and bigints become int64, other numbers float32, booleans bool; arrays and typed arrays of
 * one length become rows of the same types.
 *
 * @param values at least one
 * @param names what to call the values in messages, e.g. their paths
 * @throws TenchError if shapes differ (it names the first two items that do), or for values that no tensor can hold
 */
export function collate(values: readonly unknown[], names: readonly string[] = []): Tensor {
  const [first] = needArray('values', values);
  needNames(names);
  if (first === undefined) throw new TenchError('a batch of no items cannot be collated');
  if (isTensor(first)) return stackTensors(values, names);
  if (typeof first === 'number' || typeof first === 'bigint' || typeof first === 'boolean') {
    return tensor(values as number[], { dtype: dtypeOf(values, names) });
  }
  if (Array.isArray(first) || isTypedArray(first)) return stackRows(values, names);
  throw cannotCollate(first, nameAt(names, 0));
}

/** The batch of samples that are arrays of their parts, or their only part: one tensor for each. */
export function collateParts(samples: readonly unknown[], names: readonly string[]): Batch {
  const rows = samples.map((sample) => (Array.isArray(sample) ? (sample as unknown[]) : [sample]));
  return rows[0]!.map((_, part) =>
    collate(
      rows.map((row) => row[part]),
      names,
    ),
  );
}

/**
 * Throws unless all shapes are equal; the message names the first two items whose shapes differ.
 *
 * @param shapes one an item, in a notation that a reader knows
 */
export function requireEqualShapes(shapes: readonly string[], names: readonly string[]): void {
  needNames(names);
  const other = needArray('shapes', shapes).findIndex((shape) => needText('shapes', shape) !== shapes[0]);
  if (other < 0) return;
  throw new TenchError(
    `items of one batch must have one size, but ${nameAt(names, 0)} is ${shapes[0]} and ${nameAt(names, other)} is ${shapes[other]}; ` +
      'add a transform that makes them equal (for images `new ResizeFixed(size)`), or give the loader a `collate` of your own',
    { code: 'ERR_TENCH_SHAPE' },
  );
}

/** What items are called in messages. */
export function needNames(names: readonly string[]): void {
  for (const name of needArray('names', names)) needText('names', name);
}

function stackTensors(values: readonly unknown[], names: readonly string[]): Tensor {
  const tensors = values.map((value, index) => {
    if (!isTensor(value)) throw mixed(values[0], value, nameAt(names, index));
    return value;
  });
  requireEqualShapes(
    tensors.map((one) => `${one.dtype} [${one.shape.join(', ')}]`),
    names,
  );
  return stack(tensors);
}

function stackRows(values: readonly unknown[], names: readonly string[]): Tensor {
  const rows = values.map((value, index) => {
    if (Array.isArray(value)) return value as unknown[];
    if (isTypedArray(value)) return Array.from(value as ArrayLike<unknown>);
    throw mixed(values[0], value, nameAt(names, index));
  });
  requireEqualShapes(
    rows.map((row) => `of length ${row.length}`),
    names,
  );
  const flat = rows.flat();
  const dtype = isTypedArray(values[0]) ? dtypeOfTypedArray(values[0]) : dtypeOf(flat, names);
  return tensor(flat as number[], { dtype, shape: [rows.length, rows[0]!.length] });
}

function dtypeOf(values: readonly unknown[], names: readonly string[]): DType {
  const kind = typeof values[0];
  values.forEach((value, index) => {
    const isNumeric = kind !== 'boolean' && (typeof value === 'number' || typeof value === 'bigint');
    if (typeof value !== kind && !isNumeric) throw mixed(values[0], value, nameAt(names, index));
  });
  if (kind === 'boolean') return 'bool';
  return values.every((value) => typeof value === 'bigint' || Number.isSafeInteger(value)) ? 'int64' : 'float32';
}

function dtypeOfTypedArray(values: unknown): DType {
  if (values instanceof Float32Array) return 'float32';
  if (values instanceof Float64Array) return 'float64';
  if (values instanceof Uint8Array) return 'uint8';
  return 'int64';
}

function isTypedArray(value: unknown): boolean {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function nameAt(names: readonly string[], index: number): string {
  return names[index] ?? `item ${index} of the batch`;
}

function mixed(first: unknown, value: unknown, name: string): TenchError {
  return new TenchError(
    `items of one batch must be of one kind, but the first is ${describe(first)} and ${name} is ${describe(value)}`,
  );
}

function cannotCollate(value: unknown, name: string): TenchError {
  const what = `${name} is ${describe(value)}, which no tensor can hold`;
  if (typeof value === 'string')
    return new TenchError(`${what}; give texts a processor that numbers them (for labels \`new CategoryProcessor()\`)`);
  if (typeof value === 'object' && value !== null && 'width' in value && 'height' in value) {
    return new TenchError(`${what}; end the transforms of images with \`toByteTensor\``);
  }
  return new TenchError(`${what}; add a transform that ends in a tensor, or give the loader a \`collate\` of your own`);
}
