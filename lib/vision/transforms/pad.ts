/** Pad and RandomPadCrop: more image around the image, and a random cut out of that. */

import { needOptions } from '../../tensor/checks.js';
import type { TransformContext } from '../../data/compose.js';
import type { Generator } from '../../data/random.js';
import { invalid } from '../../tensor/errors.js';
import { needSize, type Fill, type ImageOperation, type ImageSize, type Outside } from '../program.js';
import { ImageTransform, randomOf } from './imageTransform.js';
import { requireFill, requireSize } from './options.js';

/** What is put around an image: a colour, its outermost pixels again, or its mirror image. The names are those of `gridSample`. */
export type PadMode = 'zeros' | 'border' | 'reflection';

const outsides: Readonly<Record<PadMode, Outside>> = { zeros: 'fill', border: 'edge', reflection: 'reflect' };

export interface ImagePadOptions {
  readonly mode?: PadMode;
  /** The colour of mode `zeros`: a byte, or one for each channel. Default 0. */
  readonly fill?: Fill;
}

function requireMode(mode: PadMode): PadMode {
  if (typeof mode === 'string' && Object.hasOwn(outsides, mode)) return mode;
  throw invalid('mode', `one of ${Object.keys(outsides).join(', ')}`, mode);
}

/** One number for all sides, `[across, down]`, or `[left, top, right, bottom]`, in pixels. */
export type Padding = number | readonly [number, number] | readonly [number, number, number, number];

function requirePadding(padding: Padding): readonly [number, number, number, number] {
  const given: readonly unknown[] = typeof padding === 'number' ? [padding, padding] : padding;
  const isSide = (side: unknown): boolean =>
    Number.isInteger(side) && (side as number) >= 0 && (side as number) <= 2 ** 19;
  if (!Array.isArray(given) || (given.length !== 2 && given.length !== 4) || !given.every(isSide)) {
    throw invalid('padding', 'pixels, or [across, down], or [left, top, right, bottom]', padding);
  }
  const [left, top, right = left, bottom = top] = given as number[];
  return [left!, top!, right!, bottom!];
}

/** Puts pixels around the image. Order 11. */
export class Pad extends ImageTransform {
  /** `[left, top, right, bottom]` */
  readonly padding: readonly [number, number, number, number];
  readonly mode: PadMode;
  readonly fill: Fill;

  /**
   * @param padding how many pixels: see {@link Padding}
   * @param options `mode`: default `zeros`; `fill`
   */
  constructor(padding: Padding, options: ImagePadOptions = {}) {
    super();
    needOptions(new.target.name, options);
    const { mode = 'zeros', fill = 0 } = options;
    this.padding = requirePadding(padding);
    this.mode = requireMode(mode);
    this.fill = requireFill('fill', fill);
  }

  plan(given: ImageSize): ImageOperation[] {
    const { width, height } = needSize(given);
    const [left, top, right, bottom] = this.padding;
    if (this.padding.every((side) => side === 0)) return [];
    const size = { width: left + width + right, height: top + height + bottom };
    return [{ op: 'crop', left: -left, top: -top, ...size, outside: outsides[this.mode], fill: this.fill }];
  }
}

export interface RandomPadCropOptions extends ImagePadOptions {
  /** How many pixels are put around the image before one looks for a place: see {@link Padding}. Default 4. */
  readonly padding?: Padding;
}

/**
 * Cuts whole pixels of one size out of the padded image, every place equally likely: how small pictures are usually augmented. An image
 * that is too small even with its padding is put into the middle of more of it. Order 11.
 */
export class RandomPadCrop extends ImageTransform {
  /** `[width, height]` */
  readonly size: readonly [number, number];
  /** `[left, top, right, bottom]` */
  readonly padding: readonly [number, number, number, number];
  readonly mode: PadMode;
  readonly fill: Fill;

  /**
   * @param size of the result: the side of a square, or `[width, height]`
   * @param options `padding`; `mode`: default `reflection`; `fill`
   */
  constructor(size: number | readonly [number, number], options: RandomPadCropOptions = {}) {
    super();
    needOptions(new.target.name, options);
    const { padding = 4, mode = 'reflection', fill = 0 } = options;
    this.size = requireSize('size', size);
    this.padding = requirePadding(padding);
    this.mode = requireMode(mode);
    this.fill = requireFill('fill', fill);
  }

  plan(size: ImageSize, context?: TransformContext): ImageOperation[] {
    needSize(size);
    const random = randomOf(this, context);
    const [left, top, right, bottom] = this.padding;
    const [width, height] = this.size;
    return [
      {
        op: 'crop',
        left: placeOf(-left, size.width + right - width, random),
        top: placeOf(-top, size.height + bottom - height, random),
        width,
        height,
        outside: outsides[this.mode],
        fill: this.fill,
      },
    ];
  }
}

/** A whole number from first to last, or the middle of both where there is none between them. */
function placeOf(first: number, last: number, random: Generator): number {
  return last < first ? Math.floor((first + last) / 2) : first + random.integer(last - first + 1);
}
