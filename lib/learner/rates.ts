/** Discriminative rates: early layers know much already and learn slowly, the head learns fast. */

import { needArray, needInRange, needNumber } from '../tensor/checks.js';
import { invalid, isOptions } from '../tensor/index.js';

/**
 * Learning rates of the parameter groups: one for all; one for each; or `{ from, to }`, which rise from the first group to the last by equal
 * factors. `{ to }` alone gives all groups but the last a tenth of it (Howard, Ruder 2018, arXiv:1801.06146).
 */
export type Rates = number | readonly number[] | { readonly from?: number; readonly to: number };

/** Rates, whatever the number of groups will be. */
export function needRates(argument: string, rates: Rates): Rates {
  if (typeof rates === 'number') return needNumber(argument, rates);
  if (Array.isArray(rates)) {
    const list: readonly number[] = needArray(argument, rates);
    for (const rate of list) needNumber(argument, rate);
    return list;
  }
  if (!isOptions(rates)) throw invalid(argument, 'a number, one for each parameter group, or { from, to }', rates);
  const { from, to } = rates as { from?: number; to: number };
  needInRange(`${argument}.to`, to, { above: 0, most: Number.MAX_VALUE });
  if (from !== undefined) needInRange(`${argument}.from`, from, { above: 0, most: Number.MAX_VALUE });
  return rates;
}

/**
 * One rate for each parameter group.
 *
 * @throws ArgumentError for a list that has not one for each group
 */
export function spreadRates(argument: string, rates: Rates, groups: number): number[] {
  needRates(argument, rates);
  if (typeof rates === 'number') return Array.from({ length: groups }, () => rates);
  if (isList(rates)) {
    if (rates.length === groups) return [...rates];
    throw invalid(argument, `one rate for each of the ${groups} parameter groups`, rates);
  }
  const { from, to } = rates;
  const rise = (group: number): number =>
    from === undefined ? to / 10 : from * (to / from) ** (group / Math.max(groups - 1, 1));
  return Array.from({ length: groups }, (_, group) => (group === groups - 1 ? to : rise(group)));
}

const isList = (rates: Exclude<Rates, number>): rates is readonly number[] => Array.isArray(rates);
