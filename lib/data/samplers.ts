/** Samplers decide which positions of a data set an epoch visits, and in which order. */

import { inspect } from 'node:util';
import { needArray, needCount, needFlag, needIterable, needOneOf, needOptions } from '../tensor/checks.js';
import { TenchError, describe, invalid } from '../tensor/errors.js';
import { needDraw, type Draw } from './chain.js';
import { Generator, needPositions } from './random.js';

/** A sampler as plain data. */
export interface SamplerJSON {
  readonly kind: string;
  readonly options: unknown;
}

/**
 * What a loader asks; a plain object with both methods will do.
 *
 *     const evenOnes: Sampler = {
 *       size: (count) => Math.ceil(count / 2),
 *       order: (count) => Array.from({ length: Math.ceil(count / 2) }, (_, index) => 2 * index),
 *     };
 */
export interface Sampler {
  /** How many positions an epoch has, of a data set of `count` items. */
  size(count: number): number;
  /** Exactly `size(count)` positions from 0 to count - 1. Equal draws must give equal orders, since an epoch may be begun again in its middle. */
  order(count: number, draw: Draw): readonly number[];
  /** The sampler as plain data, where it can be saved. */
  toJSON?(): SamplerJSON;
}

/** First numbers of the streams that samplers draw from; see chain.ts for the others. */
const SHUFFLE_STREAM = 0;
const WEIGHTED_STREAM = 3;

/** One after another. */
export class SequentialSampler implements Sampler {
  size(count: number): number {
    return needPositions('count', count);
  }

  order(count: number): number[] {
    needPositions('count', count);
    return Array.from({ length: count }, (_, index) => index);
  }

  toJSON(): SamplerJSON {
    return { kind: 'SequentialSampler', options: {} };
  }
}

/** Options of {@link RandomSampler}. */
export interface RandomSamplerOptions {
  /** Positions an epoch. Default: as many as there are items; fewer give a different part in every epoch. */
  numSamples?: number;
}

/** Every position once, in an order that is drawn anew for every epoch; what `shuffle: true` means. */
export class RandomSampler implements Sampler {
  readonly numSamples: number | undefined;

  constructor(options: RandomSamplerOptions = {}) {
    needOptions('RandomSampler', options);
    const { numSamples } = options;
    if (numSamples !== undefined) needCount('numSamples', numSamples, 1);
    this.numSamples = numSamples;
  }

  size(count: number): number {
    needPositions('count', count);
    return Math.min(this.numSamples ?? count, count);
  }

  order(count: number, draw: Draw): number[] {
    const { seed, epoch } = needDraw(draw);
    return new Generator(seed, SHUFFLE_STREAM, epoch).permutation(count).slice(0, this.size(count));
  }

  toJSON(): SamplerJSON {
    return { kind: 'RandomSampler', options: { numSamples: this.numSamples } };
  }

  [inspect.custom](): string {
    return `RandomSampler${this.numSamples === undefined ? '' : ` of ${this.numSamples}`}`;
  }
}

/** Options of {@link WeightedSampler}. */
export interface WeightedSamplerOptions {
  /** Positions an epoch. Default: as many as there are weights. */
  numSamples?: number;
  /** Whether a position may come several times in an epoch. Default true. */
  replacement?: boolean;
}

/**
 * Positions drawn by weight: one of weight 2 comes twice as often as one of weight 1, one of weight 0 never.
 *
 *     new WeightedSampler(WeightedSampler.balanced(labels));   // every label equally often, however rare it is
 *
 * Without replacement this is sampling by exponential keys (Efraimidis, Spirakis, "Weighted random sampling with a reservoir", 2006): each next
 * position is drawn by weight among those that are left. An item that comes twice in an epoch is drawn anew by random transforms.
 */
export class WeightedSampler implements Sampler {
  readonly weights: readonly number[];
  readonly numSamples: number;
  readonly replacement: boolean;

