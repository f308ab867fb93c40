/** Which kinds of values a call has: what the addon needs to know to read the arguments straight into an operator's C++ types. */

import { isTensor } from './tensor.js';

/** The kinds of `native/tensor/direct.h`; `other` is for the boxed call alone. */
export const Kind = { absent: 0, tensor: 1, number: 2, boolean: 3, numbers: 4, null: 5, tensors: 6, other: 7 } as const;

/** Of a list, the first element decides, as it does in the addon; an element of another kind leads to the boxed call. */
export function kindOf(value: unknown): number {
  switch (typeof value) {
    case 'number':
      return Kind.number;
    case 'boolean':
      return Kind.boolean;
    case 'undefined':
      return Kind.absent;
    case 'object':
      if (isTensor(value)) return Kind.tensor;
      if (value === null) return Kind.null;
      if (Array.isArray(value)) {
        if (value.length === 0 || typeof value[0] === 'number') return Kind.numbers;
        return isTensor(value[0]) ? Kind.tensors : Kind.other;
      }
      return Kind.other;
    default:
      return Kind.other;
  }
}
