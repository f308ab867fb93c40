/** Labelers say what an item is: the name of its folder, a part of its file name, a column of a table. */

import { basename, dirname } from 'node:path';
import { needFunction, needOptions, needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { lookUp, type TableOptions } from './csv.js';

/** A user's own labeler has this type, too. */
export type Labeler<T, Y> = (item: T, index: number) => Y;

/** The name of the folder that holds the file: `root/train/n01440764/x.jpg` is `n01440764`. */
export function parentLabeler(path: string): string {
  const parent = basename(dirname(needText('path', path)));
  if (parent === '' || parent === '.') throw new TenchError(`${path} has no folder to be labelled by`);
  return parent;
}

/**
 * What a pattern finds in a path: its group named `label`, else its first group, or the whole match where it has none.
 *
 *     patternLabeler(/([^/]+)_\d+\.jpg$/)('pets/great_pyrenees_173.jpg');   // 'great_pyrenees'
 *     patternLabeler(/(?<year>\d+)\/(?<label>\w+)/)('2026/tench/x.jpg');    // 'tench'
 *
 * @param options `group`: the name of another group
 * @throws ArgumentError if the pattern has no group of that name; TenchError, when labelling, for a path that does not match
 */
export function patternLabeler(pattern: RegExp, options: { group?: string } = {}): (path: string) => string {
  if (!(pattern instanceof RegExp)) throw invalid('pattern', 'a regular expression', pattern);
  needOptions('patternLabeler', options);
  const { group } = options;
  if (group !== undefined && !pattern.source.includes(`(?<${needText('group', group)}>`))
    throw invalid('group', `the name of a group of ${String(pattern)}`, group);
  const single = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
  return (path) => {
    const match = single.exec(needText('path', path));
    const named = match?.groups?.[group ?? 'label'];
    const label = group === undefined ? (named ?? match?.[1] ?? match?.[0]) : named;
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
  const find = lookUp(file, options);
  return (path) => {
    const label = find(path);
    if (label === undefined) throw new TenchError(`${file} has no label for ${path}`);
    return label;
  };
}

/**
 * Several labels an item: cuts the one text that another labeler gives, for a MultiCategoryProcessor to number.
 *
 *     severalLabels(csvLabeler('tags.csv', { column: 'tags' }))('a.jpg');   // 'haze primary' in the file: ['haze', 'primary']
 *
 * @param options `separator`: what stands between two labels; default a space. Spaces around labels go, and so do empty labels
 */
export function severalLabels<T>(
  labeler: Labeler<T, string>,
  options: { separator?: string | RegExp } = {},
): Labeler<T, string[]> {
  needFunction('labeler', labeler);
  needOptions('severalLabels', options);
  const { separator = ' ' } = options;
  if (!(separator instanceof RegExp) && (typeof separator !== 'string' || separator === ''))
    throw invalid('separator', 'a text that is not empty, or a regular expression', separator);
  return (item, index) => {
    const text = labeler(item, index);
    if (typeof text !== 'string')
      throw invalid('label', `labels in one text, with ${String(separator)} between them`, text);
    return text
      .split(separator)
      .map((label) => label.trim())
      .filter((label) => label !== '');
  };
}
