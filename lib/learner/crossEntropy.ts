/** The loss of classification with options, as a learner's `lossFunc`. */

import * as F from '../nn/functional.js';
import { needInRange, needNumber, needArray, needOptions, needTensor } from '../tensor/checks.js';
import { tensor, type Tensor } from '../tensor/index.js';
import type { LossFunction } from './options.js';

/** Options of {@link crossEntropyWith}. */
export interface CrossEntropyWithOptions {
  /** Share of the target that is spread evenly over all classes; default 0 (Szegedy et al. 2015, arXiv:1512.00567). */
  readonly labelSmoothing?: number;
  /** How much each class counts, e.g. more for rare ones; the mean is weighted by it. Default: all alike. */
  readonly weight?: Tensor | readonly number[];
}

/**
 * Cross-entropy of logits and class indices, with label smoothing and class weights. Works beside MixUp and CutMix, on any device.
 *
 * @example new Learner(model, data, { lossFunc: crossEntropyWith({ labelSmoothing: 0.1, weight: [1, 5] }) })
 */
export function crossEntropyWith(options: CrossEntropyWithOptions = {}): LossFunction {
  needOptions('crossEntropyWith', options);
  const { labelSmoothing = 0 } = options;
  needInRange('labelSmoothing', labelSmoothing, { least: 0, most: 1 });
  let weight = weightOf(options.weight);
  return (pred, yb, more = {}) => {
    const { device } = needTensor('pred', pred);
    if (weight !== null && weight.device !== device) weight = weight.to(device);
    return F.crossEntropy(pred, yb, { labelSmoothing, weight, ...more });
  };
}

function weightOf(weight: CrossEntropyWithOptions['weight']): Tensor | null {
  if (weight === undefined) return null;
  if (!Array.isArray(weight)) return needTensor('weight', weight as Tensor);
  const list: readonly number[] = needArray('weight', weight, 'a Tensor or a number for each class');
  for (const value of list) needNumber('weight', value);
  return tensor([...list], { dtype: 'float32' });
}
