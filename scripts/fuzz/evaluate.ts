/** Runs the source text of a call and judges how it ended. */

import { compileFunction } from 'node:vm';

import * as t from '../../lib/index.js';

/** The largest result that is read to its end. */
const MOST_ELEMENTS = 100_000;

export interface Outcome {
  kind: 'returned' | 'threw' | 'finding';
  /** For a finding: what came instead of a typed error. */
  text: string;
}

/** Reads what a call has returned, and asks for its gradient, so that a result that is broken inside shows it now. */
function use(result: unknown): void {
  if (Array.isArray(result)) {
    for (const part of result) use(part);
    return;
  }
  if (!t.isTensor(result) || !result.isAlive) return;
  String(result);
  if (result.device !== 'cpu' || result.layout !== 'strided' || result.numel() > MOST_ELEMENTS) return;
  result.toTypedArray();
  if (result.requiresGrad) result.sum().backward();
}

/** Whether an error is one of tench's own, or was thrown by the argument itself. */
export function isTyped(error: unknown): boolean {
  return error instanceof t.TenchError;
}

/** Runs one call, with `t` as the library. */
export function evaluate(source: string): Outcome {
  try {
    const run = compileFunction(`return ${source}`, ['t']) as (library: typeof t) => unknown;
    t.scope(() => {
      use(run(t));
    });
    return { kind: 'returned', text: '' };
  } catch (error) {
    if (isTyped(error)) return { kind: 'threw', text: (error as Error).message };
    const text = error instanceof Error ? (error.stack ?? error.message) : `not an Error: ${t.describe(error)}`;
    return { kind: 'finding', text };
  }
}
