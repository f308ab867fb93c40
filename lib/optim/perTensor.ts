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
  readonly borrowsGrad?: boolean;
}

/** The same context with lists in place of tensors. */
export type Listed<Context> = { [Key in keyof Context]: Context[Key] extends Tensor ? TensorList : Context[Key] };

/** What the stepper of lists takes; nothing where that of tensors takes only the tensor. */
type ListContext<Step extends TensorStepper> =
  Parameters<Step> extends [p: Tensor, context: infer Context] ? Listed<Context> : object;

/** The defaults of a part, as its type says them. */
export type DefaultsOf<Part> = Part extends { readonly defaults: infer Defaults }
  ? { readonly defaults: Defaults }
  : unknown;

/**
 * Lets a stepper be called with every tensor by itself: for steps that need shapes, matrix products, or a value of each tensor.
 *
 * @param stepper sees a Tensor as `p` and Tensors as state, in the same words
 */
export function perTensor<Step extends TensorStepper>(stepper: Step): Stepper<ListContext<Step>> & DefaultsOf<Step> {
  needFunction('perTensor: stepper', stepper, 'a stepper');
  const each = (p: TensorList, context: ListContext<Step>): void => {
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
    borrowsGrad: stepper.borrowsGrad ?? false,
    ...(reads !== null && { reads }),
  }) as Stepper<ListContext<Step>> & DefaultsOf<Step>;
}
