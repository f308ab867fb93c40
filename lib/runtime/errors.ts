/**
 * One form of error message for the whole library: what was expected, of which argument, and what came.
 */

import { inspect } from 'node:util';

/** The base of every error that tench throws on purpose. `code` is stable and meant for programs, `message` for people. */
export class TenchError extends Error {
  readonly code: string;

  constructor(message: string, options: { code?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code ?? 'ERR_TENCH';
  }
}

/** An argument had the wrong type, shape or range. */
export class ArgumentError extends TenchError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, { code: 'ERR_TENCH_ARGUMENT', ...options });
  }
}

/**
 * Makes the error for a bad argument.
 *
 * @param argument the argument's name as the caller wrote it, e.g. `batchSize` or `conv2d: stride`
 * @param expected what would have been right, e.g. `a whole number of at least 1`
 * @param received the value that came; it is described, never printed whole
 */
export function invalid(argument: string, expected: string, received: unknown): ArgumentError {
  const text = (value: unknown): string => (typeof value === 'string' ? value : describe(value));
  return new ArgumentError(`expected ${text(expected)} for \`${text(argument)}\` but received ${describe(received)}`);
}

/** A short, honest name of any value, safe on hostile getters and huge inputs. */
export function describe(value: unknown): string {
  try {
    if (typeof value === 'string') {
      return value.length > 60
        ? `the string ${JSON.stringify(value.slice(0, 57))}...`
        : `the string ${JSON.stringify(value)}`;
    }
    if (typeof value === 'function') return value.name ? `the function ${value.name}` : 'a function';
    if (typeof value === 'bigint') return `${value}n`;
    if (value === null || typeof value !== 'object') return String(value);
    if (Array.isArray(value)) {
      const shown = inspect(value, { depth: 1, maxArrayLength: 6, breakLength: Infinity });
      return shown.length > 80 ? `an array of ${value.length}` : shown;
    }
    const name = (value.constructor as { name?: unknown } | undefined)?.name;
    const text = inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 40 });
    return text.length > 80 ? `an object of class ${typeof name === 'string' ? name : 'unknown'}` : text;
  } catch {
    return 'an object that cannot be inspected';
  }
}
