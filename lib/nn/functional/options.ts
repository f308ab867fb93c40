/** What the operators know as integers and lists is written here as words and single numbers: the one place where they are translated. */

import { isCount, needInRange, needOneOf } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';

/** What becomes of the losses of a batch: their mean, their sum, or all of them. */
export type Reduction = 'none' | 'mean' | 'sum';

/** In the order of the operators' numbers. */
export const reductions: readonly Reduction[] = ['none', 'mean', 'sum'];

/** The operator's number of a reduction. */
export function reductionCode(reduction: Reduction): number {
  return reductions.indexOf(needOneOf('reduction', reduction, reductions));
}

/** How `gridSample` reads between pixels. */
export type GridSampleMode = 'bilinear' | 'nearest' | 'bicubic';

const gridSampleModes: readonly GridSampleMode[] = ['bilinear', 'nearest', 'bicubic'];

/** The operator's number of an interpolation mode of `gridSample`. */
export function gridSampleModeCode(mode: GridSampleMode): number {
  return gridSampleModes.indexOf(needOneOf('gridSample: mode', mode, gridSampleModes));
}

/** What `gridSample` finds outside the picture: zeros, the nearest pixel of the border, or the picture mirrored. */
export type GridSamplePadding = 'zeros' | 'border' | 'reflection';

const gridSamplePaddings: readonly GridSamplePadding[] = ['zeros', 'border', 'reflection'];

/** The operator's number of a padding mode of `gridSample`. */
export function gridSamplePaddingCode(mode: GridSamplePadding): number {
  return gridSamplePaddings.indexOf(needOneOf('gridSample: paddingMode', mode, gridSamplePaddings));
}

/** How `gelu` is computed. */
export const approximations = ['none', 'tanh'] as const;

/** A number, or null for one that is left out. */
export function numberOrNull(argument: string, value: number | null | undefined): number | null {
  return value === undefined || value === null ? null : needInRange(argument, value);
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

/**
 * The padding that keeps a picture's size at stride 1.
 *
 * @returns `edges` as [left, right, top, bottom], where an odd remainder goes right and below; `even` as [height, width] when there is none, else null
 */
export function samePadding(
  kernel: readonly [number, number],
  dilation: readonly [number, number],
): { edges: number[]; even: [number, number] | null } {
  const [height, width] = [dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1)];
  const [top, left] = [Math.floor(height / 2), Math.floor(width / 2)];
  return {
    edges: [left, width - left, top, height - top],
    even: height % 2 === 0 && width % 2 === 0 ? [top, left] : null,
  };
}
