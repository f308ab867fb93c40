/** Batches of sequences of unequal length, such as texts: the short ones are filled up to the longest. */

import { needArray, needCount, needNumber, needOptions } from '../tensor/checks.js';
import { TenchError, describe, invalid } from '../tensor/errors.js';
import { collateParts, type Batch } from './collate.js';
import type { Collate } from './loader.js';

/** Options of {@link padCollate}. */
export interface PadOptions {
  /** What short sequences are filled up with; a vocabulary may have a token for it (`NumericalizeProcessor`'s `padding`). Default 0. */
  padding?: number;
  /** Where it goes: behind the sequence (default) or before it. */
  side?: 'end' | 'start';
  /** Longer sequences are cut at the same side. Default: none is cut. */
  maxLength?: number;
  /** Every batch's length is a multiple of this. Default 1. */
  multipleOf?: number;
  /** Which parts of a sample are such sequences. Default the first, `[0]`. */
  parts?: readonly number[];
}

/** Every batch is at least so long, and nobody means to fill up memory. */
const LARGEST_MULTIPLE = 65_536;

/** A sequence: an array or typed array of numbers. */
type Sequence = number[] | Float32Array;

/**
 * A `collate` for a loader that makes the sequences of a batch equally long; other parts of a sample, such as labels, are collated as usual.
 *
 *     const data = labelled.toDatabunch(64, { collate: padCollate({ padding: 1 }) });
 *
 * A sequence is an array or typed array of numbers. A sample is an array of its parts (`[sequence, label]`), or a sequence alone.
 *
 * @returns batches whose sequences are `[samples, longest]`: int64 for arrays of whole numbers, float32 for other arrays, and the dtype of
 *   typed arrays
 */
export function padCollate(options: PadOptions = {}): Collate<Batch> {
  needOptions('padCollate', options);
  const { padding = 0, side = 'end', maxLength, multipleOf = 1, parts = [0] } = options;
  needNumber('padding', padding);
  if (!(['end', 'start'] as string[]).includes(side)) throw invalid('side', "'end' or 'start'", side);
  if (maxLength !== undefined) needCount('maxLength', maxLength, 1);
  if (needCount('multipleOf', multipleOf, 1) > LARGEST_MULTIPLE)
    throw invalid('multipleOf', `at most ${LARGEST_MULTIPLE}`, multipleOf);
  const padded = new Set(
    needArray('parts', parts, 'an array of positions in a sample').map((part) => needCount('parts', part)),
  );

  const fill = (sequences: readonly Sequence[]): Sequence[] => {
    const cut = sequences.map((sequence) => {
      if (maxLength === undefined || sequence.length <= maxLength) return sequence;
      return side === 'end' ? sequence.slice(0, maxLength) : sequence.slice(-maxLength);
    });
    const longest = Math.max(...cut.map(({ length }) => length));
    const length = Math.ceil(longest / multipleOf) * multipleOf;
    return cut.map((sequence) => {
      const whole = Array.isArray(sequence) ? new Array<number>(length) : emptyLike(sequence, length);
      return placed(whole.fill(padding), sequence, side === 'end' ? 0 : length - sequence.length);
    });
  };

  return (samples, names) => {
    const rows = samples.map((sample) =>
      isSequence(sample) || !Array.isArray(sample) ? [sample] : (sample as unknown[]),
    );
    for (const part of padded) {
      const filled = fill(
        rows.map((row, index) => needSequence(row[part], names[index] ?? `item ${index} of the batch`)),
      );
      rows.forEach((row, index) => (rows[index] = row.with(part, filled[index])));
    }
    return collateParts(rows, names);
  };
}

function emptyLike(sequence: Float32Array, length: number): Float32Array {
  return new (sequence.constructor as Float32ArrayConstructor)(length);
}

function placed(whole: Sequence, sequence: Sequence, start: number): Sequence {
  sequence.forEach((value, index) => (whole[start + index] = value));
  return whole;
}

/** An empty array is one, too. */
function isSequence(value: unknown): value is Sequence {
  if (Array.isArray(value)) return value.every((one) => typeof one === 'number');
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function needSequence(value: unknown, name: string): Sequence {
  if (isSequence(value)) return value;
  throw new TenchError(`${name} is ${describe(value)}, where padCollate pads a sequence of numbers`);
}
