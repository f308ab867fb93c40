/** RandomResizedCrop on the batch: the crop and its resize as one more matrix, so that the pixels are still read only once. */

import type { Generator } from '../../data/random.js';
import { needOptions } from '../../tensor/checks.js';
import type { Range } from '../transforms/options.js';
import { boxDistribution, randomBox, type RandomBoxOptions } from '../transforms/randomResizedCrop.js';
import type { PartOptions } from './geometry.js';
import { stretch, type Matrix3 } from './matrix.js';
import { GeometricPart, needDraw, type PictureSize } from './part.js';

/**
 * A random part of each picture, by area and by ratio of sides, becomes the whole result. Boxes are drawn as by {@link RandomResizedCrop}.
 *
 * Pixels are read as they lie, without the wider filter that a reduction needs: a crop more than twice as large as the result, along a side,
 * skips pixels. Bring pictures near to their size by a byte transform first.
 */
export class BatchRandomResizedCrop extends GeometricPart {
  readonly scale: Range;
  readonly ratio: Range;

  /** @param options `scale`: default `[0.08, 1]`; `ratio`: default `[3/4, 4/3]`; `p`: default 1 */
  constructor(options: PartOptions & RandomBoxOptions = {}) {
    needOptions('BatchRandomResizedCrop', options);
    super(options.p ?? 1);
    const { scale, ratio } = boxDistribution(options);
    this.scale = scale;
    this.ratio = ratio;
  }

  override resizes(): boolean {
    return true;
  }

  matrix(random: Generator, size: PictureSize): Matrix3 | null {
    needDraw(random, size);
    if (!random.bernoulli(this.p)) return null;
    const { width, height } = size;
    const [left, top, right, bottom] = randomBox({ width, height, channels: 3 }, this, random);
    const [x, y] = [(right - left) / width, (bottom - top) / height];
    return stretch(x, y, (left + right) / width - 1, (top + bottom) / height - 1);
  }
}
