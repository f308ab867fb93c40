/** Tables of wrong calls, and of the words that their errors must say. */

import type { TenchError } from '../lib/index.js';

/** A call, the class of its error, and what the message must name. */
export type MessageCase = readonly [call: () => unknown, type: typeof TenchError, parts: readonly RegExp[]];

/** The part of tap's `t` that is needed. */
interface Asserts {
  fail(message: string): unknown;
  ok(value: unknown, message: string): unknown;
  match(value: string, pattern: RegExp): unknown;
}

/** Makes each call, waits for what it promises, and compares its error. */
export async function messagesOf(t: Asserts, cases: readonly MessageCase[]): Promise<void> {
  for (const [call, type, parts] of cases) {
    try {
      await call();
      t.fail(`throws: ${String(call)}`);
    } catch (error) {
      t.ok(error instanceof type, `${String(call)} throws ${type.name}`);
      for (const part of parts) t.match((error as Error).message, part);
    }
  }
}
