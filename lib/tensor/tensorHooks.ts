/** Functions that are called with a tensor's gradient while backward runs. */

import { invalid } from './errors.js';
import { native } from './native.js';
import { outsideScope } from './scope.js';
import { adopt, handleOf, handleOfArgument, type Tensor } from './tensor.js';

/** Called with a gradient; a tensor that it returns replaces the gradient. */
export type TensorHook = (gradient: Tensor) => Tensor | undefined | void;

/** Takes a hook away; a second call does nothing. */
export interface RemovableHook {
  remove(): void;
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

/**
 * Calls `hook` with a leaf tensor each time that backward has added to its `grad`, so that a gradient can be used, and let go, before
 * the next one is computed.
 *
 * @param leaf a leaf that requires grad
 * @param hook gets the leaf; the hooks of one leaf are called in the order of their registration
 */
export function registerPostAccumulateGradHook(leaf: Tensor, hook: (leaf: Tensor) => void): RemovableHook {
  if (typeof hook !== 'function') throw invalid('registerPostAccumulateGradHook: hook', 'a function', hook);
  const owner = handleOfArgument('registerPostAccumulateGradHook: leaf', leaf);
  // The leaf's own object would be held by the hook, and the hook by the leaf: neither would ever be collected.
  const id = native.registerAfterHook(owner, (handle) =>
    outsideScope(() => {
      hook(adopt(handle));
      return 0;
    }),
  );
  return {
    remove: () => {
      if (native.isAlive(owner)) native.removeAfterHook(owner, id);
    },
  };
}
