/** Automatic differentiation: backward, gradients as values, hooks, and the switches for recording. */

import { TenchError, invalid } from './errors.js';
import { native } from './native.js';
import { outsideScope } from './scope.js';
import { adopt, handleOf, handleOfArgument, isTensor, type Tensor } from './tensor.js';
import type { DType } from './types.js';

/** Options of {@link Tensor.backward}. */
export interface BackwardOptions {
  /** Keeps the graph for a second backward; default: the value of `createGraph`. */
  retainGraph?: boolean;
  /** Records the backward itself, so that gradients can be differentiated; default false. */
  createGraph?: boolean;
  /** Collects gradients only in these leaves; default: all. */
  inputs?: readonly Tensor[];
}

/** Called with a gradient; a tensor that it returns replaces the gradient. */
export type TensorHook = (gradient: Tensor) => Tensor | undefined | void;

/** Takes a hook away; a second call does nothing. */
export interface RemovableHook {
  remove(): void;
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
  const createGraph = options.createGraph ?? false;
  native.backward(
    Float64Array.of(handleOf(root)),
    handles('gradient', [gradient], { holes: true }),
    options.retainGraph ?? createGraph,
    createGraph,
    options.inputs === undefined ? null : handles('inputs', options.inputs),
    [root, gradient, options.inputs],
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
  const createGraph = options.createGraph ?? false;
  return native
    .gradients(
      handles('grad: outputs', roots),
      handles('grad: gradOutputs', weights, { holes: true }),
      options.retainGraph ?? createGraph,
      createGraph,
      handles('grad: inputs', leaves),
      options.allowUnused ?? false,
      [roots, leaves, weights],
    )
    .map((handle) => (handle === 0 ? null : adopt(handle)));
}

/** See {@link Tensor.registerHook}. */
export function registerHook(tensor: Tensor, hook: TensorHook): RemovableHook {
  if (typeof hook !== 'function') throw invalid('registerHook: hook', 'a function', hook);
  const owner = handleOf(tensor);
  // A hook runs in the middle of whatever called backward: a scope open there must not free what the hook keeps.
  const id = native.registerHook(owner, (gradient) =>
    outsideScope(() => {
      const replaced: unknown = hook(adopt(gradient));
      if (replaced === undefined) return 0;
      return handleOfArgument('the value returned by a hook', replaced);
    }),
  );
  return {
    remove: () => {
      if (native.isAlive(owner)) native.removeHook(owner, id);
    },
  };
}

function synchronous<T>(name: string, result: T): T {
  if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
    throw new TenchError(
      `${name}: the function returned a promise; the setting ends with the synchronous part, so await first and wrap the tensor work`,
      {
        code: 'ERR_TENCH_ASYNC_SCOPE',
      },
    );
  }
  return result;
}

function withGradEnabled<T>(name: string, enabled: boolean, fn: () => T): T {
  if (typeof fn !== 'function') throw invalid(`${name}: fn`, 'a function', fn);
  const before = native.gradEnabled();
  native.setGradEnabled(enabled);
  try {
    return synchronous(name, fn());
  } finally {
    native.setGradEnabled(before);
  }
}

/** Runs a synchronous function without recording operations for `backward`. */
export function noGrad<T>(fn: () => T): T {
  return withGradEnabled('noGrad', false, fn);
}

/** Runs a synchronous function with recording on, also inside `noGrad`. */
export function enableGrad<T>(fn: () => T): T {
  return withGradEnabled('enableGrad', true, fn);
}

/** Whether operations are being recorded. */
export function isGradEnabled(): boolean {
  return native.gradEnabled();
}

/** Like `noGrad`, and quicker still: tensors made inside can never take part in recording. */
export function inferenceMode<T>(fn: () => T): T {
  if (typeof fn !== 'function') throw invalid('inferenceMode: fn', 'a function', fn);
  native.enterInferenceMode();
  try {
    return synchronous('inferenceMode', fn());
  } finally {
    native.exitInferenceMode();
  }
}

/**
 * Runs a synchronous function in which LibTorch chooses the precision by operator: convolutions and matrix products in `dtype`, what needs
 * the range in float32 (mixed precision, Micikevicius et al. 2018, arXiv:1710.03740).
 *
 * @param options.dtype `'bfloat16'` (default) or `'float16'`
 * @param options.device type of device it holds for; default `'cpu'`
 * @param options.enabled default true; false switches it off inside an outer autocast
 */
export function autocast<T>(options: { dtype?: DType; device?: string; enabled?: boolean }, fn: () => T): T {
  const dtype = options.dtype ?? 'bfloat16';
  if (dtype !== 'bfloat16' && dtype !== 'float16') throw invalid('autocast: dtype', "'bfloat16' or 'float16'", dtype);
  if (typeof fn !== 'function') throw invalid('autocast: fn', 'a function', fn);
  native.enterAutocast((options.device ?? 'cpu').split(':')[0] ?? 'cpu', dtype, options.enabled ?? true);
  try {
    return synchronous('autocast', fn());
  } finally {
    native.exitAutocast();
  }
}
