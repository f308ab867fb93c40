/** Activations: element by element, except softmax and its log, which normalise along an axis. */

import * as operators from '../../tensor/index.js';
import type { Tensor } from '../../tensor/index.js';
import { invalid } from '../../tensor/errors.js';
import { oneOf } from './options.js';

/** max(x, 0). */
export function relu(input: Tensor): Tensor {
  return operators.relu(input);
}

/** x above zero and `slope` times x below; `slope` defaults to 0.01. */
export function leakyRelu(input: Tensor, options: { slope?: number } = {}): Tensor {
  return operators.leakyRelu(input, options.slope ?? 0.01);
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
export function generalRelu(input: Tensor, { leak, sub, maxv }: GeneralReluOptions = {}): Tensor {
  let x = leak === undefined || leak === null ? operators.relu(input) : operators.leakyRelu(input, leak);
  if (sub !== undefined && sub !== null && sub !== 0) x = x.sub(sub);
  if (maxv !== undefined && maxv !== null) x = x.clampMax(maxv);
  return x;
}

/** x times the normal distribution function of x (Hendrycks and Gimpel 2016); `approximate: 'tanh'` is quicker. */
export function gelu(input: Tensor, options: { approximate?: 'none' | 'tanh' } = {}): Tensor {
  const { approximate = 'none' } = options;
  if (!['none', 'tanh'].includes(approximate)) throw invalid('approximate', oneOf(['none', 'tanh']), approximate);
  return operators.gelu(input, { approximate });
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
