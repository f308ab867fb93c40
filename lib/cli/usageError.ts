/** Wrong usage of a command. */

import { TenchError } from '../runtime/errors.js';

/** What is wrong with a command line: exit code 2. */
export class UsageError extends TenchError {
  constructor(message: string) {
    super(message, { code: 'ERR_TENCH_USAGE' });
  }
}
