/** Splitters that draw: a random part, a part in which every label has its share, whole groups, and folds. */

import { needCount, needFunction, needInRange, needOptions } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { Generator } from './random.js';
import { ofWholeList, type Splitter } from './splitters.js';

/** What a draw hangs on. */
export interface SplitOptions {
  /** The same seed and the same list give the same split. Default 0. */
  seed?: number | bigint;
}

/** First number of the stream that a split draws from; see chain.ts for the others. */
const SPLIT_STREAM = 2;

/**
 * Puts a random part of the items into valid: exactly `Math.round(pValid * n)` of them.
 *
 * @param pValid a fraction from 0 to 1
 */
export function randomSplitter(pValid: number, options: SplitOptions = {}): Splitter<unknown> {
  needInRange('pValid', pValid, { least: 0, most: 1 });
  const seed = seedOf('randomSplitter', options);
  return ofWholeList((items) => shuffled(items.length, seed).slice(0, Math.round(pValid * items.length)));
}

/**
 * Puts a random part of each label's items into valid, so that both sets have the labels in equal shares: exactly `Math.round(pValid * n)`
 * items together, and of each label its share rounded up or down.
 *
 * @param pValid a fraction from 0 to 1
 * @param labelOf the label of an item, e.g. `parentLabeler`
 */
export function stratifiedSplitter<T>(
  pValid: number,
  labelOf: (item: T) => unknown,
  options: SplitOptions = {},
): Splitter<T> {
  needInRange('pValid', pValid, { least: 0, most: 1 });
  needFunction('labelOf', labelOf);
  const seed = seedOf('stratifiedSplitter', options);
  return ofWholeList((items) => {
    const strata = groupsOf(items, labelOf, shuffled(items.length, seed));
    const shares = strata.map(({ length }) => pValid * length);
    const counts = shares.map(Math.floor);
    // The largest remainders are rounded up until the whole is right.
    const byRemainder = shares
      .map((_, index) => index)
      .sort((a, b) => shares[b]! - counts[b]! - (shares[a]! - counts[a]!));
    const missing = Math.round(pValid * items.length) - counts.reduce((sum, count) => sum + count, 0);
    for (const index of byRemainder.slice(0, missing)) counts[index]! += 1;
    return strata.flatMap((stratum, index) => stratum.slice(0, counts[index]));
  });
}

/**
 * Puts whole groups into valid, so that nobody is in both sets: the pictures of one patient, the frames of one film, the texts of one author.
 *
 * Groups are drawn one after another, and each goes into valid if that brings valid closer to its part of the items.
 *
 * @param pValid a fraction from 0 to 1
 * @param groupOf what the items of one group have in common
 */
export function groupSplitter<T>(
  pValid: number,
  groupOf: (item: T) => unknown,
  options: SplitOptions = {},
): Splitter<T> {
  needInRange('pValid', pValid, { least: 0, most: 1 });
  needFunction('groupOf', groupOf);
  const seed = seedOf('groupSplitter', options);
  return ofWholeList((items) => {
    const chosen: number[] = [];
    const wanted = pValid * items.length;
    for (const group of groupsOf(items, groupOf, shuffled(items.length, seed))) {
      if (Math.abs(chosen.length + group.length - wanted) < Math.abs(chosen.length - wanted)) append(chosen, group);
    }
    return chosen;
  });
}

/** Options of {@link kFoldSplitter}. */
export interface FoldOptions<T> extends SplitOptions {
  /** The label of an item: every fold gets the labels in equal shares. */
  labelOf?: (item: T) => unknown;
  /** What the items of one group have in common: a group is in one fold as a whole, and folds are as equal as that allows. */
  groupOf?: (item: T) => unknown;
}

/**
 * One of `k` folds is valid, the others train; over all folds each item is valid once.
 *
 *     const splits = [0, 1, 2, 3, 4].map((fold) => SplitData.splitByFunc(list, kFoldSplitter(5, fold, { labelOf: parentLabeler })));
 *
 * @param k how many folds, at least 2 and at most as many as there are items (or groups)
 * @param fold which one is valid, from 0 on
 * @throws TenchError, when splitting, if there are too few items for k folds
 */
export function kFoldSplitter<T>(k: number, fold: number, options: FoldOptions<T> = {}): Splitter<T> {
  const seed = seedOf('kFoldSplitter', options);
  const { labelOf, groupOf } = options;
  needCount('k', k, 2);
  needCount('fold', fold);
  if (fold >= k) throw invalid('fold', `a whole number from 0 to ${k - 1}`, fold);
  if (labelOf !== undefined) needFunction('labelOf', labelOf);
  if (groupOf !== undefined) needFunction('groupOf', groupOf);
  if (labelOf !== undefined && groupOf !== undefined)
    throw invalid('groupOf', 'none beside labelOf: whole groups cannot have labels in equal shares', groupOf);
  return ofWholeList((items) => {
    const order = shuffled(items.length, seed);
    const units = groupOf === undefined ? order.map((index) => [index]) : groupsOf(items, groupOf, order);
    if (units.length < k)
      throw new TenchError(`${units.length} ${groupOf === undefined ? 'items' : 'groups'} cannot make ${k} folds`);
    // The largest groups are dealt first; of items that are alike the deal goes round label by label, and never begins anew.
    if (groupOf !== undefined) units.sort((a, b) => b.length - a.length);
    const dealt =
      labelOf === undefined
        ? units
        : groupsOf(items, labelOf, order)
            .flat()
            .map((index) => [index]);
    const folds = Array.from({ length: k }, (): number[] => []);
    for (const unit of dealt)
      append(
        folds.reduce((least, one) => (one.length < least.length ? one : least)),
        unit,
      );
    return folds[fold]!;
  });
}

/** Adds positions at the end: as arguments of one call, those of a large group would not fit the stack. */
function append(positions: number[], more: readonly number[]): void {
  for (const position of more) positions.push(position);
}

function seedOf(splitter: string, options: SplitOptions): number | bigint {
  needOptions(splitter, options);
  return new Generator(options.seed ?? 0).seed;
}

function shuffled(count: number, seed: number | bigint): number[] {
  return new Generator(seed, SPLIT_STREAM).permutation(count);
}

/** The positions of `order` by what `keyOf` says of their items: the groups in the order in which they first come, and each in that order. */
function groupsOf<T>(items: readonly T[], keyOf: (item: T) => unknown, order: readonly number[]): number[][] {
  const groups = new Map<unknown, number[]>();
  for (const index of order) {
    const key = keyOf(items[index]!);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  }
  return [...groups.values()];
}
