/** The lighting of pictures as parts of a batch's augmentation: brightness, contrast, saturation and hue, each drawn for each picture. */

import { Generator } from '../../data/random.js';
import { needInstance, needOptions } from '../../tensor/checks.js';
import { requireNumber, requireRange, type Range } from '../transforms/options.js';
import { lighting, type LightingStep } from './lighting.js';
import { PixelPart, type PixelPass } from './part.js';

/** Options of {@link BatchBrightness}, {@link BatchContrast} and {@link BatchSaturation}. */
export interface LightingOptions {
  /** The probability that a picture is changed. Default 0.75. */
  readonly p?: number;
  /** How much at most, from 0 to below 1. Default 0.2. */
  readonly maxLighting?: number;
  /** The values that are drawn from, instead of `maxLighting`: `[low, high]`. */
  readonly range?: Range;
}

/** A change of a picture's lighting. All of an augmentation are done in one pass: see {@link lighting}. */
export abstract class LightingPart extends PixelPart {
  /** The values that are drawn from. */
  readonly range: Range;

  constructor(p: number, range: Range) {
    super(p);
    this.range = range;
  }

  override get stage(): 'lighting' {
    return 'lighting';
  }

  override get pass(): PixelPass {
    return lightingPass;
  }

  /** What is done to one picture; null: nothing. */
  draw(random: Generator): LightingStep | null {
    needInstance('random', random, Generator);
    return random.bernoulli(this.p) ? this.step(random) : null;
  }

  protected abstract step(random: Generator): LightingStep;
}

const lightingPass: PixelPass = (x, parts, random) => {
  const drawn = parts.filter((part) => part instanceof LightingPart);
  const steps = Array.from({ length: x.shape[0]! }, (_, picture) =>
    drawn.map((part, k) => part.draw(random(k, picture))).filter((step) => step !== null),
  );
  return lighting(x, steps);
};

/** The range that a largest change stands for, or the one that is given. */
function rangeOf(
  name: string,
  options: LightingOptions,
  { from, least, most }: { from: (maxLighting: number) => Range; least: number; most: number },
): Range {
  needOptions(name, options);
  const { range, maxLighting = 0.2 } = options;
  requireNumber('maxLighting', maxLighting, 0, 0.999);
  return range === undefined ? from(maxLighting) : requireRange('range', range, least, most);
}

const factorsFrom = (maxLighting: number): Range => [1 - maxLighting, 1 / (1 - maxLighting)];
const LARGEST_FACTOR = 1000;

/** A part that multiplies: as often halved as doubled. */
abstract class FactorPart extends LightingPart {
  readonly #op: 'contrast' | 'saturation';

  constructor(name: string, op: 'contrast' | 'saturation', options: LightingOptions) {
    const range = rangeOf(name, options, { from: factorsFrom, least: 1 / LARGEST_FACTOR, most: LARGEST_FACTOR });
    super(options.p ?? 0.75, range);
    this.#op = op;
  }

  protected override step(random: Generator): LightingStep {
    const [low, high] = this.range;
    return { op: this.#op, change: Math.exp(random.uniform(Math.log(low), Math.log(high))) };
  }
}

/**
 * Lighter or darker: what a grey of 0.5 becomes, drawn evenly from 0.5 (1 - maxLighting) to 0.5 (1 + maxLighting). Black and white stay.
 */
export class BatchBrightness extends LightingPart {
  /** @param options `range` within 0.001 and 0.999; 0.5 changes nothing */
  constructor(options: LightingOptions = {}) {
    const from = (maxLighting: number): Range => [0.5 * (1 - maxLighting), 0.5 * (1 + maxLighting)];
    const range = rangeOf('BatchBrightness', options, { from, least: 0.0005, most: 0.9995 });
    super(options.p ?? 0.75, range);
  }

  protected override step(random: Generator): LightingStep {
    return { op: 'brightness', change: random.uniform(...this.range) };
  }
}

/** More or less contrast: a factor drawn from 1 - maxLighting to 1 / (1 - maxLighting), evenly in its logarithm. */
export class BatchContrast extends FactorPart {
  /** @param options `range` of positive factors; 1 changes nothing */
  constructor(options: LightingOptions = {}) {
    super('BatchContrast', 'contrast', options);
  }
}

/** More or less colour: a factor drawn as that of {@link BatchContrast}. Grey pictures stay. */
export class BatchSaturation extends FactorPart {
  /** @param options `range` of positive factors; 1 changes nothing */
  constructor(options: LightingOptions = {}) {
    super('BatchSaturation', 'saturation', options);
  }
}

/** Options of {@link BatchHue}. */
export interface HueOptions {
  /** The probability that a picture is changed. Default 0.75. */
  readonly p?: number;
  /** How much of the colour circle at most, either way, from 0 to 0.5. Default 0.1. */
  readonly maxHue?: number;
  /** The shares of the circle that are drawn from, instead of `maxHue`, within -0.5 and 0.5. */
  readonly range?: Range;
}

/** Turns the colour circle by a share of it, drawn evenly. Grey pictures stay. */
export class BatchHue extends LightingPart {
  constructor(options: HueOptions = {}) {
    needOptions('BatchHue', options);
    const { p = 0.75, range, maxHue = 0.1 } = options;
    requireNumber('maxHue', maxHue, 0, 0.5);
    super(p, range === undefined ? [0 - maxHue, maxHue] : requireRange('range', range, -0.5, 0.5));
  }

  protected override step(random: Generator): LightingStep {
    return { op: 'hue', change: random.uniform(...this.range) };
  }
}
