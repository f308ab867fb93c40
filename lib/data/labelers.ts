/** Labelers say what an item is: the name of its folder, a part of its file name, a column of a table. */

import { basename, dirname } from 'node:path';
import { needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { readTable, type TableOptions } from './csv.js';

/** A user's own labeler has this type, too. */
export type Labeler<T, Y> = (item: T, index: number) => Y;

/** The name of the folder that holds the file: `root/train/n01440764/x.jpg` is `n01440764`. */
export function parentLabeler(path: string): string {
  const parent = basename(dirname(needText('path', path)));
  if (parent === '' || parent === '.') throw new TenchError(`${path} has no folder to be labelled by`);
  return parent;
}

/**
 * What a pattern finds in a path: its first group, or the whole match where it has none.
 *
 *     patternLabeler(/([^/]+)_\d+\.jpg$/)('pets/great_pyrenees_173.jpg');   // 'great_pyrenees'
 *
 * @throws TenchError, when labelling, for a path that does not match
 */
export function patternLabeler(pattern: RegExp): (path: string) => string {
  if (!(pattern instanceof RegExp)) throw invalid('pattern', 'a regular expression', pattern);
  const single = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
  return (path) => {
    const match = single.exec(needText('path', path));
    const label = match?.[1] ?? match?.[0];
    if (label === undefined) throw new TenchError(`${path} does not match the label pattern ${String(pattern)}`);
    return label;
  };
}

/**
 * A column of a CSV or TSV file.
 *
 * @param file the table; its first line names the columns
 * @param options `key`: the column with the items' names (default the first); `column`: the one with the labels (default the second)
 * @throws TenchError, when labelling, for a path that the file does not name
 */
export function csvLabeler(file: string, options: TableOptions = {}): (path: string) => string {
  const find = readTable(file, options);
  return (path) => {
    const label = find(path);
    if (label === undefined) throw new TenchError(`${file} has no label for ${path}`);
    return label;
  };
}
