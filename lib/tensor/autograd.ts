/** Automatic differentiation: backward, and gradients as values. */

import { explained } from './anomaly.js';
import { invalid } from './errors.js';
import { native } from './native.js';
import { adopt, handleOf, handleOfArgument, isTensor, type Tensor } from './tensor.js';
import { needOptions } from './types.js';

/** Options of {@link Tensor.backward}. */
export interface BackwardOptions {
  /** Keeps the graph for a second backward; default: the value of `createGraph`. */
  retainGraph?: boolean;
  /** Records the backward itself, so that gradients can be differentiated; default false. */
  createGraph?: boolean;
  /** Collects gradients only in these leaves; default: all. */
  inputs?: readonly Tensor[];
}

function handles(
  argument: string,
  tensors: readonly (Tensor | null)[],
  options: { holes?: boolean } = {},
): Float64Array {
  return Float64Array.from(tensors, (tensor, index) => {
    if (tensor === null && options.holes === true) return 0;
    return handleOfArgument(`${argument}[${index}]`, tensor);
  });
}

/** See {@link Tensor.backward}. */
export function backward(root: Tensor, gradient: Tensor | null, options: BackwardOptions): void {
  needOptions('backward', options);
  const createGraph = options.createGraph ?? false;
  explained(() =>
    native.backward(
      Float64Array.of(handleOf(root)),
      handles('gradient', [gradient], { holes: true }),
      options.retainGraph ?? createGraph,
      createGraph,
      options.inputs === undefined ? null : handles('inputs', options.inputs),
      [root, gradient, options.inputs],
    ),
  );
}

/**
 * Like `backward`, while the event loop goes on: the graph is walked on another thread, and hooks are called in between.
 *
 * @returns a promise that ends when all gradients are in place
 */
export async function backwardAsync(
  root: Tensor,
  gradient: Tensor | null = null,
  options: Omit<BackwardOptions, 'inputs'> = {},
): Promise<void> {
  needOptions('backwardAsync', options);
  const createGraph = options.createGraph ?? false;
  await native.backwardAsync(
    Float64Array.of(handleOfArgument('root', root)),
    handles('gradient', [gradient], { holes: true }),
    options.retainGraph ?? createGraph,
    createGraph,
    [root, gradient],
  );
}

/**
 * The gradients of `outputs` with respect to `inputs`, as values: no `grad` is touched.
 *
 * @param options.gradOutputs weights of the outputs' elements; may be left out for outputs of one element
 * @param options.allowUnused gives null for an input that the outputs do not depend on, instead of an error; default false
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: {
    gradOutputs?: readonly (Tensor | null)[];
    retainGraph?: boolean;
    createGraph?: boolean;
    allowUnused?: boolean;
  } = {},
): (Tensor | null)[] {
  const roots = isTensor(outputs) ? [outputs] : outputs;
  const leaves = isTensor(inputs) ? [inputs] : inputs;
  if (!Array.isArray(roots) || roots.length === 0)
    throw invalid('grad: outputs', 'a Tensor or a list of at least one', outputs);
  if (!Array.isArray(leaves) || leaves.length === 0)
    throw invalid('grad: inputs', 'a Tensor or a list of at least one', inputs);
  const weights = options.gradOutputs ?? roots.map(() => null);
  if (weights.length !== roots.length)
    throw invalid('grad: gradOutputs', `${roots.length} entries, one for each output`, weights);
  needOptions('grad', options);
  const createGraph = options.createGraph ?? false;
  return explained(() =>
    native.gradients(
      handles('grad: outputs', roots),
      handles('grad: gradOutputs', weights, { holes: true }),
      options.retainGraph ?? createGraph,
      createGraph,
      handles('grad: inputs', leaves),
      options.allowUnused ?? false,
      [roots, leaves, weights],
    ),
  ).map((handle) => (handle === 0 ? null : adopt(handle)));
}
