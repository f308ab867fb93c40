/** Counting the work of a network: how many multiply-adds one forward takes, and how many parameters it learns. */

import { needInstance, needTensor } from '../tensor/checks.js';
import { noGrad, type Tensor } from '../tensor/index.js';
import { Module, type AnyModule } from './module.js';

/**
 * Multiply-adds of the convolutions and matrix products in one forward of `model` on `input`, and whatever else says what it does by
 * `multiplyAdds`. Everything else is left out: it is small.
 *
 * Runs the model once in evaluation, without recording; on the `meta` device nothing is computed.
 */
export function countMultiplyAdds(model: Module, input: Tensor): number {
  needInstance('countMultiplyAdds: model', model, Module);
  needTensor('countMultiplyAdds: input', input);
  let total = 0;
  const modules = model.modules();
  const handles = modules.map((layer) =>
    layer.registerForwardHook((_module, args, output) => {
      total += layer.multiplyAdds(args, output);
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

/** Number of values that a module learns. */
export function countParameters(module: AnyModule): number {
  return needInstance('countParameters: module', module, Module)
    .parameters()
    .reduce((total, parameter) => total + parameter.numel(), 0);
}
