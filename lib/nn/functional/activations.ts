/** Activations: element by element, except softmax and its log, which normalise along an axis. */

import * as operators from '../../tensor/index.js';
import type { Tensor } from '../../tensor/index.js';
import { needInRange, needOneOf, needOptions } from '../../tensor/checks.js';
import { approximations, numberOrNull } from './options.js';

/** max(x, 0). */
export function relu(input: Tensor): Tensor {
  return operators.relu(input);
}

/** x above zero and `slope` times x below; `slope` defaults to 0.01. */
export function leakyRelu(input: Tensor, options: { slope?: number } = {}): Tensor {
  needOptions('leakyRelu', options);
  return operators.leakyRelu(input, needInRange('leakyRelu: slope', options.slope ?? 0.01));
}

/** What {@link generalRelu} changes about a ReLU; what is left out is not done. */
export interface GeneralReluOptions {
  /** Slope below zero. */
  leak?: number | null;
  /** Subtracted after the activation, so that its mean can be zero. */
  sub?: number | null;
  /** Upper limit, applied last. */
  maxv?: number | null;
}

/** The lesson's ReLU with a leak, a shift and an upper limit. */
export function generalRelu(input: Tensor, options: GeneralReluOptions = {}): Tensor {
  needOptions('generalRelu', options);
  const leak = numberOrNull('generalRelu: leak', options.leak);
  const sub = numberOrNull('generalRelu: sub', options.sub);
  const maxv = numberOrNull('generalRelu: maxv', options.maxv);
  let x = leak === null ? operators.relu(input) : operators.leakyRelu(input, leak);
  if (sub !== null && sub !== 0) x = x.sub(sub);
  if (maxv !== null) x = x.clampMax(maxv);
  return x;
}

/** x times the normal distribution function of x (Hendrycks and Gimpel 2016); `approximate: 'tanh'` is quicker. */
export function gelu(input: Tensor, options: { approximate?: 'none' | 'tanh' } = {}): Tensor {
  needOptions('gelu', options);
  const { approximate = 'none' } = options;
  return operators.gelu(input, { approximate: needOneOf('gelu: approximate', approximate, approximations) });
}

/** x times sigmoid(x), also called swish. */
export function silu(input: Tensor): Tensor {
  return operators.silu(input);
}

/** x times tanh(softplus(x)) (Misra 2019). */
export function mish(input: Tensor): Tensor {
  return operators.mish(input);
}

/** 1 / (1 + exp(-x)). */
export function sigmoid(input: Tensor): Tensor {
  return operators.sigmoid(input);
}

/** The hyperbolic tangent. */
export function tanh(input: Tensor): Tensor {
  return operators.tanh(input);
}

/** exp(x) divided by its sum along axis `dim`. */
export function softmax(input: Tensor, dim: number): Tensor {
  return operators.softmax(input, dim);
}

/** The log of {@link softmax} along axis `dim`, without underflow. */
export function logSoftmax(input: Tensor, dim: number): Tensor {
  return operators.logSoftmax(input, dim);
}

/** min(max(x, 0), 6). */
export function relu6(input: Tensor): Tensor {
  return operators.relu6(input);
}

/** x between `min` (default -1) and `max` (default 1), else the nearer of them. */
export function hardtanh(input: Tensor, options: { min?: number; max?: number } = {}): Tensor {
  needOptions('hardtanh', options);
  const min = needInRange('hardtanh: min', options.min ?? -1);
  return operators.hardtanh(input, min, needInRange('hardtanh: max', options.max ?? 1, { least: min }));
}

/** x times relu6(x + 3) / 6 (Howard et al. 2019, arXiv:1905.02244). */
export function hardswish(input: Tensor): Tensor {
  return operators.hardswish(input);
}

/** relu6(x + 3) / 6. */
export function hardsigmoid(input: Tensor): Tensor {
  return operators.hardsigmoid(input);
}

/** x above zero and `alpha` (default 1) times exp(x) - 1 below (Clevert et al. 2015, arXiv:1511.07289). */
export function elu(input: Tensor, options: { alpha?: number } = {}): Tensor {
  needOptions('elu', options);
  return operators.elu(input, needInRange('elu: alpha', options.alpha ?? 1));
}

/** Like {@link elu}, but smooth at zero for every `alpha` (Barron 2017, arXiv:1704.07483). */
export function celu(input: Tensor, options: { alpha?: number } = {}): Tensor {
  needOptions('celu', options);
  return operators.celu(input, needInRange('celu: alpha', options.alpha ?? 1));
}

/** {@link elu} with the scales that keep mean 0 and variance 1 from layer to layer (Klambauer et al. 2017, arXiv:1706.02515). */
export function selu(input: Tensor): Tensor {
  return operators.selu(input);
}

/** log(1 + exp(beta x)) / beta; x itself where beta x is above `threshold` (default 20), the same to the last bit. `beta` defaults to 1. */
export function softplus(input: Tensor, options: { beta?: number; threshold?: number } = {}): Tensor {
  needOptions('softplus', options);
  const beta = needInRange('softplus: beta', options.beta ?? 1);
  return operators.softplus(input, beta, needInRange('softplus: threshold', options.threshold ?? 20));
}

/** The log of {@link sigmoid}, without underflow. */
export function logSigmoid(input: Tensor): Tensor {
  return operators.logSigmoid(input);
}

/** x above zero and a learned slope times x below; `weight` has one slope, or one for each channel (axis 1). */
export function prelu(input: Tensor, weight: Tensor): Tensor {
  return operators.prelu(input, weight);
}

/** The first half along axis `dim` (default -1) times the sigmoid of the second (Dauphin et al. 2016, arXiv:1612.08083). */
export function glu(input: Tensor, options: { dim?: number } = {}): Tensor {
  needOptions('glu', options);
  return operators.glu(input, options.dim ?? -1);
}
