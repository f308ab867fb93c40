/** ColorJitter and its parts: brightness, contrast, saturation and hue by random amounts. */

import { needOptions } from '../../tensor/checks.js';
import type { TransformContext } from '../../data/compose.js';
import type { Generator } from '../../data/random.js';
import type { ImageOperation, ImageSize } from '../program.js';
import { ImageTransform, randomOf } from './imageTransform.js';
import { onlySetting, requireNumber, requireProbability, requireRange, type Range } from './options.js';

/** How far: a number is that far to both sides of no change; `[low, high]` are the bounds themselves. */
export type Amount = number | Range;

/** Bounds of a factor, of which 1 changes nothing. */
function factors(argument: string, amount: Amount): Range {
  if (typeof amount !== 'number') return requireRange(argument, amount, 0, 1e6);
  requireNumber(argument, amount, 0, 1e6);
  return [Math.max(0, 1 - amount), 1 + amount];
}

/** Bounds of a share of the colour circle, of which 0 changes nothing. */
function shifts(argument: string, amount: Amount): Range {
  if (typeof amount !== 'number') return requireRange(argument, amount, -0.5, 0.5);
  requireNumber(argument, amount, 0, 0.5);
  return [0 - amount, amount];
}

type EnhancerName = 'brightness' | 'contrast' | 'saturation';

abstract class RandomEnhance extends ImageTransform {
  readonly factor: Range;
  protected abstract get op(): EnhancerName;

  /** @param factor `0.4` for factors from 0.6 to 1.4, or `[low, high]`; also as `{ factor }`. 1 changes nothing */
  constructor(factor: Amount | { readonly factor: Amount }) {
    super();
    this.factor = factors('factor', onlySetting('factor', factor));
  }

  plan(_size: ImageSize, context?: TransformContext): ImageOperation[] {
    return [{ op: this.op, factor: randomOf(this, context).uniform(...this.factor) }];
  }
}

/** Lighter or darker: 0 is black. Order 11. */
export class RandomBrightness extends RandomEnhance {
  protected override get op(): 'brightness' {
    return 'brightness';
  }
}

/** Away from the image's mean grey or towards it: 0 is that grey. Order 11. */
export class RandomContrast extends RandomEnhance {
  protected override get op(): 'contrast' {
    return 'contrast';
  }
}

/** More or less colour: 0 is none. Order 11. */
export class RandomSaturation extends RandomEnhance {
  protected override get op(): 'saturation' {
    return 'saturation';
  }
}

/** Turns the colour circle. Order 11. */
export class RandomHue extends ImageTransform {
  readonly shift: Range;

  /** @param shift `0.1` for a tenth of the circle to either side, or `[low, high]`, within -0.5 and 0.5; also as `{ shift }` */
  constructor(shift: Amount | { readonly shift: Amount }) {
    super();
    this.shift = shifts('shift', onlySetting('shift', shift));
  }

  plan(_size: ImageSize, context?: TransformContext): ImageOperation[] {
    return [{ op: 'hue', shift: randomOf(this, context).uniform(...this.shift) }];
  }
}

export interface ColorJitterOptions {
  /** Default 0: no change. */
  readonly brightness?: Amount;
  readonly contrast?: Amount;
  readonly saturation?: Amount;
  readonly hue?: Amount;
}

/** Brightness, contrast, saturation and hue, each by a random amount, in random order. Order 11. */
export class ColorJitter extends ImageTransform {
  readonly brightness: Range;
  readonly contrast: Range;
  readonly saturation: Range;
  readonly hue: Range;

  constructor(options: ColorJitterOptions = {}) {
    super();
    needOptions(new.target.name, options);
    const { brightness = 0, contrast = 0, saturation = 0, hue = 0 } = options;
    this.brightness = factors('brightness', brightness);
    this.contrast = factors('contrast', contrast);
    this.saturation = factors('saturation', saturation);
    this.hue = shifts('hue', hue);
  }

  plan(_size: ImageSize, context?: TransformContext): ImageOperation[] {
    const random = randomOf(this, context);
    const operations: ImageOperation[] = [];
    for (const op of random.shuffle(['brightness', 'contrast', 'saturation', 'hue'] as const)) {
      const [low, high] = this[op];
      if (low === high && low === (op === 'hue' ? 0 : 1)) continue;
      operations.push(jitter(op, this[op], random));
    }
    return operations;
  }
}

function jitter(op: EnhancerName | 'hue', range: Range, random: Generator): ImageOperation {
  const drawn = random.uniform(...range);
  return op === 'hue' ? { op, shift: drawn } : { op, factor: drawn };
}

/** Takes the colour away with probability p and keeps the channels. Order 11. */
export class RandomGrayscale extends ImageTransform {
  readonly p: number;

  /** @param p the probability, default 0.1; also as `{ p }` */
  constructor(p: number | { readonly p?: number } = 0.1) {
    super();
    this.p = requireProbability('p', onlySetting('p', p, 0.1));
  }

  plan(_size: ImageSize, context?: TransformContext): ImageOperation[] {
    return randomOf(this, context).bernoulli(this.p) ? [{ op: 'grayscale' }] : [];
  }
}
