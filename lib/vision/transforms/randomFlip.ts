/** RandomFlip and RandomDihedral: the image laid onto itself another way. Bytes flipped are floats flipped, only four times cheaper. */

import type { TransformContext } from '../../data/compose.js';
import type { ImageOperation, ImageSize } from '../program.js';
import { ImageTransform, randomOf } from './imageTransform.js';
import { onlySetting, requireProbability } from './options.js';

/** Flips left and right with probability p. Order 11. */
export class RandomFlip extends ImageTransform {
  readonly p: number;

  /** @param p the probability, default 0.5; also as `{ p }` */
  constructor(p: number | { readonly p?: number } = 0.5) {
    super();
    this.p = requireProbability('p', onlySetting('p', p, 0.5));
  }

  plan(_size: ImageSize, context?: TransformContext): ImageOperation[] {
    return randomOf(this, context).bernoulli(this.p) ? [{ op: 'dihedral', element: 1 }] : [];
  }
}

/**
 * One of the eight elements of the dihedral group: identity, both flips, three turns and both diagonals.
 *
 * With probability p an element is drawn, and one in eight of those is the identity: each of the other seven has probability p / 8, and at
 * p = 1 all are equally likely. A turn by a quarter and a diagonal change width and height of an image that is no square. Order 11.
 */
export class RandomDihedral extends ImageTransform {
  readonly p: number;

  /** @param p the probability that an element is drawn, default 0.75; also as `{ p }` */
  constructor(p: number | { readonly p?: number } = 0.75) {
    super();
    this.p = requireProbability('p', onlySetting('p', p, 0.75));
  }

  plan(_size: ImageSize, context?: TransformContext): ImageOperation[] {
    const random = randomOf(this, context);
    const element = random.bernoulli(this.p) ? random.integer(8) : 0;
    return element === 0 ? [] : [{ op: 'dihedral', element }];
  }
}
