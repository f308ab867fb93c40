/** Reads the many ways of asking `to` for a device, a dtype or a memory format. */

import { invalid } from './errors.js';
import { isTensor, type Tensor } from './tensor.js';
import { dtypes, isOptions, type DType, type Device, type MemoryFormat } from './types.js';

/** What `to` can change; whatever is left out stays as it is. */
export interface ToOptions {
  dtype?: DType;
  device?: Device;
  memoryFormat?: MemoryFormat;
  /** Copies even when nothing changes; default false. */
  copy?: boolean;
  /** Lets a copy from pinned memory to a CUDA device run beside the program; default false. */
  nonBlocking?: boolean;
}

export function isDType(value: unknown): value is DType {
  return (dtypes as readonly unknown[]).includes(value);
}

/** One options object out of `to`'s arguments. */
export function toTensorOptions(target: DType | Device | Tensor | ToOptions, options: ToOptions): ToOptions {
  if (isTensor(target)) return { ...options, dtype: target.dtype, device: target.device };
  if (typeof target === 'string')
    return isDType(target) ? { ...options, dtype: target } : { ...options, device: target };
  if (isOptions(target)) return { ...(target as ToOptions), ...options };
  throw invalid('to: target', 'a dtype, a device, a Tensor or options', target);
}
