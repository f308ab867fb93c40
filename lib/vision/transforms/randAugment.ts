/**
 * RandAugment (Cubuk et al., arXiv:1909.13719) and TrivialAugment (Müller and Hutter, arXiv:2103.10158): random augmentations from one
 * list, with nothing to tune but one strength, or nothing at all.
 */

import { needOptions } from '../../tensor/checks.js';
import type { TransformContext } from '../../data/compose.js';
import type { Generator } from '../../data/random.js';
import { invalid } from '../../tensor/errors.js';
import { drawFilter, pointFilters, requireFilters, type FilterChoice, type PointFilter } from '../filters.js';
import { needSize, sizeAfter, type Fill, type ImageOperation, type ImageSize } from '../program.js';
import { augmentations, type Augmentation } from './augmentations.js';
import { ImageTransform, randomOf } from './imageTransform.js';
import { requireFill, type WarpOptions } from './options.js';

/** Strengths in steps, as torchvision has them; shifts of up to 150 pixels of 331, the size that the paper trains at. */
export const randAugmentations = augmentations({
  shear: 0.3,
  translateX: ({ width }) => (150 / 331) * width,
  translateY: ({ height }) => (150 / 331) * height,
  degrees: 30,
  enhance: 0.9,
  bits: 4,
});

/** The wide ones of the paper. */
export const trivialAugmentations = augmentations({
  shear: 0.99,
  translateX: () => 32,
  translateY: () => 32,
  degrees: 135,
  enhance: 0.99,
  bits: 6,
});

export interface AugmentOptions extends WarpOptions {
  /** Into how many strengths the way from none to the largest is divided, none being one of them. Default 31. */
  readonly numMagnitudeBins?: number;
}

export interface RandAugmentOptions extends AugmentOptions {
  /** How many augmentations run, one after another. Default 2. */
  readonly numOps?: number;
  /** The strength: a step from 0 to `numMagnitudeBins` - 1. Default 9. */
  readonly magnitude?: number;
}

abstract class Augment extends ImageTransform {
  readonly numMagnitudeBins: number;
  readonly resample: FilterChoice<PointFilter>;
  readonly fill: Fill;

  constructor(options: AugmentOptions) {
    super();
    needOptions(new.target.name, options);
    const { numMagnitudeBins = 31, resample = 'nearest', fill = 0 } = options;
    this.numMagnitudeBins = requireWhole('numMagnitudeBins', numMagnitudeBins, 2, 10_000);
    this.resample = requireFilters('resample', resample, pointFilters);
    this.fill = requireFill('fill', fill);
  }

  /** One augmentation of the list on an image of a size. */
  protected draw(list: readonly Augmentation[], step: number, size: ImageSize, random: Generator): ImageOperation[] {
    const augmentation = list[random.integer(list.length)]!;
    const filter = drawFilter(this.resample, () => random);
    const strength = augmentation.strength(step / (this.numMagnitudeBins - 1), size);
    const isTurned = augmentation.signed && random.bernoulli(0.5);
    return augmentation.operations(isTurned ? -strength : strength, size, filter, this.fill);
  }
}

/** A few random augmentations, all of one strength. Order 11. */
export class RandAugment extends Augment {
  readonly numOps: number;
  readonly magnitude: number;

  /** @param options see {@link RandAugmentOptions}; `resample` is `nearest` by default, `fill` 0 */
  constructor(options: RandAugmentOptions = {}) {
    super(options);
    const { numOps = 2, magnitude = 9 } = options;
    this.numOps = requireWhole('numOps', numOps, 0, 1000);
    this.magnitude = requireWhole('magnitude', magnitude, 0, this.numMagnitudeBins - 1);
  }

  plan(size: ImageSize, context?: TransformContext): ImageOperation[] {
    needSize(size);
    const random = randomOf(this, context);
    const operations: ImageOperation[] = [];
    for (let i = 0; i < this.numOps; i++) {
      operations.push(...this.draw(randAugmentations, this.magnitude, sizeAfter(operations, size), random));
    }
    return operations;
  }
}

/** One random augmentation of random strength. Order 11. */
export class TrivialAugmentWide extends Augment {
  /** @param options see {@link AugmentOptions}; `resample` is `nearest` by default, `fill` 0 */
  constructor(options: AugmentOptions = {}) {
    super(options);
  }

  plan(size: ImageSize, context?: TransformContext): ImageOperation[] {
    needSize(size);
    const random = randomOf(this, context);
    return this.draw(trivialAugmentations, random.integer(this.numMagnitudeBins), size, random);
  }
}

function requireWhole(argument: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(argument, `a whole number from ${least} to ${most}`, value);
}
