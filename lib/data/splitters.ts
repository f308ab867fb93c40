/** Splitters decide for each item whether it is valid (true), train (false) or in neither set (null). */

import { basename, dirname } from 'node:path';
import { needArray, needCount, needFunction, needIterable, needOptions, needText } from '../tensor/checks.js';
import { describe, invalid } from '../tensor/errors.js';
import { readTable, type TableOptions } from './csv.js';
import { Generator } from './random.js';

/** A user's own splitter has this type, too; most need no more than the item. */
export type Splitter<T> = (item: T, index: number, items: readonly T[]) => boolean | null;

/** First number of the stream that a random split draws from; see chain.ts for the others. */
const SPLIT_STREAM = 2;

/**
 * Splits by the folder that holds an item's folder: `root/val/n01440764/x.jpg` is valid for `validName: 'val'`.
 *
 * @returns true for valid, false for train, null for a path in neither
 */
export function grandparentSplitter(
  path: string,
  options: { validName?: string; trainName?: string } = {},
): boolean | null {
  needOptions('grandparentSplitter', options);
  const { validName = 'valid', trainName = 'train' } = options;
  needText('validName', validName);
  needText('trainName', trainName);
  const grandparent = basename(dirname(dirname(needText('path', path))));
  if (grandparent === validName) return true;
  if (grandparent === trainName) return false;
  return null;
}

/**
 * Puts a random part of the items into valid: exactly `Math.round(pValid * n)` of them, the same for the same seed and number of items.
 *
 * @param pValid a fraction from 0 to 1
 */
export function randomSplitter(pValid: number, options: { seed?: number | bigint } = {}): Splitter<unknown> {
  if (typeof pValid !== 'number' || !(pValid >= 0 && pValid <= 1))
    throw invalid('pValid', 'a fraction from 0 to 1', pValid);
  needOptions('randomSplitter', options);
  const { seed } = new Generator(options.seed ?? 0);
  let chosen: ReadonlySet<number> = new Set();
  let chosenFor: readonly unknown[] | undefined;
  return (_item, index, items) => {
    needArray('items', items, 'the whole list, as splitByFunc gives it to a splitter');
    if (chosenFor !== items) {
      const order = new Generator(seed, SPLIT_STREAM).permutation(items.length);
      chosen = new Set(order.slice(0, Math.round(pValid * items.length)));
      chosenFor = items;
    }
    return chosen.has(index);
  };
}

/** Items whose path matches the pattern are valid, all others train. */
export function patternSplitter(pattern: RegExp): (item: string) => boolean {
  if (!(pattern instanceof RegExp)) throw invalid('pattern', 'a regular expression', pattern);
  return (item) => needText('item', item).search(pattern) >= 0;
}

/** Items at these positions are valid, all others train. */
export function indexSplitter(valid: Iterable<number>): (item: unknown, index: number) => boolean {
  const chosen = new Set(needIterable('valid', valid, 'an iterable of positions'));
  for (const index of chosen) needCount('valid', index);
  return (_item, index) => chosen.has(index);
}

/**
 * Splits by a column of a CSV or TSV file: `1`, `true`, `yes` and the words of `validName` are valid; an item that the file does not
 * name is in neither set.
 *
 * @param file the table; its first line names the columns
 * @param options `key`: the column with the items' names (default the first); `column`: the one that decides (default `is_valid`)
 */
export function csvSplitter(
  file: string,
  options: TableOptions & { validName?: string } = {},
): (path: string) => boolean | null {
  needOptions('csvSplitter', options);
  const { column = 'is_valid', validName = 'valid', ...rest } = options;
  needText('validName', validName);
  const find = readTable(file, { ...rest, column });
  const words = new Set(['1', 'true', 'yes', 't', 'y', validName.toLowerCase()]);
  return (path) => {
    const value = find(path);
    return value === undefined ? null : words.has(value.trim().toLowerCase());
  };
}

/** The items in three lists: train, valid, and those in neither. */
export function splitByFunc<T>(items: readonly T[], splitter: Splitter<T>): { train: T[]; valid: T[]; leftOut: T[] } {
  needArray('items', items);
  needFunction('splitter', splitter);
  const split = { train: [] as T[], valid: [] as T[], leftOut: [] as T[] };
  items.forEach((item, index) => {
    const decision: unknown = splitter(item, index, items);
    if (decision === true) split.valid.push(item);
    else if (decision === false) split.train.push(item);
    else if (decision === null || decision === undefined) split.leftOut.push(item);
    else
      throw invalid(
        'splitter',
        `true (valid), false (train) or null (neither) for ${typeof item === 'string' ? item : describe(item)}`,
        decision,
      );
  });
  return split;
}
