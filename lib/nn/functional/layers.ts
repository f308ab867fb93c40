/** What layers with weights compute, as functions of input and weights; the classes of the same name hold the weights. */

import * as operators from '../../tensor/index.js';
import type { Tensor } from '../../tensor/index.js';
import { needCount, needFlag, needInRange, needOptions, needTensor, needTensorOrNull } from '../../tensor/checks.js';
import { invalid, TenchError } from '../../tensor/errors.js';
import { pair, samePadding, type Size2d } from './options.js';

/** x times the transposed weight, plus bias. `weight` is [out, in], `input` [..., in]. */
export function linear(input: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  return operators.linear(input, weight, bias);
}

/** Options of {@link conv2d}. */
export interface Conv2dOptions {
  /** Step of the kernel; default 1. */
  stride?: Size2d;
  /** Zeros around the picture; `'same'` keeps its size (stride 1 only), `'valid'` is 0; default 0. */
  padding?: Size2d | 'same' | 'valid';
  /** Distance between the kernel's elements; default 1. */
  dilation?: Size2d;
  /** Number of groups of channels that do not see one another; default 1. */
  groups?: number;
}

/** Two-dimensional convolution. `input` is [batch, in, height, width], `weight` [out, in / groups, kernel height, kernel width]. */
export function conv2d(input: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv2dOptions = {}): Tensor {
  needOptions('conv2d', options);
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const steps = pair('conv2d: stride', stride, 1);
  const spread = pair('conv2d: dilation', dilation, 1);
  needCount('conv2d: groups', groups, 1);
  if (padding !== 'same') {
    return operators.conv2d(
      input,
      weight,
      bias,
      steps,
      padding === 'valid' ? [0, 0] : pair('conv2d: padding', padding, 0),
      spread,
      groups,
    );
  }
  if (steps[0] !== 1 || steps[1] !== 1)
    throw invalid('conv2d: padding', "numbers: 'same' is for stride 1 only", padding);
  needTensor('conv2d: weight', weight);
  if (weight.ndim !== 4) throw invalid('conv2d: weight', 'a tensor of 4 axes', weight);
  const { edges, even } = samePadding([weight.size(2), weight.size(3)], spread);
  return even === null
    ? operators.conv2d(operators.pad(input, edges), weight, bias, steps, [0, 0], spread, groups)
    : operators.conv2d(input, weight, bias, steps, even, spread, groups);
}

/** Options of {@link batchNorm}. */
export interface BatchNormOptions {
  /** Factor for each channel. */
  weight?: Tensor | null;
  /** Added to each channel. */
  bias?: Tensor | null;
  /** Whether the batch's own statistics are used (and the running ones updated); default false. */
  training?: boolean;
  /** Share of the new batch in the running statistics; default 0.1. */
  momentum?: number;
  /** Added to the variance; default 1e-5. */
  eps?: number;
}

/**
 * Normalises every channel (axis 1) to mean 0 and variance 1 (Ioffe and Szegedy 2015).
 *
 * @param runningMean [channels], updated in place when training; null to use the batch's statistics always
 * @param runningVar the same for the variance
 */
export function batchNorm(
  input: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  options: BatchNormOptions = {},
): Tensor {
  needOptions('batchNorm', options);
  const { weight = null, bias = null, training = false, momentum = 0.1, eps = 1e-5 } = options;
  const { shape } = needTensor('batchNorm: input', input);
  needFlag('batchNorm: training', training);
  needStatistics('batchNorm', runningMean, runningVar, momentum, eps);
  if (training && input.numel() === shape[1]) {
    throw new TenchError(
      `batch normalisation needs more than one value for each channel when training, and an input of shape [${shape.join(', ')}] has one: use a larger batch, or eval()`,
    );
  }
  return operators.batchNorm(input, weight, bias, runningMean, runningVar, training, momentum, eps, true);
}

/** What batch and instance normalisation take beside the input and its factors. */
function needStatistics(
  where: string,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  momentum: number,
  eps: number,
): void {
  needTensorOrNull(`${where}: runningMean`, runningMean);
  needTensorOrNull(`${where}: runningVar`, runningVar);
  needInRange(`${where}: momentum`, momentum, { least: 0, most: 1 });
  needInRange(`${where}: eps`, eps, { least: 0 });
}

/** Normalises the last axes, those of `shape`, of every sample to mean 0 and variance 1 (Ba et al. 2016). */
export function layerNorm(
  input: Tensor,
  shape: readonly number[],
  options: { weight?: Tensor | null; bias?: Tensor | null; eps?: number } = {},
): Tensor {
  needOptions('layerNorm', options);
  const eps = needInRange('layerNorm: eps', options.eps ?? 1e-5, { least: 0 });
  return operators.layerNorm(input, shape, options.weight ?? null, options.bias ?? null, eps);
}

