/** The errors of tensor work, and the library's common ones under the name by which the later rooms import them. */

import { TenchError } from '../runtime/errors.js';

export { ArgumentError, TenchError, describe, invalid } from '../runtime/errors.js';

/** LibTorch refused an operator: the message names the operator and the shapes and dtypes of its arguments. */
export class OperatorError extends TenchError {
  constructor(message: string) {
    super(message, { code: 'ERR_TENCH_OPERATOR' });
  }
}

/** Memory ran out or the cap was reached: the message names the sizes. The process can go on. */
export class OutOfMemoryError extends TenchError {
  constructor(message: string) {
    super(message, { code: 'ERR_TENCH_MEMORY' });
  }
}
