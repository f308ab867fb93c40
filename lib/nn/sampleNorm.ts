/** Layers that normalise each sample by itself, over groups of its channels (GroupNorm) or each channel alone (InstanceNorm2d). */

import { needCount, needFlag, needInRange, needOptions } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { ones, zeros, type Tensor } from '../tensor/index.js';
import { groupNorm, instanceNorm } from './functional/layers.js';
import { Module } from './module.js';
import { BatchNorm, type BatchNormLayerOptions } from './normalization.js';
import { Parameter } from './parameter.js';
import type { FactoryOptions } from './placement.js';
import { keywords } from './repr.js';
import { declareTransient } from './transient.js';

/** Options of {@link GroupNorm}. */
export interface GroupNormOptions extends FactoryOptions {
  /** Added to the variance; default 1e-5. */
  eps?: number;
  /** Whether each channel has a learned factor and shift; default true. */
  affine?: boolean;
}

/** Normalises each sample over each of `numGroups` groups of its channels, axis 1 (Wu and He 2018, arXiv:1803.08494). */
export class GroupNorm extends Module {
  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;
  weight: Parameter | null;
  bias: Parameter | null;

  constructor(numGroups: number, numChannels: number, options: GroupNormOptions = {}) {
    super();
    needOptions('GroupNorm', options);
    const { eps = 1e-5, affine = true, ...place } = options;
    this.numGroups = needCount('GroupNorm: numGroups', numGroups, 1);
    this.numChannels = needCount('GroupNorm: numChannels', numChannels, 1);
    if (numChannels % numGroups !== 0)
      throw invalid('GroupNorm: numGroups', `a divisor of numChannels (${numChannels})`, numGroups);
    this.eps = needInRange('GroupNorm: eps', eps, { least: 0 });
    this.weight = needFlag('GroupNorm: affine', affine) ? new Parameter(ones([numChannels], place)) : null;
    this.bias = affine ? new Parameter(zeros([numChannels], place)) : null;
  }

  override forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return groupNorm(x, this.numGroups, { weight, bias, eps });
  }

  override extraRepr(): string {
    return `${this.numGroups}, ${this.numChannels}, ${keywords({ eps: this.eps, affine: this.weight !== null })}`;
  }
}

/**
 * Normalises each channel of each picture (Ulyanov et al. 2016, arXiv:1607.08022).
 *
 * Options as of BatchNorm2d, but neither `affine` nor `trackRunningStats` is on unless it is said; `momentum: null` stops the running ones.
 */
export class InstanceNorm2d extends BatchNorm {
  constructor(numFeatures: number, options: BatchNormLayerOptions = {}) {
    needOptions('InstanceNorm2d', options);
    super(numFeatures, { affine: false, trackRunningStats: false, ...options });
  }

  protected override get axes(): readonly number[] {
    return [3, 4];
  }

  override forward(x: Tensor): Tensor {
    this.checkInput(x);
    const batch = x.ndim === 3 ? x.unsqueeze(0) : x;
    const { weight, bias, eps } = this;
    const useInputStats = this.training || this.running_mean === null;
    const momentum = this.momentum ?? 0;
    const y = instanceNorm(batch, this.running_mean, this.running_var, { weight, bias, useInputStats, momentum, eps });
    return x.ndim === 3 ? y.squeeze(0) : y;
  }
}

declareTransient('operator', [GroupNorm, InstanceNorm2d]);
