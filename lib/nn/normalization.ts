/** Layers that bring activations to mean 0 and variance 1: over the batch by channel (BatchNorm), or over a sample (LayerNorm). */

import { needCount, needFlag, needInRange, needOptions, isCount } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { batchNorm, isTensor, layerNorm, ones, tensor, zeros, type Tensor } from '../tensor/index.js';
import { Module } from './module.js';
import { Parameter } from './parameter.js';
import type { FactoryOptions } from './placement.js';
import { keywords } from './repr.js';
import { declareTransient } from './transient.js';

/** Options of batch normalisation. */
export interface BatchNormLayerOptions extends FactoryOptions {
  /** Added to the variance; default 1e-5. */
  eps?: number;
  /** Share of the new batch in the running statistics; null averages over all batches (reads a value at every step); default 0.1. */
  momentum?: number | null;
  /** Whether each channel has a learned factor and shift; default true. */
  affine?: boolean;
  /** Whether running statistics are kept, for use in evaluation; default true. */
  trackRunningStats?: boolean;
}

/**
 * Normalises every channel (axis 1) over the rest of the batch (Ioffe and Szegedy 2015, arXiv:1502.03167).
 *
 * In training the batch's own statistics are used and the running ones updated; in evaluation the running ones are used.
 */
export abstract class BatchNorm extends Module {
  readonly numFeatures: number;
  readonly eps: number;
  readonly momentum: number | null;
  readonly trackRunningStats: boolean;
  weight: Parameter | null;
  bias: Parameter | null;
  // Buffers keep the names that they have in the state; `runningMean` and its like read them.
  declare running_mean: Tensor | null;
  declare running_var: Tensor | null;
  declare num_batches_tracked: Tensor | null;

  constructor(numFeatures: number, options: BatchNormLayerOptions = {}) {
    super();
    const where = this.constructor.name;
    needOptions(where, options);
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true, ...place } = options;
    this.numFeatures = needCount(`${where}: numFeatures`, numFeatures, 1);
    this.eps = needInRange(`${where}: eps`, eps, { least: 0 });
    this.momentum = momentum === null ? null : needInRange(`${where}: momentum`, momentum, { least: 0, most: 1 });
    this.trackRunningStats = needFlag(`${where}: trackRunningStats`, trackRunningStats);
    this.weight = needFlag(`${where}: affine`, affine) ? new Parameter(ones([numFeatures], place)) : null;
    this.bias = affine ? new Parameter(zeros([numFeatures], place)) : null;
    this.registerBuffer('running_mean', trackRunningStats ? zeros([numFeatures], place) : null);
    this.registerBuffer('running_var', trackRunningStats ? ones([numFeatures], place) : null);
    this.registerBuffer(
      'num_batches_tracked',
      trackRunningStats ? tensor(0n, { device: place.device ?? 'cpu' }) : null,
    );
  }

  /** Of shape `[channels]`: the mean that evaluation subtracts, or null without `trackRunningStats`. */
  get runningMean(): Tensor | null {
    return this.running_mean;
  }

  /** Of shape `[channels]`: the variance that evaluation divides by, or null without `trackRunningStats`. */
  get runningVar(): Tensor | null {
    return this.running_var;
  }

  /** How many batches the running statistics have seen, as an int64 scalar. */
  get numBatchesTracked(): Tensor | null {
    return this.num_batches_tracked;
  }

  /** Numbers of axes that an input may have. */
  protected abstract readonly axes: readonly number[];

  /** @throws ArgumentError for an input that is no tensor, or has other axes */
  protected checkInput(x: Tensor): void {
    if (!isTensor(x) || !this.axes.includes(x.ndim))
      throw invalid(`${this.constructor.name}: input`, `a Tensor of ${this.axes.join(' or ')} axes`, x);
  }

  override forward(x: Tensor): Tensor {
    const { training, momentum } = this.beginBatch(x);
    return batchNorm(
      x,
      this.weight,
      this.bias,
      this.running_mean,
      this.running_var,
      training,
      momentum,
      this.eps,
      true,
    );
  }

  /**
   * Checks and counts a batch, for who computes what {@link forward} would.
   *
   * @returns whether its own statistics are used, and their share in the running ones
   * @throws ArgumentError for an input that is no tensor, or has other axes; TenchError in training for one value a channel
   */
  beginBatch(x: Tensor): { training: boolean; momentum: number } {
    this.checkInput(x);
    const training = this.training || this.running_mean === null;
    if (training && x.numel() === x.size(1)) {
      throw new TenchError(
        `${this.constructor.name} needs more than one value for each channel when training, and an input of shape [${x.shape.join(', ')}] has one: use a larger batch, or eval()`,
      );
    }
    return { training, momentum: this.training && this.trackRunningStats ? this.#count() : (this.momentum ?? 0) };
  }

  /** Counts the batch. @returns its share in the running statistics */
  #count(): number {
    const seen = this.num_batches_tracked;
    if (seen === null) return this.momentum ?? 0;
    seen.add_(1);
    return this.momentum ?? 1 / seen.item();
  }

  override extraRepr(): string {
    const shown = {
      eps: this.eps,
      momentum: this.momentum,
      affine: this.weight !== null,
      track_running_stats: this.trackRunningStats,
    };
    return `${this.numFeatures}, ${keywords(shown)}`;
  }
}

