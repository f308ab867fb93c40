/** ResizeFixed: every image in one size. */

import { inspect } from 'node:util';
import { type TransformDescription, type TransformObject, transformLabel } from '../../data/compose.js';
import { invalid } from '../../tensor/errors.js';
import { requireImage, type Image } from '../image.js';
import { filters, resample, type Filter } from '../resample.js';

/** Resizes to exactly this size, whatever the sides' ratio was. Order 10. */
export class ResizeFixed implements TransformObject<Image, Image> {
  readonly order = 10;
  /** `[width, height]` */
  readonly size: readonly [number, number];
  readonly resample: Filter;

  /**
   * @param size the side of a square, or `[width, height]`
   * @param options `resample`: one of Pillow's filters: `nearest`, `box`, `bilinear` (default), `hamming`, `bicubic`, `lanczos`
   */
  constructor(size: number | readonly [number, number], { resample: filter = 'bilinear' }: { resample?: Filter } = {}) {
    const sides: readonly unknown[] = typeof size === 'number' ? [size, size] : size;
    if (
      !Array.isArray(sides) ||
      sides.length !== 2 ||
      !sides.every((side) => Number.isInteger(side) && (side as number) >= 1)
    ) {
      throw invalid('size', 'a whole number of pixels, or [width, height]', size);
    }
    if (!filters.includes(filter)) throw invalid('resample', `one of ${filters.join(', ')}`, filter);
    this.size = [sides[0] as number, sides[1] as number];
    this.resample = filter;
  }

  apply(image: Image): Promise<Image> {
    const [width, height] = this.size;
    return resample(requireImage('ResizeFixed', image), { width, height, filter: this.resample });
  }

  describe(): TransformDescription {
    return { name: 'ResizeFixed', size: [...this.size], resample: this.resample };
  }

  [inspect.custom](): string {
    return transformLabel(this);
  }
}
