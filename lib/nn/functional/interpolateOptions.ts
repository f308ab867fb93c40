/** What the options of `interpolate` may be, for the function and for the layer that holds them. */

import { isCount, needFlag, needOneOf, needOptions } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import type { InterpolateMode, InterpolateOptions } from './resample.js';

const smoothModes: readonly InterpolateMode[] = ['linear', 'bilinear', 'bicubic', 'trilinear'];
const modes: readonly InterpolateMode[] = ['nearest', 'nearest-exact', ...smoothModes, 'area'];
const antialiasedModes: readonly InterpolateMode[] = ['bilinear', 'bicubic'];

/** Whether a mode reads between elements, so that it matters where the corners are. */
export function isSmooth(mode: InterpolateMode): boolean {
  return smoothModes.includes(mode);
}

/** @throws ArgumentError naming `where` and the option */
export function needInterpolateOptions(where: string, options: InterpolateOptions): void {
  needOptions(where, options);
  const { size, scaleFactor, mode = 'nearest', alignCorners, antialias = false } = options;
  needOneOf(`${where}: mode`, mode, modes);
  if ((size === undefined) === (scaleFactor === undefined))
    throw invalid(`${where}: options`, 'either size or scaleFactor', options);
  needEach(`${where}: size`, size, 'whole number of at least 1', (one) => isCount(one, 1));
  needEach(
    `${where}: scaleFactor`,
    scaleFactor,
    'finite number above 0',
    (one) => Number.isFinite(one) && Number(one) > 0,
  );
  if (alignCorners !== undefined) {
    if (!isSmooth(mode)) throw invalid(`${where}: alignCorners`, `nothing with mode '${mode}'`, alignCorners);
    needFlag(`${where}: alignCorners`, alignCorners);
  }
  if (needFlag(`${where}: antialias`, antialias) && !antialiasedModes.includes(mode))
    throw invalid(`${where}: antialias`, "false, unless the mode is 'bilinear' or 'bicubic'", antialias);
}

function needEach(argument: string, value: unknown, expected: string, fits: (one: unknown) => boolean): void {
  if (value === undefined || fits(value)) return;
  if (!Array.isArray(value) || !value.every(fits)) throw invalid(argument, `a ${expected}, or one an axis`, value);
}
