/** Runs the source text of a call and judges how it ended. */

import { compileFunction } from 'node:vm';

import * as t from '../../lib/index.js';
import type { Tools } from './kind.js';

/** The largest result that is read to its end. */
const MOST_ELEMENTS = 100_000;

/** By which the text of a call is told from the library in a stack. */
const filename = 'the-call-itself';

export interface Outcome {
  kind: 'returned' | 'threw' | 'finding';
  /** For a finding: what came instead of a typed error. */
  text: string;
}

/** What callbacks throw on purpose, which may come back as it is; not all of it is an Error. */
export const thrown = { error: new Error('thrown on purpose'), text: 'thrown on purpose', symbol: Symbol('thrown') };

/** Of a long list only the first results are looked at. */
const MOST_RESULTS = 20;

/** Reads what a call has returned, and asks for its gradient, so that a result that is broken inside shows it now. */
function use(result: unknown): void {
  if (t.isTensor(result)) useTensor(result);
  else if (Array.isArray(result)) result.slice(0, MOST_RESULTS).forEach(use);
  else if (result instanceof Map) for (const value of result.values()) use(value);
  else if (t.isOptions(result)) Object.values(result).forEach(use);
}

function useTensor(tensor: t.Tensor): void {
  if (!tensor.isAlive) return;
  String(tensor);
  if (tensor.device !== 'cpu' || tensor.layout !== 'strided' || tensor.numel() > MOST_ELEMENTS) return;
  tensor.toTypedArray();
  if (tensor.requiresGrad) tensor.sum().backward();
}

/** Whether the error is that of the call's own text: of a getter in it, of a callback that misses a method, of a hook that calls itself for ever. */
function isOwn(error: unknown): boolean {
  if (error instanceof RangeError) return error.message.startsWith('Maximum call stack size');
  const [frame] = error instanceof Error ? (error.stack?.match(/^\s+at (?!.*\(<anonymous>\)$).*$/m) ?? []) : [];
  return frame?.includes(filename) === true;
}

/** Whether an error is one of tench's own, or the call's. */
export function isTyped(error: unknown): boolean {
  const onPurpose = Object.values(thrown).some((value) => value === error);
  return error instanceof t.TenchError || onPurpose || isOwn(error);
}

/** Runs one call, see `CallKind.source`. */
export async function evaluate(source: string, tools: Tools = {}): Promise<Outcome> {
  const asynchronous = source.startsWith('await ');
  const names = ['t', 'thrown', ...Object.keys(tools)];
  try {
    const run = compileFunction(asynchronous ? `return (async () => ${source})()` : `return ${source}`, names, {
      filename,
    }) as (...values: unknown[]) => unknown;
    const call = (): unknown => run(t, thrown, ...Object.values(tools));
    if (asynchronous) {
      const result = await call();
      t.scope(() => use(result));
    } else {
      t.scope(() => use(call()));
    }
    return { kind: 'returned', text: '' };
  } catch (error) {
    if (isTyped(error)) return { kind: 'threw', text: error instanceof Error ? error.message : t.describe(error) };
    const text = error instanceof Error ? (error.stack ?? error.message) : `not an Error: ${t.describe(error)}`;
    return { kind: 'finding', text };
  }
}
