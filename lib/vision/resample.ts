/** The whole image at another size. */

import { needCount, needOneOf, needOptions } from '../tensor/checks.js';
import { filters, type Filter } from './filters.js';
import { requireImage, type Image } from './image.js';
import { runProgram } from './program.js';

/** Options of {@link resample}: the new size in pixels, and the filter. */
export interface ResampleOptions {
  readonly width: number;
  readonly height: number;
  readonly filter: Filter;
}

/** The whole image at another size, with Pillow's pixels; the ratio of the sides may change. Runs on a thread of libuv. */
export async function resample(image: Image, options: ResampleOptions): Promise<Image> {
  needOptions('resample', options);
  const { width, height, filter } = options;
  needCount('width', width, 1);
  needCount('height', height, 1);
  needOneOf('filter', filter, filters);
  const { width: oldWidth, height: oldHeight } = requireImage('resample', image);
  if (width === oldWidth && height === oldHeight) return image;
  return runProgram(image, [{ op: 'resize', width, height, filter }]);
}
