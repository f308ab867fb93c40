/** Mixing pictures: MixUp and CutMix make one training sample of two, and the loss counts both of their targets. */

import { Generator } from '../data/random.js';
import { needInRange, needOptions } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import { noGrad, tensor, where, type Tensor } from '../tensor/index.js';
import { boxMask, type Box } from '../vision/batch/boxes.js';
import { Callback } from './callback.js';
import { lossBySample } from './needs.js';
import type { LossFunction } from './options.js';

/** First number of every stream that mixing draws from; see lib/data/chain.ts for others. */
const MIX_STREAM = 7;

/** Options of {@link MixUp} and {@link CutMix}. */
export interface MixOptions {
  /** The shares are drawn from Beta(alpha, alpha): small values mix little, 1 makes every share as likely. */
  readonly alpha?: number;
  /** Of all draws; default 0. */
  readonly seed?: number | bigint;
}

/** Two targets for each sample, and how much of it the first one is. */
interface Mixed {
  readonly own: Tensor;
  readonly other: Tensor;
  /** float32, [batch]. */
  readonly shares: Tensor;
}

/** A mixed batch. */
export interface MixedInputs {
  readonly xb: Tensor;
  /** How much of each sample is its own, from 0 to 1. */
  readonly shares: readonly number[];
}

/**
 * The base of {@link MixUp} and {@link CutMix}. While a fit runs, the learner's loss function is asked for the loss of each sample, once with either
 * target, by a third argument `{ reduction: 'none' }`, as the losses of `F` take it; the mean of both, weighted by the shares, is the loss. Validation
 * is left as it is. Metrics of training count the target that has the larger share.
 *
 * Order 5: after what brings the batch to its device and augments it.
 */
export abstract class Mixing extends Callback {
  override order = 5;

  readonly alpha: number;
  readonly seed: number | bigint;
  readonly #base: Generator;
  #original: LossFunction | null = null;
  #mixed: Mixed | null = null;

  constructor(options: MixOptions, defaultAlpha: number) {
    super();
    needOptions(new.target.name, options);
    const { alpha = defaultAlpha, seed = 0 } = options;
    this.alpha = needInRange('alpha', alpha, { least: 1e-3, most: 1e3 });
    this.#base = new Generator(seed, MIX_STREAM);
    this.seed = seed;
  }

  /** Mixes each sample with that at the same place of `other`. Both are [batch, ...]. */
  protected abstract mix(xb: Tensor, other: Tensor, random: Generator): MixedInputs;

  override beginFit(): void {
    const { learn } = this;
    if (learn.cbs.some((cb) => cb instanceof Mixing && cb !== this))
      throw new TenchError('a learner can have one callback that mixes samples: their losses would exclude each other');
    const original = learn.lossFunc;
    this.#original = original;
    learn.lossFunc = (pred, yb, options) => {
      const mixed = learn.inTrain ? this.#mixed : null;
      return mixed === null ? original(pred, yb, options) : mixedLoss(original, pred, mixed);
    };
  }

  override beginBatch(): void {
    const { learn } = this;
    this.#mixed = null;
    const samples = learn.xb.shape[0] ?? 0;
    if (!learn.inTrain || samples === 0) return;
    const random = this.#base.fork(learn.totalEpochs, learn.iter);
    const order = tensor(random.permutation(samples), { dtype: 'int64', device: learn.xb.device });
    noGrad(() => {
      const own = learn.yb;
      const other = own.indexSelect(0, order);
      const { xb, shares } = this.mix(learn.xb, learn.xb.indexSelect(0, order), random);
      const weights = tensor(Float64Array.from(shares), { dtype: 'float32', device: own.device });
      learn.xb = xb;
      learn.yb = shares.every((share) => share >= 0.5) ? own : where(alongside(weights, own).ge(0.5), own, other);
      this.#mixed = { own, other, shares: weights };
    });
  }

  override cleanupFit(): void {
    if (this.#original !== null) this.learn.lossFunc = this.#original;
    this.#original = this.#mixed = null;
  }
}

/** One number a sample, with as many axes as `x`. */
function alongside(values: Tensor, x: Tensor): Tensor {
  return values.reshape([-1, ...new Array<number>(x.ndim - 1).fill(1)]);
}

function mixedLoss(lossFunc: LossFunction, pred: Tensor, { own, other, shares }: Mixed): Tensor {
  const [first, second] = [own, other].map((yb) => lossBySample('mixing', lossFunc, pred, yb)) as [Tensor, Tensor];
  return second.lerp(first, alongside(shares, first).to(first.dtype)).mean();
}

/**
 * Each sample becomes a mean of itself and another one of the batch, itself weighted by a share of its own, at least one half (Zhang et al.,
 * arXiv:1710.09412). Default alpha 0.4. Inputs must be floating-point.
 */
export class MixUp extends Mixing {
  constructor(options: MixOptions = {}) {
    super(options, 0.4);
  }

  protected override mix(xb: Tensor, other: Tensor, random: Generator): MixedInputs {
    if (!xb.isFloatingPoint())
      throw new TenchError(`MixUp needs floating-point inputs, but got ${xb.dtype}: normalise the batch before it`);
    const shares = Array.from({ length: xb.shape[0]! }, () => {
      const share = random.beta(this.alpha, this.alpha);
      return Math.max(share, 1 - share);
    });
    const weights = tensor(Float64Array.from(shares), { dtype: xb.dtype, device: xb.device });
    return { xb: other.lerp(xb, alongside(weights, xb)), shares };
  }
}

/**
 * A box of each picture is replaced by the same box of another one of the batch (Yun et al., arXiv:1905.04899). The box is drawn for each picture by
 * itself and cut off at the borders; the share of the other target is the area that was replaced. Default alpha 1.
 */
export class CutMix extends Mixing {
  constructor(options: MixOptions = {}) {
    super(options, 1);
  }

  protected override mix(xb: Tensor, other: Tensor, random: Generator): MixedInputs {
    if (xb.ndim !== 4)
      throw new TenchError(`CutMix needs pictures [batch, channels, height, width], but got ${xb.ndim} axes`);
    const [batch, , height, width] = xb.shape as [number, number, number, number];
    const boxes = Array.from({ length: batch }, () => drawBox(random, this.alpha, width, height));
    const shares = boxes.map((box) => 1 - ((box.right - box.left) * (box.bottom - box.top)) / (width * height));
    return { xb: where(boxMask(boxes.map((box) => [box]), xb), other, xb), shares }; // prettier-ignore
  }
}

/** A box of the picture's shape around any place. */
function drawBox(random: Generator, alpha: number, width: number, height: number): Box {
  const side = Math.sqrt(1 - random.beta(alpha, alpha));
  const along = (length: number): [from: number, to: number] => {
    const half = Math.floor(Math.round(length * side) / 2);
    const middle = random.integer(length);
    return [Math.max(0, middle - half), Math.min(length, middle + half)];
  };
  const [left, right] = along(width);
  const [top, bottom] = along(height);
  return { left, top, right, bottom };
}
