/** Resampling filters: their names, and the choice between several of them for each item. */

import type { Generator } from '../data/random.js';
import { invalid } from '../tensor/errors.js';

/** Pillow's filters by their names. All but `nearest` average over what they cover when an image gets smaller. */
export const filters = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'] as const;

/** The name of a filter, as Pillow has it. */
export type Filter = (typeof filters)[number];

/** The filters that can read an image at one place, without averaging: those of warps. */
export const pointFilters = ['nearest', 'bilinear', 'bicubic'] as const;

export type PointFilter = (typeof pointFilters)[number];

/** One filter, or several of which every item draws one: random resampling as augmentation. */
export type FilterChoice<F extends Filter = Filter> = F | readonly F[];

/** Checks a choice of filters at the door and gives it back as plain data. */
export function requireFilters<F extends Filter>(
  argument: string,
  choice: FilterChoice<F>,
  allowed: readonly F[],
): FilterChoice<F> {
  const given = typeof choice === 'string' ? [choice] : choice;
  if (!Array.isArray(given) || given.length === 0 || !given.every((one) => allowed.includes(one as F))) {
    throw invalid(argument, `one of ${allowed.join(', ')}, or a list of them`, choice);
  }
  return typeof choice === 'string' ? choice : [...choice];
}

/** The filter of one item. A choice of one draws nothing. */
export function drawFilter<F extends Filter>(choice: FilterChoice<F>, random: () => Generator): F {
  if (typeof choice === 'string') return choice;
  return choice.length === 1 ? choice[0]! : choice[random().integer(choice.length)]!;
}
