/** A list that can be asked for one item, a range, a mask or a choice of items, and that prints itself in a few lines. */

import { inspect } from 'node:util';
import { Slice, isOptions } from '../tensor/index.js';
import { invalid } from '../tensor/errors.js';

/** A range of positions as in `slice(start, end, step)`: negative ones count from the end, and what lies outside is cut off. */
export interface Range {
  readonly start?: number | null;
  readonly end?: number | null;
  readonly step?: number | null;
}

/** Several positions: a range, one boolean for each item, or a list of whole numbers. */
export type Selection = Range | readonly boolean[] | readonly number[];

const SHOWN = 10;
const LINE = 100;

/** A list that can be read by position, range, mask or list of positions, and prints its first items. */
export class ListContainer<T> implements Iterable<T> {
  readonly items: T[];

  /** @param items one item, or an array or other iterable of them (a string is one item) */
  constructor(items: Iterable<T> | T) {
    this.items = Array.isArray(items) ? (items as T[]) : isIterable<T>(items) ? [...items] : [items];
  }

  get length(): number {
    return this.items.length;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.items[Symbol.iterator]();
  }

  /**
   * One item (a negative position counts from the end), or an array of them for a range, a mask or a list of positions.
   *
   * @throws ArgumentError for a position outside the list, or a mask of another length
   */
  at(index: number): T;
  at(index: Selection): T[];
  at(index: number | Selection): T | T[];
  at(index: number | Selection): T | T[] {
    if (typeof index === 'number') return this.items[this.position(index)]!;
    return this.positions(index).map((position) => this.items[position]!);
  }

  /** Puts `value` at a position that exists. */
  set(index: number, value: T): void {
    this.items[this.position(index)] = value;
  }

  /** The position that an index means. */
  protected position(index: number): number {
    const position = typeof index === 'number' && index < 0 ? index + this.length : index;
    if (!Number.isInteger(position) || position < 0 || position >= this.length) {
      throw invalid('index', `a position in a list of ${this.length}`, index);
    }
    return position;
  }

  /** The positions that a selection means, in its order. */
  protected positions(selection: Selection): number[] {
    if (!isList(selection)) return positionsOfRange(selection, this.length);
    if (typeof selection[0] !== 'boolean') return (selection as readonly number[]).map((index) => this.position(index));
    if (selection.length !== this.length) {
      throw invalid('index', `a mask of ${this.length} booleans, one an item`, `${selection.length} of them`);
    }
    return (selection as readonly boolean[]).flatMap((kept, index) => {
      if (typeof kept !== 'boolean') throw invalid(`index[${index}]`, 'a boolean, as the mask began', kept);
      return kept ? [index] : [];
    });
  }

  /** First line: the class and how many items there are. Then the first ten, each on a line of its own where they are long. */
  [inspect.custom](): string {
    return `${this.constructor.name} (${itemCount(this.length)})\n${this.preview()}`;
  }

  toString(): string {
    return this[inspect.custom]();
  }

  protected preview(): string {
    const first = this.items
      .slice(0, SHOWN)
      .map((item) => inspect(item, { depth: 1, breakLength: Infinity, maxArrayLength: SHOWN }));
    if (this.length > SHOWN) first.push('...');
    const isShort = first.join(', ').length <= LINE;
    return `[${first.join(isShort ? ', ' : ',\n ')}]`;
  }
}

/** `1 item`, `12894 items`. */
export function itemCount(count: number): string {
  return `${count} ${count === 1 ? 'item' : 'items'}`;
}

function isIterable<T>(value: unknown): value is Iterable<T> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<Iterable<T>>)[Symbol.iterator] === 'function'
  );
}

function isList(selection: Selection): selection is readonly boolean[] | readonly number[] {
  return Array.isArray(selection);
}

/** The positions of a Python slice over a list of `length`. */
function positionsOfRange(range: Range, length: number): number[] {
  const given: unknown = range;
  if (!isOptions(given) && !(given instanceof Slice)) {
    throw invalid('index', 'a number, a range, a mask or a list of numbers', given);
  }
  const step = range.step ?? 1;
  if (!Number.isInteger(step) || step === 0) throw invalid('step', 'a whole number other than 0', step);
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? length : length - 1;
  const bound = (name: string, value: number | null | undefined, fallback: number): number => {
    if (value === null || value === undefined) return fallback;
    if (!Number.isInteger(value) && value !== Infinity && value !== -Infinity)
      throw invalid(name, 'a whole number', value);
    return Math.min(Math.max(value < 0 ? value + length : value, low), high);
  };
  const start = bound('start', range.start, step > 0 ? low : high);
  const end = bound('end', range.end, step > 0 ? high : low);
  const positions: number[] = [];
  for (let position = start; step > 0 ? position < end : position > end; position += step) positions.push(position);
  return positions;
}
