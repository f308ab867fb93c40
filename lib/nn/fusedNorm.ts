/** GeneralReLU and the batch normalisation behind it, by the addon's one operator (native/nn/activation_norm.cc) where that computes the same. */

import { callOperator, type DType, type Tensor } from '../tensor/index.js';
import { GeneralReLU } from './activations.js';
import type { Module } from './module.js';
import { BatchNorm2d } from './normalization.js';

/** The dtype of weights and statistics that the operator wants beside an input's. */
const besides: Partial<Record<DType, DType>> = { float32: 'float32', float64: 'float64', bfloat16: 'float32' };

/**
 * Runs two modules one after the other: as one operator when they are a GeneralReLU and a BatchNorm2d that nobody watches or has
 * changed, and the input is one of the CPU's.
 */
export function activateAndNormalize(x: Tensor, relu: Module, bn: Module): Tensor {
  if (isPlain(relu, GeneralReLU) && isPlain(bn, BatchNorm2d) && suits(x, bn)) {
    const { training, momentum } = bn.beginBatch(x);
    const { weight, bias, runningMean, runningVar, eps } = bn;
    const { leak, sub, maxv } = relu;
    const settings = [leak, sub ?? 0, maxv, training, momentum, eps];
    return callOperator('tench::general_relu_batch_norm', [
      x,
      weight,
      bias,
      runningMean,
      runningVar,
      ...settings,
    ]) as Tensor;
  }
  return bn.call(relu.call(x));
}

/** Whether a module is of a class itself, with the class's own forward, and without hooks. */
function isPlain<M extends Module>(module: Module, cls: abstract new (...args: never[]) => M): module is M {
  return module.constructor === cls && !module.isHooked && !Object.hasOwn(module, 'forward');
}

function suits(x: Tensor, { weight, bias, runningMean, runningVar }: BatchNorm2d): boolean {
  const wanted = besides[x.dtype];
  return (
    wanted !== undefined &&
    x.ndim === 4 &&
    x.device === 'cpu' &&
    x.numel() > 0 &&
    [weight, bias, runningMean, runningVar].every(
      (vector) => vector === null || (vector.dtype === wanted && vector.device === 'cpu'),
    )
  );
}
