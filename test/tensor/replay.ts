/** Replays a recorded call of an operator and says where its answer departs from PyTorch's (scripts/goldens/operators). */

import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import * as T from '../../lib/tensor/index.js';
import { encodings } from '../../lib/tensor/types.js';
import { departure } from './closeness.js';
import { magnified } from './exceptions.js';

/** A tensor as recorded: elements that its memory spans (an argument) or in row-major order (a result), strides where not row-major. */
type StoredTensor = [dtype: T.DType, shape: number[], elements: string, strides?: number[]];

/** A tensor among the results: its place in the file's pool, its offset, and the argument whose memory it shares. */
interface StoredResult {
  '@': number;
  offset?: number;
  shares?: number;
  /** Where it is not dense: its layout, while the pool holds its dense form. */
  layout?: string;
}

export interface RecordedCall {
  name: string;
  /** The tensors among the arguments, as places in the file's pool. */
  tensors: number[];
  args: unknown[];
  options?: Record<string, unknown>;
  results: unknown[];
  /** The arguments that were written to, and what they held afterwards. */
  written?: Record<string, number>;
  /** `form`: the elements mean nothing; `magnitude`: they may differ in sign or phase. */
  mode?: 'form' | 'magnitude';
  gradients?: { inputs: number[]; outputs: number[]; values: (StoredResult | null)[] };
}

/** One golden file. */
export interface Recording {
  torch: string;
  cases: RecordedCall[];
  tensors: StoredTensor[];
}

const folder = new URL('../../../test/goldens/operators/', import.meta.url);

/** Names of the golden files, in order. */
export function recordingNames(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json.gz'))
    .sort();
}

export function readRecording(name: string): Recording {
  return JSON.parse(gunzipSync(readFileSync(new URL(name, folder))).toString()) as Recording;
}

function elementsOf([dtype, , base64]: StoredTensor): T.TypedArray {
  return new encodings[dtype].array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);
}

