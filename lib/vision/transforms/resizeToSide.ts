/** ResizeMin and ResizeMax: one side of a given length, and the sides' ratio kept. */

import { needOptions } from '../../tensor/checks.js';
import type { TransformContext } from '../../data/compose.js';
import { drawFilter, filters, requireFilters, type FilterChoice } from '../filters.js';
import { needSize, type ImageOperation, type ImageSize } from '../program.js';
import { ImageTransform, randomOf } from './imageTransform.js';
import { requireSide, type ResampleChoice } from './options.js';

abstract class ResizeToSide extends ImageTransform {
  override readonly order = 10;
  readonly size: number;
  readonly resample: FilterChoice;

  /**
   * @param size the side's length in pixels
   * @param options see {@link ResampleChoice}
   */
  constructor(size: number, options: ResampleChoice = {}) {
    super();
    needOptions(new.target.name, options);
    const { resample = 'bilinear' } = options;
    this.size = requireSide('size', size);
    this.resample = requireFilters('resample', resample, filters);
  }

  /** The side of the image that becomes `size`. */
  protected abstract side(size: ImageSize): number;

  plan(size: ImageSize, context?: TransformContext): ImageOperation[] {
    needSize(size);
    const filter = drawFilter(this.resample, () => randomOf(this, context));
    const side = this.side(size);
    if (side === this.size) return [];
    // Fractions are cut off, as torchvision's Resize does; the rule matters to networks that were trained with it.
    const scaled = (other: number): number => Math.max(1, Math.trunc((this.size * other) / side));
    return [{ op: 'resize', width: scaled(size.width), height: scaled(size.height), filter }];
  }
}

/** The shorter side becomes `size`, the other follows. Order 10. */
export class ResizeMin extends ResizeToSide {
  protected override side({ width, height }: ImageSize): number {
    return Math.min(width, height);
  }
}

/** The longer side becomes `size`, the other follows. Order 10. */
export class ResizeMax extends ResizeToSide {
  protected override side({ width, height }: ImageSize): number {
    return Math.max(width, height);
  }
}
