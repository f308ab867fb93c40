/** What a BatchAugment is made of: parts, each a plain description of one random change, drawn for each picture by itself. */

import { inspect } from 'node:util';

import { descriptionLabel, type TransformDescription } from '../../data/compose.js';
import { Generator } from '../../data/random.js';
import { needCount, needInstance } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import type { Tensor } from '../../tensor/index.js';
import { requireProbability } from '../transforms/options.js';
import type { Matrix3 } from './matrix.js';

/** Width and height of a picture in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** What {@link GeometricPart.matrix} is given. */
export function needDraw(random: Generator, size: PictureSize): void {
  needInstance('random', random, Generator);
  const given: unknown = size;
  if (typeof given !== 'object' || given === null) throw invalid('size', 'width and height of a picture', size);
  needCount('size.width', size.width, 1);
  needCount('size.height', size.height, 1);
}

/**
 * Where a part has its turn. The order is fixed: `'geometry'` (all such parts are one sample of the pixels), `'lighting'` on floats of 0 to
 * 1, then normalising, then `'erasing'`.
 */
export type Stage = 'geometry' | 'lighting' | 'erasing';

/** The base of all parts. The fields of one are its settings, as plain data. */
export abstract class BatchPart {
  abstract readonly stage: Stage;
  /** The probability that a picture is changed at all. */
  readonly p: number;

  constructor(p: number) {
    this.p = requireProbability('p', p);
  }

  describe(): TransformDescription {
    const { stage: _stage, ...settings } = this;
    return structuredClone({ name: this.constructor.name, ...settings });
  }

  [inspect.custom](): string {
    return descriptionLabel(this.describe());
  }
}

/** A part that moves pixels. */
export abstract class GeometricPart extends BatchPart {
  override readonly stage = 'geometry';

  /** Whether what it makes has the sides of the result, which those after it are told then, and not those of the picture. */
  resizes(): boolean {
    return false;
  }

  /**
   * The map from the coordinates of the result to those of the picture (see {@link Matrix3}), or null to leave it alone.
   *
   * @param random the numbers of this part for one picture
   * @param size of the picture, whose sides tell how normalised coordinates relate to pixels
   */
  abstract matrix(random: Generator, size: PictureSize): Matrix3 | null;
}

/** The numbers of one part for one picture of the batch, both by position. */
export type PartRandom = (part: number, picture: number) => Generator;

/**
 * Changes a batch by all parts that share this pass, at once.
 *
 * @param x floats [batch, channels, height, width]: 0 to 1 in the stage `'lighting'`, normalised in `'erasing'`. It belongs to the pass,
 *   which may write to it
 * @param parts in their order
 * @param random the numbers of `parts[k]` for picture i: `random(k, i)`
 */
export type PixelPass = (x: Tensor, parts: readonly PixelPart[], random: PartRandom) => Tensor;

/** A part that changes pixels where they are. Neighbouring parts with the same `pass` are done in one. */
export abstract class PixelPart extends BatchPart {
  abstract override readonly stage: 'lighting' | 'erasing';
  abstract get pass(): PixelPass;
}
