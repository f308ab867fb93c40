/** RandomResizedCrop: a random part of the image, by area and by ratio of sides, brought to one size (Szegedy et al., arXiv:1409.4842). */

import { needOptions } from '../../tensor/checks.js';
import type { Generator } from '../../data/random.js';
import type { Box, ImageSize } from '../program.js';
import { GeneralCrop, type CropOptions } from './generalCrop.js';
import { requireRange, type Range } from './options.js';

export interface RandomBoxOptions {
  /** The least and the largest share of the image's area. Default `[0.08, 1]`. */
  readonly scale?: Range;
  /** The least and the largest width over height. Default `[3/4, 4/3]`. */
  readonly ratio?: Range;
}

export interface RandomResizedCropOptions extends CropOptions, RandomBoxOptions {}

const ATTEMPTS = 10;

/** Where random boxes are drawn from: checked {@link RandomBoxOptions}. */
export interface BoxDistribution {
  readonly scale: Range;
  readonly ratio: Range;
}

/** The lesson's defaults for what is not given. @throws ArgumentError for ranges that are none */
export function boxDistribution({ scale = [0.08, 1], ratio = [3 / 4, 4 / 3] }: RandomBoxOptions): BoxDistribution {
  return { scale: requireRange('scale', scale, Number.MIN_VALUE, 1), ratio: requireRange('ratio', ratio, 1e-6, 1e6) };
}

/**
 * Draws a box in whole pixels, always inside of the image. Every attempt starts from the area of the whole image; a box that does not fit
 * is drawn again, ten times. After that it is the largest centred box whose ratio of sides is within the bounds.
 */
export function randomBox({ width, height }: ImageSize, { scale, ratio }: BoxDistribution, random: Generator): Box {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = random.uniform(...scale) * width * height;
    const drawn = Math.exp(random.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const cropWidth = Math.round(Math.sqrt(area * drawn));
    const cropHeight = Math.round(Math.sqrt(area / drawn));
    if (cropWidth < 1 || cropHeight < 1 || cropWidth > width || cropHeight > height) continue;
    const left = random.integer(width - cropWidth + 1);
    const top = random.integer(height - cropHeight + 1);
    return [left, top, left + cropWidth, top + cropHeight];
  }
  return centredBox(width, height, ratio);
}

function centredBox(width: number, height: number, [least, largest]: Range): Box {
  let [cropWidth, cropHeight] = [width, height];
  if (width / height < least) cropHeight = Math.max(1, Math.round(width / least));
  else if (width / height > largest) cropWidth = Math.max(1, Math.round(height * largest));
  const [left, top] = [Math.floor((width - cropWidth) / 2), Math.floor((height - cropHeight) / 2)];
  return [left, top, left + cropWidth, top + cropHeight];
}

/** Cuts out a random box and brings it to one size. Order 11. */
export class RandomResizedCrop extends GeneralCrop {
  readonly scale: Range;
  readonly ratio: Range;

  /**
   * @param size of the result: the side of a square, or `[width, height]`
   * @param options see {@link RandomResizedCropOptions}
   */
  constructor(size: number | readonly [number, number], options: RandomResizedCropOptions = {}) {
    needOptions('RandomResizedCrop', options);
    const { resample, antialias } = options;
    super(size, { resample, antialias });
    const { scale, ratio } = boxDistribution(options);
    this.scale = scale;
    this.ratio = ratio;
  }

  protected override draw(size: ImageSize, random: () => Generator): Box {
    return randomBox(size, this, random());
  }
}
