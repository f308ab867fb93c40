/** A Parameter is a tensor that a module learns: being of this class is what makes a property of a module a parameter. */

import { inspect } from 'node:util';

import { needFlag, needOptions, needTensor } from '../tensor/checks.js';
import { native } from '../tensor/native.js';
import { Tensor, handleOf } from '../tensor/tensor.js';

/**
 * A leaf tensor that is reported by `module.parameters()` when it is a property of the module.
 *
 * `new Parameter(data)` shares memory with `data` and is cut off from the operations that made it. It records operations
 * (`requiresGrad` true) unless the options say otherwise; whole-number tensors cannot.
 */
export class Parameter extends Tensor {
  constructor(data: Tensor, options: { requiresGrad?: boolean } = {}) {
    needOptions('Parameter', options);
    const requiresGrad = needFlag('Parameter: requiresGrad', options.requiresGrad ?? true);
    super(shareLeaf(needTensor('Parameter: data', data)));
    this.requiresGrad = requiresGrad;
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
