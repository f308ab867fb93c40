/** `scope` releases temporaries at the end of a synchronous function, and lets what the function returns survive. */

import { TenchError, invalid } from './errors.js';
import type { Tensor } from './tensor.js';

/** Tensors made inside the innermost scope that is running; null outside. It can be one variable, because a scope never spans an await. */
let made: Tensor[] | null = null;

/** The innermost scope's list, for the constructor of tensors. */
export function currentScope(): Tensor[] | null {
  return made;
}

/** Runs `fn` with tensors made inside tied to no scope, as if no scope were running. */
export function outsideScope<T>(fn: () => T): T {
  const outer = made;
  made = null;
  try {
    return fn();
  } finally {
    made = outer;
  }
}

/** What `scope` needs of tensors, given by tensor.ts so that this file does not depend on it. */
export interface ScopeHooks {
  isTensor(value: unknown): value is Tensor;
  /** Ties a surviving tensor to the garbage collector. */
  survive(tensor: Tensor): void;
  /** Disposes of tensors, those that are disposed already included. */
  release(tensors: readonly Tensor[]): void;
}

let hooks: ScopeHooks;

export function setScopeHooks(given: ScopeHooks): void {
  hooks = given;
}

/**
 * Runs `fn` and releases every tensor that was made inside and not returned.
 *
 * Tensors are garbage-collected without it; a scope only makes release earlier and calls cheaper. What `fn` returns survives: a
 * tensor, or tensors inside plain objects, arrays, maps and sets. Tensors kept elsewhere (in a variable outside) are disposed.
 *
 * @param fn a synchronous function
 * @returns what `fn` returned
 * @throws TenchError when `fn` returns a promise: work that goes on after the scope's end would use released tensors
 */
export function scope<T>(fn: () => T): T {
  if (typeof fn !== 'function') throw invalid('fn', 'a function', fn);
  const outer = made;
  const inner: Tensor[] = [];
  made = inner;
  let result: T;
  try {
    result = fn();
  } catch (error) {
    made = outer;
    hooks.release(inner);
    throw error;
  }
  made = outer;
  if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
    hooks.release(inner);
    throw new TenchError(
      'scope: the function returned a promise; a scope is synchronous, so await first and open the scope around the tensor work',
      {
        code: 'ERR_TENCH_ASYNC_SCOPE',
      },
    );
  }
  if (typeof result !== 'object' || result === null) {
    hooks.release(inner);
    return result;
  }
  const kept = new Set<Tensor>();
  collect(result, kept, new Set());
  hooks.release(inner.filter((tensor) => !kept.has(tensor)));
  for (const tensor of inner) {
    if (!kept.has(tensor)) continue;
    if (outer === null) hooks.survive(tensor);
    else outer.push(tensor);
  }
  return result;
}

function collect(value: unknown, kept: Set<Tensor>, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null) return;
  if (hooks.isTensor(value)) {
    kept.add(value);
    return;
  }
  if (seen.has(value)) return;
  seen.add(value);
  if (Array.isArray(value) || value instanceof Set) for (const item of value) collect(item, kept, seen);
  else if (value instanceof Map) {
    for (const [key, item] of value) {
      collect(key, kept, seen);
      collect(item, kept, seen);
    }
  } else if (!ArrayBuffer.isView(value)) for (const item of Object.values(value)) collect(item, kept, seen);
}
