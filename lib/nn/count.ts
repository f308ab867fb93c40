/** Counting the work of a network: how many multiply-adds one forward takes, and how many parameters it learns. */

import { needInstance, needTensor } from '../tensor/checks.js';
import { noGrad, type Tensor } from '../tensor/index.js';
import { Conv2d } from './conv.js';
import { ConvTranspose2d } from './convTranspose.js';
import { Linear } from './linear.js';
import { Module, type AnyModule } from './module.js';

/**
 * Multiply-adds of the convolutions and matrix products in one forward of `model` on `input`. Everything else is left out: it is small.
 *
 * Runs the model once in evaluation, without recording; on the `meta` device nothing is computed.
 */
export function countMultiplyAdds(model: Module, input: Tensor): number {
  needInstance('countMultiplyAdds: model', model, Module);
  needTensor('countMultiplyAdds: input', input);
  let total = 0;
  const modules = model.modules();
  const handles = modules
    .filter((module) => module instanceof Conv2d || module instanceof ConvTranspose2d || module instanceof Linear)
    .map((layer) =>
      layer.registerForwardHook((_module, [given], output) => {
        total += workOf(layer, layer instanceof ConvTranspose2d ? given : output);
      }),
    );
  const training = modules.filter((module) => module.training);
  try {
    model.eval();
    noGrad(() => model.call(input));
  } finally {
    for (const handle of handles) handle.remove();
    for (const module of training) module.training = true;
  }
  return total;
}

/** Each output element is a sum over the weights of its own channel; transposed, each input element paints those of its own. */
function workOf(layer: Conv2d | ConvTranspose2d | Linear, elements: Tensor): number {
  return elements.numel() * (layer.weight.numel() / layer.weight.size(0));
}

/** Number of values that a module learns. */
export function countParameters(module: AnyModule): number {
  return needInstance('countParameters: module', module, Module)
    .parameters()
    .reduce((total, parameter) => total + parameter.numel(), 0);
}
