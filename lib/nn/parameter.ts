/** A Parameter is a tensor that a module learns: being of this class is what makes a property of a module a parameter. */

import { inspect } from 'node:util';

import { invalid } from '../tensor/errors.js';
import { native } from '../tensor/native.js';
import { Tensor, handleOf, isTensor } from '../tensor/tensor.js';

/**
 * A leaf tensor that is reported by `module.parameters()` when it is a property of the module.
 *
 * `new Parameter(data)` shares memory with `data` and is cut off from the operations that made it. It records operations
 * (`requiresGrad` true) unless the options say otherwise; whole-number tensors cannot.
 */
export class Parameter extends Tensor {
  constructor(data: Tensor, options: { requiresGrad?: boolean } = {}) {
    if (!isTensor(data)) throw invalid('data', 'a Tensor', data);
    super(shareLeaf(data));
    this.requiresGrad = options.requiresGrad ?? true;
  }

  override [inspect.custom](): string {
    return `Parameter containing:\n${super[inspect.custom]()}`;
  }
}

/** A handle of its own on the data, without the data's history. */
function shareLeaf(data: Tensor): number {
  const leaf = data.detach();
  try {
    return native.share(handleOf(leaf));
  } finally {
    leaf.dispose();
  }
}
