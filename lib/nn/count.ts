/** Counting the work of a network: how many multiply-adds one forward takes, and how many parameters it learns. */

import { noGrad, type Tensor } from '../tensor/index.js';
import { Conv2d } from './conv.js';
import { Linear } from './linear.js';
import type { AnyModule, Module } from './module.js';

/**
 * Multiply-adds of the convolutions and matrix products in one forward of `model` on `input`. Everything else is left out: it is small.
 *
 * Runs the model once in evaluation, without recording; on the `meta` device nothing is computed.
 */
export function countMultiplyAdds(model: Module, input: Tensor): number {
  let total = 0;
  const modules = model.modules();
  const handles = modules
    .filter((module) => module instanceof Conv2d || module instanceof Linear)
    .map((layer) =>
      layer.registerForwardHook((_module, _args, output) => {
        total += workOf(layer, output);
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

/** Each output element is a sum over the weights of its own channel. */
function workOf(layer: Conv2d | Linear, output: Tensor): number {
  return output.numel() * (layer.weight.numel() / layer.weight.size(0));
}

/** Number of values that a module learns. */
export function countParameters(module: AnyModule): number {
  return module.parameters().reduce((total, parameter) => total + parameter.numel(), 0);
}
