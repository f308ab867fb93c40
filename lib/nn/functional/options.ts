/** What the operators know as integers and lists is written here as words and single numbers: the one place where they are translated. */

import { invalid } from '../../tensor/errors.js';

/** What becomes of the losses of a batch: their mean, their sum, or all of them. */
export type Reduction = 'none' | 'mean' | 'sum';

const reductions: Readonly<Record<Reduction, number>> = { none: 0, mean: 1, sum: 2 };

/** The operator's number of a reduction. */
export function reductionCode(reduction: Reduction): number {
  return code(reductions, reduction, 'reduction');
}

/** How `gridSample` reads between pixels. */
export type GridSampleMode = 'bilinear' | 'nearest' | 'bicubic';

const gridSampleModes: Readonly<Record<GridSampleMode, number>> = { bilinear: 0, nearest: 1, bicubic: 2 };

/** The operator's number of an interpolation mode of `gridSample`. */
export function gridSampleModeCode(mode: GridSampleMode): number {
  return code(gridSampleModes, mode, 'mode');
}

/** What `gridSample` finds outside the picture: zeros, the nearest pixel of the border, or the picture mirrored. */
export type GridSamplePadding = 'zeros' | 'border' | 'reflection';

const gridSamplePaddings: Readonly<Record<GridSamplePadding, number>> = { zeros: 0, border: 1, reflection: 2 };

/** The operator's number of a padding mode of `gridSample`. */
export function gridSamplePaddingCode(mode: GridSamplePadding): number {
  return code(gridSamplePaddings, mode, 'paddingMode');
}

function code<K extends string>(codes: Readonly<Record<K, number>>, key: K, argument: string): number {
  const found = Object.hasOwn(codes, key) ? codes[key] : undefined;
  if (found === undefined) throw invalid(argument, oneOf(Object.keys(codes)), key);
  return found;
}

/** "'a', 'b' or 'c'", for messages. */
export function oneOf(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
}

/** One number for both axes, or [height, width]. */
export type Size2d = number | readonly [height: number, width: number];

/**
 * Height and width of an argument that may be one number for both.
 *
 * @param argument the argument's name, for the message
 * @param least the smallest value allowed
 */
export function pair(argument: string, value: Size2d, least: number): [height: number, width: number] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  const [height, width] = values;
  if (values.length !== 2 || !isCount(height, least) || !isCount(width, least)) {
    throw invalid(argument, `a whole number of at least ${least} or two of them as [height, width]`, value);
  }
  return [height, width];
}

/** A whole number of at least `least`, checked. */
export function count(argument: string, value: number, least = 1): number {
  if (!isCount(value, least)) throw invalid(argument, `a whole number of at least ${least}`, value);
  return value;
}

function isCount(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}
