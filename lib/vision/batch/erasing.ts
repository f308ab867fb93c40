/** Random erasing of a batch: boxes of each picture covered with noise or a number, after normalisation (Zhong et al., arXiv:1708.04896). */

import { Generator } from '../../data/random.js';
import { needArray, needCount, needInstance, needNumber, needOptions, needTensor } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import { createGenerator, empty, where, type Tensor } from '../../tensor/index.js';
import { requireRange, type Range } from '../transforms/options.js';
import { boxMask, type Box } from './boxes.js';
import { PixelPart, type PictureSize, type PixelPass } from './part.js';

/** Options of {@link BatchErasing}. */
export interface ErasingOptions {
  /** The probability that something of a picture is erased. Default 0.5. */
  readonly p?: number;
  /** The least and the largest share of the picture's area, of all boxes together. Default `[0, 0.3]`. */
  readonly scale?: Range;
  /** The least and the largest height over width. Default `[0.3, 1 / 0.3]`. */
  readonly ratio?: Range;
  /** Boxes a picture at most. Default 1. */
  readonly maxCount?: number;
  /** What covers them: a number, or `'noise'` (default), normal with mean 0 and standard deviation 1, as normalised pictures are. */
  readonly value?: number | 'noise';
}

/** Boxes of a picture are covered. A box that reaches beyond the picture ends at its border. */
export class BatchErasing extends PixelPart {
  readonly scale: Range;
  readonly ratio: Range;
  readonly maxCount: number;
  readonly value: number | 'noise';

  constructor(options: ErasingOptions = {}) {
    needOptions('BatchErasing', options);
    const { p = 0.5, scale = [0, 0.3], ratio = [0.3, 1 / 0.3], maxCount = 1, value = 'noise' } = options;
    super(p);
    this.scale = requireRange('scale', scale, 0, 1);
    this.ratio = requireRange('ratio', ratio, 1e-3, 1e3);
    this.maxCount = needCount('maxCount', maxCount, 1);
    if (maxCount > 100) throw invalid('maxCount', 'a whole number from 1 to 100', maxCount);
    this.value = value === 'noise' ? value : needNumber('value', value, "a finite number or 'noise'");
  }

  override get stage(): 'erasing' {
    return 'erasing';
  }

  override get pass(): PixelPass {
    return erasingPass;
  }

  /** The boxes of one picture. */
  draw(random: Generator, size: PictureSize): Box[] {
    needInstance('random', random, Generator);
    needOptions('size', size);
    const [width, height] = [needCount('size.width', size.width, 1), needCount('size.height', size.height, 1)];
    if (!random.bernoulli(this.p)) return [];
    const count = 1 + random.integer(this.maxCount);
    return Array.from({ length: count }, () => {
      const area = (random.uniform(...this.scale) * width * height) / count;
      const ratio = Math.exp(random.uniform(Math.log(this.ratio[0]), Math.log(this.ratio[1])));
      const [top, bottom] = place(random, Math.sqrt(area * ratio), height);
      const [left, right] = place(random, Math.sqrt(area / ratio), width);
      return { left, top, right, bottom };
    });
  }

  /**
   * Covers boxes.
   *
   * @param x [batch, channels, height, width], floating-point
   * @param boxes for each picture, as {@link draw} gives them
   * @param random what the noise is drawn by: one plane of it for the batch, of which each picture shows what its own boxes lay open
   * @returns a new tensor; `x` itself if there is no box
   */
  cover(x: Tensor, boxes: readonly (readonly Box[])[], random: Generator): Tensor {
    const { ndim, shape, dtype, device } = needTensor('x', x);
    if (ndim !== 4 || !x.isFloatingPoint())
      throw invalid('x', 'floating-point pictures of shape [batch, channels, height, width]', x);
    needBoxes('boxes', boxes, shape[0]!);
    needInstance('random', random, Generator);
    if (boxes.every((list) => list.length === 0)) return x;
    const mask = boxMask(boxes, x);
    if (this.value !== 'noise') return x.maskedFill(mask, this.value);
    const generator = createGenerator({ seed: random.bits(), device });
    return where(mask, empty([1, ...shape.slice(1)], { dtype, device }).normal_(0, 1, { generator }), x);
  }
}

/** The noise is drawn by the first picture's numbers. */
const erasingPass: PixelPass = (x, parts, random) => {
  const [width, height] = [x.shape[3]!, x.shape[2]!];
  return parts
    .filter((part) => part instanceof BatchErasing)
    .reduce((covered, part, k) => {
      const boxes = Array.from({ length: x.shape[0]! }, (_, picture) =>
        part.draw(random(k, picture), { width, height }),
      );
      return x.shape[0] === 0 ? covered : part.cover(covered, boxes, random(k, 0).fork(1));
    }, x);
};

/** From where to where a length lies that is drawn within a side. */
function place(random: Generator, length: number, side: number): [from: number, to: number] {
  const whole = Math.round(length);
  const from = random.integer(Math.max(side - whole, 0) + 1);
  return [from, Math.min(side, from + whole)];
}

/** Lists of boxes, one for each picture. */
function needBoxes(argument: string, boxes: readonly (readonly Box[])[], pictures: number): void {
  if (needArray(argument, boxes).length !== pictures)
    throw invalid(argument, `a list for each of ${pictures} pictures`, boxes);
  for (const list of boxes)
    for (const box of needArray(argument, list, 'a list of lists of boxes')) {
      needOptions(argument, box);
      for (const side of ['left', 'top', 'right', 'bottom'] as const) needCount(`${argument}: ${side}`, box[side]);
    }
}
