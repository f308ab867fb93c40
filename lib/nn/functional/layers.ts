/** What layers with weights compute, as functions of input and weights; the classes of the same name hold the weights. */

import * as operators from '../../tensor/index.js';
import type { Tensor } from '../../tensor/index.js';
import { invalid, TenchError } from '../../tensor/errors.js';
import { pair, type Size2d } from './options.js';

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
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const steps = pair('stride', stride, 1);
  const spread = pair('dilation', dilation, 1);
  if (padding !== 'same') {
    return operators.conv2d(
      input,
      weight,
      bias,
      steps,
      padding === 'valid' ? [0, 0] : pair('padding', padding, 0),
      spread,
      groups,
    );
  }
  if (steps[0] !== 1 || steps[1] !== 1) throw invalid('padding', "numbers: 'same' is for stride 1 only", padding);
  const { edges, even } = samePadding([weight.size(2), weight.size(3)], spread);
  return even === null
    ? operators.conv2d(operators.pad(input, edges), weight, bias, steps, [0, 0], spread, groups)
    : operators.conv2d(input, weight, bias, steps, even, spread, groups);
}

/**
 * The padding that keeps a picture's size at stride 1.
 *
 * @returns `edges` as [left, right, top, bottom], where an odd remainder goes right and below; `even` as [height, width] when there is none, else null
 */
export function samePadding(
  kernel: readonly [number, number],
  dilation: readonly [number, number],
): { edges: number[]; even: [number, number] | null } {
  const [height, width] = [dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1)];
  const [top, left] = [Math.floor(height / 2), Math.floor(width / 2)];
  return {
    edges: [left, width - left, top, height - top],
    even: height % 2 === 0 && width % 2 === 0 ? [top, left] : null,
  };
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
  const { weight = null, bias = null, training = false, momentum = 0.1, eps = 1e-5 } = options;
  const shape = input.shape;
  if (training && input.numel() === shape[1]) {
    throw new TenchError(
      `batch normalisation needs more than one value for each channel when training, and an input of shape [${shape.join(', ')}] has one: use a larger batch, or eval()`,
    );
  }
  return operators.batchNorm(input, weight, bias, runningMean, runningVar, training, momentum, eps, true);
}

/** Normalises the last axes, those of `shape`, of every sample to mean 0 and variance 1 (Ba et al. 2016). */
export function layerNorm(
  input: Tensor,
  shape: readonly number[],
  options: { weight?: Tensor | null; bias?: Tensor | null; eps?: number } = {},
): Tensor {
  return operators.layerNorm(input, [...shape], options.weight ?? null, options.bias ?? null, options.eps ?? 1e-5);
}

/** The rows of `weight` [rows, width] that `indices` (int64) name; row `paddingIdx` (negative: from the end) gets no gradient. */
export function embedding(indices: Tensor, weight: Tensor, options: { paddingIdx?: number | null } = {}): Tensor {
  const { paddingIdx = null } = options;
  const rows = weight.size(0);
  if (paddingIdx !== null && !(Number.isInteger(paddingIdx) && paddingIdx >= -rows && paddingIdx < rows)) {
    throw invalid('paddingIdx', `null or a row from ${-rows} to ${rows - 1}`, paddingIdx);
  }
  // The operator counts from the start only, and takes -1 for none.
  const row = paddingIdx === null ? -1 : paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
  return operators.embedding(weight, indices, row);
}

/** Sets elements to zero with probability `p` (default 0.5) and scales the rest up, when `training` (default true) (Srivastava et al. 2014). */
export function dropout(input: Tensor, options: { p?: number; training?: boolean } = {}): Tensor {
  const { p = 0.5, training = true } = options;
  if (!(p >= 0 && p <= 1)) throw invalid('p', 'a probability from 0 to 1', p);
  return operators.dropout(input, p, training);
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
  const { stride = 1, padding = 0, outputPadding = 0, groups = 1, dilation = 1 } = options;
  return operators.convTranspose2d(
    input,
    weight,
    bias,
    pair('stride', stride, 1),
    pair('padding', padding, 0),
    pair('outputPadding', outputPadding, 0),
    groups,
    pair('dilation', dilation, 1),
  );
}

/** Normalises each sample over each of `groups` groups of channels to mean 0 and variance 1 (Wu and He 2018, arXiv:1803.08494). */
export function groupNorm(
  input: Tensor,
  groups: number,
  options: { weight?: Tensor | null; bias?: Tensor | null; eps?: number } = {},
): Tensor {
  return operators.groupNorm(input, groups, options.weight ?? null, options.bias ?? null, options.eps ?? 1e-5);
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
  const { weight = null, bias = null, useInputStats = true, momentum = 0.1, eps = 1e-5 } = options;
  return operators.instanceNorm(input, weight, bias, runningMean, runningVar, useInputStats, momentum, eps, true);
}

/** Sets whole channels to zero with probability `p` (default 0.5) and scales the rest up, when `training` (default true) (Tompson et al. 2014, arXiv:1411.4280). */
export function dropout2d(input: Tensor, options: { p?: number; training?: boolean } = {}): Tensor {
  const { p = 0.5, training = true } = options;
  if (!(p >= 0 && p <= 1)) throw invalid('p', 'a probability from 0 to 1', p);
  return operators.featureDropout(input, p, training);
}
