/** The library's errors, under the name by which the later rooms import them. */
export { ArgumentError, TenchError, describe, invalid } from '../runtime/errors.js';
