/** `perTensor` makes a stepper of one that must see one tensor at a time. */

import { needFunction } from '../tensor/checks.js';
import { TensorList, type Tensor } from '../tensor/index.js';
import type { Hypers, Stepper } from './parts.js';
import { keysTaken } from './reads.js';

/** A stepper whose `p`, and whose state, is one Tensor instead of a list. */
export interface TensorStepper<Context = never> {
  (p: Tensor, context: Context): void;
  readonly defaults?: Readonly<Hypers>;
  readonly reads?: readonly string[];
  readonly scoped?: boolean;
}

/** The same context with lists in place of tensors. */
export type Listed<Context> = { [Key in keyof Context]: Context[Key] extends Tensor ? TensorList : Context[Key] };

/**
 * Lets a stepper be called with every tensor by itself: for steps that need shapes, matrix products, or a value of each tensor.
 *
 * @param stepper sees a Tensor as `p` and Tensors as state, in the same words
 */
export function perTensor<Step extends TensorStepper>(stepper: Step): Stepper<Listed<Parameters<Step>[1]>> {
  needFunction('perTensor: stepper', stepper, 'a stepper');
  const each = (p: TensorList, context: Listed<Parameters<Step>[1]>): void => {
    p.tensors.forEach((tensor, i) => {
      const own = Object.entries(context).map(([key, value]): [string, unknown] => [
        key,
        value instanceof TensorList ? value.at(i) : value,
      ]);
      stepper(tensor, Object.fromEntries(own) as never);
    });
  };
  Object.defineProperty(each, 'name', { value: `perTensor(${stepper.name})` });
  const reads = stepper.reads ?? keysTaken(stepper, 1);
  return Object.assign(each, {
    defaults: stepper.defaults ?? {},
    scoped: stepper.scoped ?? false,
    ...(reads !== null && { reads }),
  });
}
