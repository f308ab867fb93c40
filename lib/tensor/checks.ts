/** Checks at the door for the rooms above the runtime: the common ones, and those of tensors and of options objects. */

import { invalid } from './errors.js';
import { isTensor, type Tensor } from './tensor.js';

export * from '../runtime/checks.js';
export { needOptions } from './types.js';

/** A tensor. */
export function needTensor<T extends Tensor>(argument: string, value: T): T {
  if (!isTensor(value)) throw invalid(argument, 'a Tensor', value);
  return value;
}

/** A tensor, or null for none. */
export function needTensorOrNull<T extends Tensor | null>(argument: string, value: T): T {
  if (value !== null && !isTensor(value)) throw invalid(argument, 'a Tensor or null', value);
  return value;
}
