/** Splitters decide for each item whether it is valid (true), train (false) or in neither set (null). */

import { basename, dirname } from 'node:path';
import { needArray, needCount, needFunction, needIterable, needOptions, needText } from '../tensor/checks.js';
import { TenchError, describe, invalid } from '../tensor/errors.js';
import { lookUp, type TableOptions } from './csv.js';

/** A user's own splitter has this type, too; most need no more than the item. */
export type Splitter<T> = (item: T, index: number, items: readonly T[]) => boolean | null;

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

/** Items whose path matches the pattern are valid, all others train. */
export function patternSplitter(pattern: RegExp): (item: string) => boolean {
  if (!(pattern instanceof RegExp)) throw invalid('pattern', 'a regular expression', pattern);
  return (item) => needText('item', item).search(pattern) >= 0;
}

/**
 * Items of these names are valid, all others train, as a list of file names published with a data set has it.
 *
 * @param names paths (or names, of items that have one) as the items have them, or only their last parts
 * @throws TenchError, when splitting, for names that no item has: an item would be trained on that was meant for validation
 */
export function nameSplitter(names: Iterable<string>): Splitter<string | { readonly name: string }> {
  const wanted = new Set(needIterable('names', names, 'names of items'));
  for (const name of wanted) needText('names', name);
  return ofWholeList((items) => {
    const found = new Set<string>();
    const chosen = items.flatMap((item, index) => {
      const path = needText('item', typeof item === 'string' ? item : (Object(item) as { name: string }).name);
      const name = [path, basename(path)].find((one) => wanted.has(one));
      if (name !== undefined) found.add(name);
      return name === undefined ? [] : [index];
    });
    const missing = [...wanted].filter((name) => !found.has(name));
    if (missing.length > 0)
      throw new TenchError(
        `${missing.length} of the ${wanted.size} names to split by are those of no item, such as ${JSON.stringify(missing[0])}`,
      );
    return chosen;
  });
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
  const find = lookUp(file, { ...rest, column });
  const words = new Set(['1', 'true', 'yes', 't', 'y', validName.toLowerCase()]);
  return (path) => {
    const value = find(path);
    return value === undefined ? null : words.has(value.trim().toLowerCase());
  };
}

/** A splitter that must see the whole list: `choose` gives the positions of valid, and is asked once for each list. */
export function ofWholeList<T>(choose: (items: readonly T[]) => Iterable<number>): Splitter<T> {
  let chosen: ReadonlySet<number> = new Set();
  let chosenFor: readonly T[] | undefined;
  return (_item, index, items) => {
    needArray('items', items, 'the whole list, as splitByFunc gives it to a splitter');
    if (chosenFor !== items) {
      chosen = new Set(choose(items));
      chosenFor = items;
    }
    return chosen.has(index);
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
