/** The switches of a synchronous stretch of code: whether operations are recorded, and in which precision they run. */

import { TenchError, invalid } from './errors.js';
import { native } from './native.js';
import { needOptions, type DType } from './types.js';

export function synchronous<T>(name: string, result: T): T {
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

/** Runs a synchronous function with recording on or off, as a value says. */
export function gradMode<T>(options: { enabled: boolean }, fn: () => T): T {
  const enabled: unknown = (options as { enabled?: unknown } | null)?.enabled;
  if (typeof enabled !== 'boolean') throw invalid('gradMode: enabled', 'a boolean', enabled);
  return withGradEnabled('gradMode', enabled, fn);
}

/** Whether operations are being recorded. */
export function isGradEnabled(): boolean {
  return native.gradEnabled();
}

/**
 * Runs a synchronous function in which `callOperator` also calls the operators that it refuses otherwise.
 *
 * Some of LibTorch's operators, nearly all of them parts of others, do not check what they are given: wrong shapes or indices are read beyond
 * the end of memory. Inside of this function that is the caller's responsibility; the process may end where an error would be due.
 */
export function allowUnchecked<T>(fn: () => T): T {
  if (typeof fn !== 'function') throw invalid('allowUnchecked: fn', 'a function', fn);
  const before = native.setTrusted(true);
  try {
    return synchronous('allowUnchecked', fn());
  } finally {
    native.setTrusted(before);
  }
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
  needOptions('autocast', options);
  const dtype = options.dtype ?? 'bfloat16';
  if (dtype !== 'bfloat16' && dtype !== 'float16') throw invalid('autocast: dtype', "'bfloat16' or 'float16'", dtype);
  if (typeof fn !== 'function') throw invalid('autocast: fn', 'a function', fn);
  if (options.device !== undefined && typeof options.device !== 'string')
    throw invalid('autocast: device', 'a device such as cpu or cuda:0', options.device);
  if (options.enabled !== undefined && typeof options.enabled !== 'boolean')
    throw invalid('autocast: enabled', 'a boolean', options.enabled);
  native.enterAutocast((options.device ?? 'cpu').split(':')[0] ?? 'cpu', dtype, options.enabled ?? true);
  try {
    return synchronous('autocast', fn());
  } finally {
    native.exitAutocast();
  }
}
