/** ResizeFixed: every image in one size. */

import type { TransformContext } from '../../data/compose.js';
import { needOptions } from '../../tensor/checks.js';
import { drawFilter, filters, requireFilters, type FilterChoice } from '../filters.js';
import { needSize, type ImageOperation, type ImageSize } from '../program.js';
import { ImageTransform, randomOf } from './imageTransform.js';
import { requireSize, type ResampleChoice } from './options.js';

/** Resizes to exactly this size, whatever the sides' ratio was. Order 10. */
export class ResizeFixed extends ImageTransform {
  override readonly order = 10;
  /** `[width, height]` */
  readonly size: readonly [number, number];
  readonly resample: FilterChoice;

  /**
   * @param size the side of a square, or `[width, height]`
   * @param options see {@link ResampleChoice}
   */
  constructor(size: number | readonly [number, number], options: ResampleChoice = {}) {
    super();
    needOptions('ResizeFixed', options);
    const { resample = 'bilinear' } = options;
    this.size = requireSize('size', size);
    this.resample = requireFilters('resample', resample, filters);
  }

  plan(size: ImageSize, context?: TransformContext): ImageOperation[] {
    const { width, height } = needSize(size);
    const filter = drawFilter(this.resample, () => randomOf(this, context));
    const [newWidth, newHeight] = this.size;
    if (width === newWidth && height === newHeight) return [];
    return [{ op: 'resize', width: newWidth, height: newHeight, filter }];
  }
}