/** The rows of `weight` [rows, width] that `indices` (int64) name; row `paddingIdx` (negative: from the end) gets no gradient. */
export function embedding(indices: Tensor, weight: Tensor, options: { paddingIdx?: number | null } = {}): Tensor {
  needOptions('embedding', options);
  const { paddingIdx = null } = options;
  const rows = needTensor('embedding: weight', weight).size(0);
  if (paddingIdx !== null && !(Number.isInteger(paddingIdx) && paddingIdx >= -rows && paddingIdx < rows)) {
    throw invalid('embedding: paddingIdx', `null or a row from ${-rows} to ${rows - 1}`, paddingIdx);
  }
  // The operator counts from the start only, and takes -1 for none.
  const row = paddingIdx === null ? -1 : paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
  return operators.embedding(weight, indices, row);
}

/** Sets elements to zero with probability `p` (default 0.5) and scales the rest up, when `training` (default true) (Srivastava et al. 2014). */
export function dropout(input: Tensor, options: { p?: number; training?: boolean } = {}): Tensor {
  needOptions('dropout', options);
  const { p = 0.5, training = true } = options;
  needInRange('dropout: p', p, { least: 0, most: 1 });
  return operators.dropout(input, p, needFlag('dropout: training', training));
}

/** Options of {@link convTranspose2d}. */
export interface ConvTranspose2dOptions {
  /** Step between the places that neighbouring input pixels paint; default 1. */
  stride?: Size2d;
  /** Width of the edge that is cut off the result; default 0. */
  padding?: Size2d;
  /** Rows and columns that the result gets more at its end, smaller than stride or dilation; default 0. */
  outputPadding?: Size2d;
  /** Number of groups of channels that do not see one another; default 1. */
  groups?: number;
  /** Distance between the kernel's elements; default 1. */
  dilation?: Size2d;
}

/** Transposed convolution: every input pixel paints a kernel. `input` is [batch, in, height, width], `weight` [in, out / groups, kernel height, kernel width]. */
export function convTranspose2d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvTranspose2dOptions = {},
): Tensor {
  needOptions('convTranspose2d', options);
  const { stride = 1, padding = 0, outputPadding = 0, groups = 1, dilation = 1 } = options;
  return operators.convTranspose2d(
    input,
    weight,
    bias,
    pair('convTranspose2d: stride', stride, 1),
    pair('convTranspose2d: padding', padding, 0),
    pair('convTranspose2d: outputPadding', outputPadding, 0),
    needCount('convTranspose2d: groups', groups, 1),
    pair('convTranspose2d: dilation', dilation, 1),
  );
}

/** Normalises each sample over each of `groups` groups of channels to mean 0 and variance 1 (Wu and He 2018, arXiv:1803.08494). */
export function groupNorm(
  input: Tensor,
  groups: number,
  options: { weight?: Tensor | null; bias?: Tensor | null; eps?: number } = {},
): Tensor {
  needCount('groupNorm: groups', groups, 1);
  needOptions('groupNorm', options);
  const eps = needInRange('groupNorm: eps', options.eps ?? 1e-5, { least: 0 });
  return operators.groupNorm(input, groups, options.weight ?? null, options.bias ?? null, eps);
}

/** Options of {@link instanceNorm}. */
export interface InstanceNormOptions extends Omit<BatchNormOptions, 'training'> {
  /** Whether each sample's own statistics are used (and the running ones updated) rather than the running ones; default true. */
  useInputStats?: boolean;
}

/** Normalises each channel of each sample to mean 0 and variance 1 (Ulyanov et al. 2016, arXiv:1607.08022); arguments as of {@link batchNorm}. */
export function instanceNorm(
  input: Tensor,
  runningMean: Tensor | null = null,
  runningVar: Tensor | null = null,
  options: InstanceNormOptions = {},
): Tensor {
  needOptions('instanceNorm', options);
  const { weight = null, bias = null, useInputStats = true, momentum = 0.1, eps = 1e-5 } = options;
  needFlag('instanceNorm: useInputStats', useInputStats);
  needStatistics('instanceNorm', runningMean, runningVar, momentum, eps);
  return operators.instanceNorm(input, weight, bias, runningMean, runningVar, useInputStats, momentum, eps, true);
}

/** Sets whole channels to zero with probability `p` (default 0.5) and scales the rest up, when `training` (default true) (Tompson et al. 2014, arXiv:1411.4280). */
export function dropout2d(input: Tensor, options: { p?: number; training?: boolean } = {}): Tensor {
  needOptions('dropout2d', options);
  const { p = 0.5, training = true } = options;
  needInRange('dropout2d: p', p, { least: 0, most: 1 });
  return operators.featureDropout(input, p, needFlag('dropout2d: training', training));
}
