/** Warnings of the process: what goes on all the same, but otherwise than it was asked for. */

/** @param code one of our own, `TENCH_...`, by which a program can tell it from others */
export function warn(code: string, message: string): void {
  process.emitWarning(message, { type: 'TenchWarning', code });
}
