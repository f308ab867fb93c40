/** Trades time for memory: a part of the network keeps no activations, and is computed again when backward comes to it. */

import { invalid } from './errors.js';
import { synchronous } from './modes.js';
import { native } from './native.js';
import { outsideScope } from './scope.js';
import { adopt, handleOf, isTensor } from './tensor.js';

/**
 * Computes `fn(...inputs)` and keeps none of the tensors that its operations save for backward; backward calls `fn` again to have them
 * (Chen et al. 2016, arXiv:1604.06174).
 *
 * Gradients, `grad`, hooks and parameters that `fn` finds by itself all work as without it, and parts may lie in one another. The second
 * call draws the same random numbers and runs under the same `autocast`; it must compute the same, and its other effects happen twice
 * (BatchNorm takes in each batch twice). Tensors among `inputs` belong to the part; those that `fn` finds elsewhere stay alive anyway.
 *
 * @example const y = checkpoint((x) => block.call(x), x)
 * @param fn a synchronous function
 * @throws TenchError (`ERR_TENCH_CHECKPOINT`) from backward, when the second computation saves other tensors than the first
 */
export function checkpoint<Args extends unknown[], Result>(fn: (...inputs: Args) => Result, ...inputs: Args): Result {
  return checkpointWith({}, fn, ...inputs);
}

/**
 * Like {@link checkpoint}, with options.
 *
 * @param options.preserveRng draws the same random numbers in the second computation; default true. False saves copying the
 *   generators' states, for functions that draw none
 */
export function checkpointWith<Args extends unknown[], Result>(
  options: { preserveRng?: boolean },
  fn: (...inputs: Args) => Result,
  ...inputs: Args
): Result {
  if (typeof fn !== 'function') throw invalid('checkpoint: fn', 'a function', fn);
  const { preserveRng = true } = options;
  if (typeof preserveRng !== 'boolean') throw invalid('checkpoint: preserveRng', 'a boolean', preserveRng);
  if (!native.gradEnabled()) return synchronous('checkpoint', fn(...inputs));

  const tensors = inputs.filter(isTensor);
  const positions = inputs.flatMap((input, position) => (isTensor(input) ? [position] : []));
  // The tensors themselves are held by the addon, which lets them go when another part can compute them again.
  const rest = inputs.map((input) => (isTensor(input) ? null : input));
  const again = (handles: readonly number[]): void =>
    outsideScope(() => {
      const args = rest.slice();
      handles.forEach((handle, i) => (args[positions[i]!] = adopt(handle)));
      fn(...(args as Args));
    });
  native.enterCheckpoint(Float64Array.from(tensors, handleOf), again, preserveRng, tensors);
  try {
    return synchronous('checkpoint', fn(...inputs));
  } finally {
    native.exitCheckpoint();
  }
}