/** Makes the tensor of an argument. Without elements it gets memory of its own all the same, so that nothing seems shared. */
function build(stored: StoredTensor): T.Tensor {
  const [dtype, shape, , strides] = stored;
  const elements = elementsOf(stored);
  if (strides === undefined) return T.tensor(elements, { dtype, shape });
  const flat = T.tensor(elements, { dtype });
  return T.callOperator('aten::as_strided', [flat, shape, strides]) as T.Tensor;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A recorded argument as JavaScript gives it. */
function thaw(value: unknown, tensors: readonly T.Tensor[]): unknown {
  if (Array.isArray(value)) return value.map((item) => thaw(item, tensors));
  if (!isObject(value)) return value;
  if ('$' in value) return tensors[value.$ as number];
  if ('big' in value) return BigInt(value.big as string);
  if ('float' in value) return special(value.float as string);
  return { re: thaw(value.re, tensors), im: thaw(value.im, tensors) };
}

function special(text: string): number {
  return text === 'inf' ? Infinity : text === '-inf' ? -Infinity : Number(text);
}

function invoke(call: RecordedCall, tensors: readonly T.Tensor[]): unknown[] {
  T.manualSeed(0);
  const options = Object.entries(call.options ?? {}).map(([name, value]) => [name, thaw(value, tensors)]);
  // Recorded arguments are right, also for the operators that do not check them.
  const returned = T.allowUnchecked(() =>
    T.callOperator(
      call.name,
      call.args.map((value) => thaw(value, tensors)),
      Object.fromEntries(options) as Record<string, unknown>,
    ),
  );
  if (returned === undefined) return [];
  return call.results.length === 1 ? [returned] : (returned as unknown[]);
}

function same(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((value, index) => Object.is(value, right[index]));
}

/** No elements at the very start of a tensor's memory, without the marks of a lazy conjugation or negation. */
function startOf(tensor: T.Tensor): T.Tensor {
  let bare = tensor.detach();
  if (T.callOperator('aten::is_conj', [bare]) === true) bare = T.callOperator('aten::_conj', [bare]) as T.Tensor;
  if (T.callOperator('aten::is_neg', [bare]) === true) bare = T.callOperator('aten::_neg_view', [bare]) as T.Tensor;
  return T.callOperator('aten::as_strided', [bare, [0], [1], 0]) as T.Tensor;
}

/** Whether two tensors lie in the same memory. */
function sharesMemory(a: T.Tensor, b: T.Tensor): boolean {
  return T.callOperator('aten::is_set_to', [startOf(a), startOf(b)]) as boolean;
}

type Mode = 'value' | 'form' | 'magnitude';

class Replay {
  constructor(
    private readonly call: RecordedCall,
    private readonly pool: readonly StoredTensor[],
  ) {}

  private build(): T.Tensor[] {
    return this.call.tensors.map((place) => build(this.pool[place]!));
  }

  private compareTensor(actual: unknown, place: number, mode: Mode): string | null {
    if (!T.isTensor(actual)) return `${String(actual)} instead of a tensor`;
    const stored = this.pool[place]!;
    const [dtype, shape, , strides] = stored;
    if (actual.dtype !== dtype) return `dtype ${actual.dtype} instead of ${dtype}`;
    if (!same(actual.shape, shape)) return `shape ${list(actual.shape)} instead of ${list(shape)}`;
    const expectedStrides = strides ?? rowMajor(shape);
    if (!same(actual.stride(), expectedStrides))
      return `strides ${list(actual.stride())} instead of ${list(expectedStrides)}`;
    if (mode === 'form') return null;
    const slack = magnified[this.call.name] ?? 1;
    return departure(actual.toTypedArray(), elementsOf(stored), dtype, mode === 'magnitude', slack);
  }

  private compareLayout(actual: unknown, layout: string, place: number, mode: Mode): string | null {
    if (!T.isTensor(actual)) return `${String(actual)} instead of a tensor`;
    if (actual.layout !== layout) return `layout ${actual.layout} instead of ${layout}`;
    return this.compareTensor(T.callOperator('aten::to_dense', [actual]), place, mode);
  }

  private compare(actual: unknown, expected: unknown, tensors: readonly T.Tensor[], mode: Mode): string | null {
    if (Array.isArray(expected)) {
      if (!Array.isArray(actual) || actual.length !== expected.length) return 'another number of results';
      return firstOf(expected, (item, index) => this.compare(actual[index], item, tensors, mode), 'in the list');
    }
    if (!isObject(expected)) return comparePlain(actual, expected, mode);
    if ('$' in expected)
      return actual === tensors[expected.$ as number] ? null : 'not the argument that was written to';
    if (!('@' in expected)) return comparePlain(actual, thaw(expected, []), mode);
    const result = expected as unknown as StoredResult;
    if (result.layout !== undefined) return this.compareLayout(actual, result.layout, result['@'], mode);
    const found = this.compareTensor(actual, result['@'], mode);
    if (found !== null) return found;
    const tensor = actual as T.Tensor;
    if (tensor.storageOffset() !== (result.offset ?? 0)) return `offset ${tensor.storageOffset()}`;
    const shared = tensors.findIndex((argument) => sharesMemory(tensor, argument));
    if (shared !== (result.shares ?? -1))
      return `shares memory with argument ${shared} instead of ${result.shares ?? -1}`;
    return null;
  }

  /** Compares results and written arguments. */
  values(): string | null {
    const { call } = this;
    const mode = call.mode ?? 'value';
    const tensors = this.build();
    const results = invoke(call, tensors);
    if (results.length !== call.results.length) return `${results.length} results instead of ${call.results.length}`;
    return (
      firstOf(call.results, (result, index) => this.compare(results[index], result, tensors, mode), 'result') ??
      firstOf(
        Object.entries(call.written ?? {}),
        ([place, stored]) => this.compareTensor(tensors[Number(place)], stored, mode),
        'written argument',
      )
    );
  }

  /** Compares the gradients of the outputs, weighted as the recorder weighted them. */
  gradients(): string | null {
    const { gradients, written, results } = this.call;
    if (gradients === undefined) return null;
    const tensors = this.build();
    const leaves = gradients.inputs.map((place) => tensors[place]!.requiresGrad_());
    const places = Object.keys(written ?? {}).map(Number);
    for (const place of places) tensors[place] = tensors[place]!.clone();
    const returned = invoke(this.call, tensors);
    const outputs = results.length > 0 ? (returned.flat() as T.Tensor[]) : places.map((place) => tensors[place]!);
    const roots = outputs.flatMap((output, index) => (T.isTensor(output) && output.requiresGrad ? [index] : []));
    if (!same(roots, gradients.outputs))
      return `outputs ${list(roots)} instead of ${list(gradients.outputs)} take part`;
    const found = T.grad(
      roots.map((index) => outputs[index]!),
      leaves,
      { gradOutputs: roots.map((index) => weights(outputs[index]!)), allowUnused: true },
    );
    return firstOf(gradients.values, (value, index) => this.compare(found[index], value, [], 'value'), 'gradient');
  }
}

/** Small fractions that repeat every eleven elements. */
function weights(output: T.Tensor): T.Tensor {
  const complex = output.dtype.startsWith('complex');
  const fractions = Float32Array.from(
    { length: output.numel() * (complex ? 2 : 1) },
    (_, index) => (((index * 7) % 11) - 5) / 8,
  );
  return T.tensor(fractions, { dtype: complex ? 'complex64' : 'float32', shape: output.shape }).to(output.dtype);
}

function comparePlain(actual: unknown, expected: unknown, mode: Mode): string | null {
  if (mode === 'form' && typeof actual === typeof expected) return null;
  if (typeof actual === 'number' && typeof expected === 'number') {
    return departure(Float64Array.of(actual), Float64Array.of(expected), 'float32', false);
  }
  if (isObject(actual) && isObject(expected)) {
    return comparePlain(actual.re, expected.re, mode) ?? comparePlain(actual.im, expected.im, mode);
  }
  return Object.is(actual, expected) ? null : `${String(actual)} instead of ${String(expected)}`;
}

function firstOf<I>(items: readonly I[], find: (item: I, index: number) => string | null, what: string): string | null {
  for (const [index, item] of items.entries()) {
    const found = find(item, index);
    if (found !== null) return `${what} ${index}: ${found}`;
  }
  return null;
}

function list(numbers: readonly number[]): string {
  return `[${numbers.join(',')}]`;
}

function rowMajor(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let step = 1;
  for (const size of [...shape].reverse()) {
    strides.unshift(step);
    step *= Math.max(size, 1);
  }
  return strides;
}

/** What departs from the recorded answer; null when all of it agrees. */
export function replay(call: RecordedCall, recording: Recording): string | null {
  try {
    return T.scope(() => {
      const replayed = new Replay(call, recording.tensors);
      return replayed.values() ?? replayed.gradients();
    });
  } catch (error) {
    return (error as Error).message;
  }
}