/** Batch normalisation of pictures, [batch, channels, height, width]. */
export class BatchNorm2d extends BatchNorm {
  protected override get axes(): readonly number[] {
    return [4];
  }
}

/** Batch normalisation of vectors [batch, channels] or sequences [batch, channels, length]. */
export class BatchNorm1d extends BatchNorm {
  protected override get axes(): readonly number[] {
    return [2, 3];
  }
}

/** Options of {@link LayerNorm}. */
export interface LayerNormOptions extends FactoryOptions {
  /** Added to the variance; default 1e-5. */
  eps?: number;
  /** Whether each element has a learned factor and shift; default true. */
  elementwiseAffine?: boolean;
  /** Whether the shift is among them; default true. */
  bias?: boolean;
}

/** Normalises the last axes of every sample (Ba et al. 2016, arXiv:1607.06450). */
export class LayerNorm extends Module {
  readonly normalizedShape: readonly number[];
  readonly eps: number;
  weight: Parameter | null;
  bias: Parameter | null;

  /** @param normalizedShape sizes of the last axes, or the size of the last */
  constructor(normalizedShape: number | readonly number[], options: LayerNormOptions = {}) {
    super();
    needOptions('LayerNorm', options);
    const { eps = 1e-5, elementwiseAffine = true, bias = true, ...place } = options;
    const shape: unknown = Array.isArray(normalizedShape) ? [...(normalizedShape as number[])] : [normalizedShape];
    if (!isShape(shape))
      throw invalid('LayerNorm: normalizedShape', 'a whole number of at least 1, or several of them', normalizedShape);
    this.normalizedShape = shape;
    this.eps = needInRange('LayerNorm: eps', eps, { least: 0 });
    this.weight = needFlag('LayerNorm: elementwiseAffine', elementwiseAffine)
      ? new Parameter(ones(shape, place))
      : null;
    this.bias = needFlag('LayerNorm: bias', bias) && elementwiseAffine ? new Parameter(zeros(shape, place)) : null;
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, this.eps);
  }

  override extraRepr(): string {
    const affine = { elementwise_affine: this.weight !== null, bias: this.bias !== null };
    return `${keywords({ '': this.normalizedShape }).slice(1)}, ${keywords({ eps: this.eps, ...affine })}`;
  }
}

function isShape(sizes: unknown): sizes is number[] {
  return Array.isArray(sizes) && sizes.length > 0 && sizes.every((size) => isCount(size, 1));
}

declareTransient('operator', [BatchNorm1d, BatchNorm2d, LayerNorm]);
