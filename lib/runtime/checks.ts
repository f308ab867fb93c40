/** Checks at the door of a public function: each gives back the value, or throws the one form of error that names the argument. */

import { invalid } from './errors.js';

/** A function that the caller wrote. */
export function needFunction<T>(argument: string, value: T, expected = 'a function'): T {
  if (typeof value !== 'function') throw invalid(argument, expected, value);
  return value;
}

/** Any string, also an empty one. */
export function needText(argument: string, value: string, expected = 'a string'): string {
  if (typeof value !== 'string') throw invalid(argument, expected, value);
  return value;
}

/** A path that a file system can be asked for: not empty, and without a NUL byte, at which Node throws an error of its own. */
export function needPath(argument: string, value: string, expected = 'a path'): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) throw invalid(argument, expected, value);
  return value;
}

/** One of several words. */
export function needOneOf<Word extends string>(argument: string, value: Word, words: readonly Word[]): Word {
  if (!words.includes(value)) throw invalid(argument, oneOf(words), value);
  return value;
}

/** "'a', 'b' or 'c'", for messages. */
export function oneOf(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
}

/** A whole number of at least `least`. */
export function needCount(argument: string, value: number, least = 0): number {
  if (!isCount(value, least)) throw invalid(argument, `a whole number of at least ${least}`, value);
  return value;
}

/** Whether a value is a whole number of at least `least`. */
export function isCount(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

/** A whole number of either sign: an axis, or an index that may count from the end. */
export function needWhole(argument: string, value: number): number {
  if (!Number.isSafeInteger(value)) throw invalid(argument, 'a whole number', value);
  return value;
}

/** A finite number. */
export function needNumber(argument: string, value: number, expected = 'a finite number'): number {
  if (!Number.isFinite(value)) throw invalid(argument, expected, value);
  return value;
}

/** Where a number must lie. */
export interface Range {
  /** The smallest number allowed. */
  readonly least?: number;
  /** The largest number allowed. */
  readonly most?: number;
  /** The largest number that is too small. */
  readonly above?: number;
}

/** A number in a range, perhaps infinite; NaN is in none. */
export function needInRange(argument: string, value: number, range: Range = {}): number {
  const { least = -Infinity, most = Infinity, above } = range;
  const given: unknown = value;
  if (typeof given === 'number' && given >= least && given <= most && (above === undefined || given > above))
    return given;
  throw invalid(argument, `a number${inWords(range)}`, given);
}

function inWords({ least, most, above }: Range): string {
  if (above !== undefined) return most === undefined ? ` above ${above}` : ` above ${above} and at most ${most}`;
  if (least !== undefined) return most === undefined ? ` of at least ${least}` : ` from ${least} to ${most}`;
  return most === undefined ? '' : ` of at most ${most}`;
}

/** True or false themselves: a text such as `'false'` would count as true. */
export function needFlag(argument: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid(argument, 'true or false', value);
  return value;
}

/** An array. */
export function needArray<T extends readonly unknown[]>(argument: string, value: T, expected = 'an array'): T {
  const given: unknown = value;
  if (!Array.isArray(given)) throw invalid(argument, expected, value);
  return value;
}

/** What a `for` loop can walk over, but no string: its letters are never what was meant. */
export function needIterable<T extends Iterable<unknown>>(argument: string, value: T, expected = 'an iterable'): T {
  const given = value as Partial<Iterable<unknown>> | null;
  if (typeof given !== 'object' || given === null || typeof given[Symbol.iterator] !== 'function')
    throw invalid(argument, expected, value);
  return value;
}

/** An instance of a class of the library's own, or of a subclass. */
export function needInstance<T>(argument: string, value: T, type: abstract new (...args: never[]) => unknown): T {
  if (!(value instanceof type)) throw invalid(argument, `an instance of ${type.name}`, value);
  return value;
}
