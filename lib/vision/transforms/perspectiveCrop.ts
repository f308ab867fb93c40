/**
 * Crops as if the picture had been taken from elsewhere: tilted up or down, and left or right.
 *
 * A box that is only squeezed into another ratio of sides shows what no camera would; a perspective map shows what one could have seen.
 */

import { needOptions } from '../../tensor/checks.js';
import type { TransformContext } from '../../data/compose.js';
import type { Generator } from '../../data/random.js';
import { drawFilter, pointFilters, requireFilters, type FilterChoice, type PointFilter } from '../filters.js';
import { needSize, type Box, type Fill, type ImageOperation, type ImageSize } from '../program.js';
import { ImageTransform, randomOf } from './imageTransform.js';
import { requireFill, requireNumber, requireSize, type Range, type WarpOptions } from './options.js';
import { cornersOf, findCoeffs, type Quad } from './perspective.js';
import { boxDistribution, randomBox, type RandomBoxOptions } from './randomResizedCrop.js';

/** From here on the two tilts together could fold the picture over. */
const FOLDS_FROM = 0.25;

export interface TiltOptions extends WarpOptions {
  /** How far corners move at most, as a share of the box's sides, from 0 to less than 0.25. Default 0.1. */
  readonly magnitude?: number;
}

/** The corners of a box tilted by `up` (the top comes nearer) and `side`, shares of its sides. */
export function tilted([left, top, right, bottom]: Box, up: number, side: number): Quad {
  const at = (x: number, y: number): [number, number] => [left + x * (right - left), top + y * (bottom - top)];
  return [at(-up, -side), at(up, 1 + side), at(1 - up, 1 - side), at(1 + up, side)];
}

abstract class TiltedCrop extends ImageTransform {
  /** `[width, height]` */
  readonly size: readonly [number, number];
  readonly magnitude: number;
  readonly resample: FilterChoice<PointFilter>;
  readonly fill: Fill;

  constructor(size: number | readonly [number, number], options: TiltOptions) {
    super();
    needOptions(new.target.name, options);
    const { magnitude = 0.1, resample = 'bilinear', fill = 0 } = options;
    this.size = requireSize('size', size);
    this.magnitude = requireNumber('magnitude', magnitude, 0, FOLDS_FROM - Number.EPSILON);
    this.resample = requireFilters('resample', resample, pointFilters);
    this.fill = requireFill('fill', fill);
  }

  /** The box before it is tilted. */
  protected abstract box(size: ImageSize, random: Generator): Box;

  plan(size: ImageSize, context?: TransformContext): ImageOperation[] {
    needSize(size);
    const random = randomOf(this, context);
    const box = this.box(size, random);
    const up = random.uniform(-this.magnitude, this.magnitude);
    const side = random.uniform(-this.magnitude, this.magnitude);
    const filter = drawFilter(this.resample, () => random);
    const [width, height] = this.size;
    const coefficients = findCoeffs(tilted(box, up, side), cornersOf(width, height));
    return [{ op: 'warp', width, height, coefficients, filter, fill: this.fill }];
  }
}

export interface PerspectiveRandResizedCropOptions extends RandomBoxOptions, TiltOptions {}

/** {@link RandomResizedCrop} and a tilt in one warp: one reading of the pixels, without averaging. Order 11. */
export class PerspectiveRandResizedCrop extends TiltedCrop {
  readonly scale: Range;
  readonly ratio: Range;

  /**
   * @param size of the result: the side of a square, or `[width, height]`
   * @param options `scale`, `ratio`: see {@link RandomBoxOptions}; `magnitude`, `resample`, `fill`: see {@link TiltOptions}
   */
  constructor(size: number | readonly [number, number], options: PerspectiveRandResizedCropOptions = {}) {
    super(size, options);
    const { scale, ratio } = boxDistribution(options);
    this.scale = scale;
    this.ratio = ratio;
  }

  protected override box(size: ImageSize, random: Generator): Box {
    return randomBox(size, this, random);
  }
}

export interface TiltRandomCropOptions extends TiltOptions {
  /** The size of the box in pixels: the side of a square or `[width, height]`. Default: the largest square. */
  readonly cropSize?: number | readonly [number, number] | null;
}

/** A box of one size at a random place, tilted, brought to one size. A box larger than the image is cut to it. Order 11. */
export class TiltRandomCrop extends TiltedCrop {
  readonly cropSize: readonly [number, number] | null;

  /**
   * @param size of the result: the side of a square, or `[width, height]`
   * @param options `cropSize`, and `magnitude`, `resample`, `fill`: see {@link TiltOptions}
   */
  constructor(size: number | readonly [number, number], options: TiltRandomCropOptions = {}) {
    super(size, options);
    const { cropSize = null } = options;
    this.cropSize = cropSize === null ? null : requireSize('cropSize', cropSize);
  }

  protected override box({ width, height }: ImageSize, random: Generator): Box {
    const shorter = Math.min(width, height);
    const [wide, high] = this.cropSize ?? [shorter, shorter];
    const [cropWidth, cropHeight] = [Math.min(wide, width), Math.min(high, height)];
    const left = random.integer(width - cropWidth + 1);
    const top = random.integer(height - cropHeight + 1);
    return [left, top, left + cropWidth, top + cropHeight];
  }
}