  /**
   * @param weights one for each item, not negative; they need not add up to anything
   * @throws ArgumentError for weights that nothing can be drawn by
   */
  constructor(weights: Iterable<number>, options: WeightedSamplerOptions = {}) {
    needOptions('WeightedSampler', options);
    const { numSamples, replacement = true } = options;
    this.weights = [...needIterable('weights', weights, 'an iterable of numbers')];
    const wrong = this.weights.findIndex((weight) => !Number.isFinite(weight) || weight < 0);
    if (wrong >= 0) throw invalid(`weights[${wrong}]`, 'a number of at least 0', this.weights[wrong]);
    const drawable = this.weights.filter((weight) => weight > 0).length;
    if (drawable === 0) throw invalid('weights', 'at least one weight above 0', this.weights);
    this.replacement = needFlag('replacement', replacement);
    needCount('numSamples', numSamples ?? this.weights.length, 1);
    this.numSamples = needPositions('numSamples', numSamples ?? this.weights.length);
    if (!replacement && this.numSamples > drawable)
      throw invalid(
        'numSamples',
        `at most ${drawable}, as many as have a weight above 0, since replacement is false`,
        this.numSamples,
      );
  }

  /** A weight for each item so that all labels are drawn equally often: one over the number of items that share its label. */
  static balanced(labels: readonly unknown[]): number[] {
    const counts = new Map<unknown, number>();
    for (const label of needArray('labels', labels)) counts.set(label, (counts.get(label) ?? 0) + 1);
    return labels.map((label) => 1 / counts.get(label)!);
  }

  size(): number {
    return this.numSamples;
  }

  order(count: number, draw: Draw): number[] {
    const { seed, epoch } = needDraw(draw);
    if (needCount('count', count) !== this.weights.length)
      throw new TenchError(`the sampler has ${this.weights.length} weights, but the data set has ${count} items`);
    const random = new Generator(seed, WEIGHTED_STREAM, epoch);
    return this.replacement ? this.#drawn(random) : this.#drawnOnce(random);
  }

  #drawn(random: Generator): number[] {
    const upTo: number[] = [];
    let total = 0;
    for (const weight of this.weights) upTo.push((total += weight));
    return Array.from({ length: this.numSamples }, () => firstAbove(upTo, random.random() * total));
  }

  #drawnOnce(random: Generator): number[] {
    const keys = this.weights.map((weight) => (weight === 0 ? Infinity : -Math.log(1 - random.random()) / weight));
    const order = this.weights.map((_, index) => index).sort((a, b) => keys[a]! - keys[b]! || a - b);
    return order.filter((index) => this.weights[index]! > 0).slice(0, this.numSamples);
  }

  toJSON(): SamplerJSON {
    const { weights, numSamples, replacement } = this;
    return { kind: 'WeightedSampler', options: { weights, numSamples, replacement } };
  }

  [inspect.custom](): string {
    return `WeightedSampler of ${this.numSamples} by ${this.weights.length} weights${this.replacement ? '' : ', each at most once'}`;
  }
}

/** The position of the first number above `value`; of an ascending list whose last number is above it but for rounding. */
function firstAbove(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! > value) high = middle;
    else low = middle + 1;
  }
  // Rounding may have led to the end, where positions of weight 0 add nothing to the sum.
  while (low > 0 && ascending[low] === ascending[low - 1]) low -= 1;
  return low;
}

/** Options of {@link DistributedSampler}. */
export interface DistributedSamplerOptions {
  /** Which of the processes this one is, from 0 on. */
  rank: number;
  /** How many processes there are. */
  worldSize: number;
  /** What all of them share out. Default: a {@link RandomSampler}. */
  sampler?: Sampler;
  /**
   * What happens to positions that do not come out even: the first ones come again (`'pad'`, default), or the last ones are left out
   * (`'drop'`). Either way all processes have equally many, or else some would wait for the others for ever.
   */
  uneven?: 'pad' | 'drop';
}

/**
 * One process's share of an epoch: every `worldSize`-th position of an order that all processes draw alike, which they do if their loaders
 * have the same seed and epoch.
 */
