/** `scope` releases temporaries at the end of a synchronous function, and lets what the function returns survive. */

import { TenchError, invalid } from './errors.js';
import { native, type Handle } from './native.js';
import type { Tensor } from './tensor.js';

/**
 * Handles of the tensors made inside the scopes that run now, those of an inner scope above those of an outer one. Handles and not objects:
 * writing a number into this array is the cheapest thing that a new tensor can do.
 */
let handles = new Float64Array(1024);

/** One past the last handle. */
let top = 0;

/** Whether a scope runs. It can be one variable, because a scope never spans an await. */
let running = false;

/** Whether a scope runs, which will release what is made now. */
export function inScope(): boolean {
  return running;
}

/** Leaves the release of a new tensor to the innermost scope. */
export function leaveToScope(handle: Handle): void {
  if (top === handles.length) {
    const longer = new Float64Array(2 * top);
    longer.set(handles);
    handles = longer;
  }
  handles[top] = handle;
  top += 1;
}

/** Runs `fn` with tensors made inside tied to no scope, as if no scope were running. */
export function outsideScope<T>(fn: () => T): T {
  const outer = running;
  running = false;
  try {
    return fn();
  } finally {
    running = outer;
  }
}

/** What `scope` needs of tensors, given by tensor.ts so that this file does not depend on it. */
export interface ScopeHooks {
  isTensor(value: unknown): value is Tensor;
  /** The tensor's handle, or 0 when it was disposed. */
  handleOf(tensor: Tensor): Handle;
  /** Ties a surviving tensor to the garbage collector. */
  track(tensor: Tensor): void;
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
  const outer = running;
  const first = top;
  running = true;
  let result: T;
  try {
    result = fn();
  } catch (error) {
    running = outer;
    releaseFrom(first);
    throw error;
  }
  running = outer;
  if (typeof result !== 'object' || result === null) {
    releaseFrom(first);
    return result;
  }
  if (hooks.isTensor(result)) {
    keepOne(first, result);
    return result;
  }
  if (typeof (result as { then?: unknown }).then === 'function') {
    releaseFrom(first);
    throw new TenchError(
      'scope: the function returned a promise; a scope is synchronous, so await first and open the scope around the tensor work',
      {
        code: 'ERR_TENCH_ASYNC_SCOPE',
      },
    );
  }
  const kept = new Set<Tensor>();
  collect(result, kept, new Set());
  const byHandle = new Map(Array.from(kept, (tensor) => [hooks.handleOf(tensor), tensor]));
  const survivors: Tensor[] = [];
  let dying = first;
  for (let i = first; i < top; i += 1) {
    const handle = handles[i]!;
    const survivor = byHandle.get(handle);
    if (survivor === undefined) handles[dying++] = handle;
    else survivors.push(survivor);
  }
  top = dying;
  releaseFrom(first, survivors[0] === undefined ? 0 : hooks.handleOf(survivors[0]));
  for (const tensor of survivors) survive(tensor);
  return result;
}

/** Releases what was made since `first`, but for one tensor. */
function keepOne(first: number, tensor: Tensor): void {
  const handle = hooks.handleOf(tensor);
  const place = handles.subarray(first, top).lastIndexOf(handle);
  if (place >= 0) {
    top -= 1;
    handles[first + place] = handles[top]!;
  }
  releaseFrom(first, handle);
  if (place >= 0) survive(tensor);
}

/** Hands a tensor made inside of a scope that has ended to the outer one, or to the garbage collector. */
function survive(tensor: Tensor): void {
  if (running) leaveToScope(hooks.handleOf(tensor));
  else hooks.track(tensor);
}

/** @param heir the tensor that feels the weight of graphs which keep alive what is released; 0: none */
function releaseFrom(first: number, heir: Handle = 0): void {
  if (top > first) native.releaseAll(handles, first, top, heir);
  top = first;
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
