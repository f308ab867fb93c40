/** RandomErasing: a random rectangle of the image covered (Zhong et al., arXiv:1708.04896). */

import { needOptions } from '../../tensor/checks.js';
import type { TransformContext } from '../../data/compose.js';
import type { Generator } from '../../data/random.js';
import { needSize, type Fill, type ImageOperation, type ImageSize } from '../program.js';
import { ImageTransform, randomOf } from './imageTransform.js';
import { requireFill, requireProbability, requireRange, type Range } from './options.js';

export interface RandomErasingOptions {
  /** The probability that something is erased. Default 0.5. */
  readonly p?: number;
  /** The least and the largest share of the image's area. Default `[0.02, 0.33]`. */
  readonly scale?: Range;
  /** The least and the largest height over width. Default `[0.3, 3.3]`. */
  readonly ratio?: Range;
  /** What covers it: a byte, one for each channel, or `random`: other noise for every item. Default 0. */
  readonly value?: Fill | 'random';
}

const ATTEMPTS = 10;

/** Covers a rectangle. One that is as high or as wide as the image is drawn again, ten times; then nothing is erased. Order 11. */
export class RandomErasing extends ImageTransform {
  readonly p: number;
  readonly scale: Range;
  readonly ratio: Range;
  readonly value: Fill | 'random';

  constructor(options: RandomErasingOptions = {}) {
    super();
    needOptions(new.target.name, options);
    const { p = 0.5, scale = [0.02, 0.33], ratio = [0.3, 3.3], value = 0 } = options;
    this.p = requireProbability('p', p);
    this.scale = requireRange('scale', scale, 0, 1);
    this.ratio = requireRange('ratio', ratio, 1e-6, 1e6);
    this.value = value === 'random' ? value : requireFill('value', value);
  }

  plan(size: ImageSize, context?: TransformContext): ImageOperation[] {
    needSize(size);
    const random = randomOf(this, context);
    if (!random.bernoulli(this.p)) return [];
    const place = this.#draw(size, random);
    if (place === null) return [];
    const cover = this.value === 'random' ? { noise: [random.bits(), random.bits()] as const } : { fill: this.value };
    return [{ op: 'erase', ...place, ...cover }];
  }

  #draw(
    { width, height }: ImageSize,
    random: Generator,
  ): { left: number; top: number; width: number; height: number } | null {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const area = random.uniform(...this.scale) * width * height;
      const drawn = Math.exp(random.uniform(Math.log(this.ratio[0]), Math.log(this.ratio[1])));
      const [high, wide] = [Math.round(Math.sqrt(area * drawn)), Math.round(Math.sqrt(area / drawn))];
      if (high < 1 || wide < 1 || high >= height || wide >= width) continue;
      const top = random.integer(height - high + 1);
      return { left: random.integer(width - wide + 1), top, width: wide, height: high };
    }
    return null;
  }
}