export class DistributedSampler implements Sampler {
  readonly rank: number;
  readonly worldSize: number;
  readonly sampler: Sampler;
  readonly uneven: 'pad' | 'drop';

  constructor(options: DistributedSamplerOptions) {
    needOptions('DistributedSampler', options);
    const { rank, worldSize, sampler = new RandomSampler(), uneven = 'pad' } = options;
    this.worldSize = needCount('worldSize', worldSize, 1);
    this.rank = needCount('rank', rank);
    if (rank >= worldSize) throw invalid('rank', `a whole number from 0 to ${worldSize - 1}`, rank);
    this.sampler = needSampler(sampler);
    this.uneven = needOneOf('uneven', uneven, ['pad', 'drop']);
  }

  size(count: number): number {
    const share = needPositions('sampler.size', this.sampler.size(needCount('count', count))) / this.worldSize;
    return this.uneven === 'pad' ? Math.ceil(share) : Math.floor(share);
  }

  order(count: number, draw: Draw): number[] {
    const whole = checkedOrder(this.sampler, count, draw);
    return Array.from(
      { length: this.size(count) },
      (_, turn) => whole[(this.rank + turn * this.worldSize) % whole.length]!,
    );
  }

  toJSON(): SamplerJSON {
    const { rank, worldSize, sampler, uneven } = this;
    if (sampler.toJSON === undefined)
      throw new TenchError('the sampler that a DistributedSampler shares out has no toJSON, so it cannot be saved');
    return { kind: 'DistributedSampler', options: { rank, worldSize, uneven, sampler: sampler.toJSON() } };
  }

  [inspect.custom](): string {
    return `DistributedSampler ${this.rank} of ${this.worldSize} (${this.uneven}) of ${inspect(this.sampler)}`;
  }
}

/**
 * The sampler that `toJSON` described.
 *
 * @throws TenchError for a sampler that is not one of the built-in ones
 */
export function samplerFromJSON(json: SamplerJSON): Sampler {
  needOptions('samplerFromJSON: json', json);
  const { kind, options } = json;
  needOptions('json.options', options);
  switch (kind) {
    case 'SequentialSampler':
      return new SequentialSampler();
    case 'RandomSampler':
      return new RandomSampler(options as RandomSamplerOptions);
    case 'WeightedSampler': {
      const { weights, ...rest } = options as WeightedSamplerOptions & { weights: number[] };
      return new WeightedSampler(weights, rest);
    }
    case 'DistributedSampler': {
      const { sampler, ...rest } = options as DistributedSamplerOptions & { sampler: SamplerJSON };
      return new DistributedSampler({ ...rest, sampler: samplerFromJSON(sampler) });
    }
    default:
      throw new TenchError(
        `the saved data has a ${typeof kind === 'string' ? kind : describe(kind)}, which is no sampler of tench's`,
      );
  }
}

/** Throws unless `value` can be asked as a {@link Sampler} is. */
export function needSampler(value: Sampler): Sampler {
  const given = value as Partial<Sampler> | null;
  if (typeof given?.size !== 'function' || typeof given.order !== 'function')
    throw invalid('sampler', 'an object with the methods `size` and `order`', value);
  return value;
}

/** The sampler's order, looked at: what a user's sampler gets wrong would otherwise show as a strange item, or none. */
export function checkedOrder(sampler: Sampler, count: number, draw: Draw): readonly number[] {
  const order: unknown = sampler.order(count, draw);
  const size = needPositions('sampler.size', sampler.size(count));
  if (!Array.isArray(order) || order.length !== size)
    throw invalid(
      'sampler.order',
      `${size} positions, as its size says`,
      Array.isArray(order) ? `${order.length} positions` : order,
    );
  const wrong = order.findIndex(
    (index: unknown) => typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count,
  );
  if (wrong >= 0) throw invalid('sampler.order', `whole numbers from 0 to ${count - 1}`, order[wrong]);
  return order as number[];
}
