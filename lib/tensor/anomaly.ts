/** Finds the forward operation whose backward failed or made NaN. */

import { fileURLToPath } from 'node:url';

import { TenchError, invalid } from './errors.js';
import { synchronous } from './modes.js';
import { native } from './native.js';

/** A backward failed inside `detectAnomaly`. `cause` is the error as it came. */
export class AnomalyError extends TenchError {
  /** The forward operation, as the graph names it: `log`, `addmm`, or the name of an AutogradFunction. */
  readonly operation: string;
  /** Where in JavaScript that operation was called: lines as in `Error.stack`. */
  readonly forwardStack: string;

  constructor(message: string, options: { operation: string; forwardStack: string; cause: unknown }) {
    super(message, { code: 'ERR_TENCH_ANOMALY', cause: options.cause });
    this.operation = options.operation;
    this.forwardStack = options.forwardStack;
  }
}

/** How many calls of the user's are shown. */
const depth = 20;
/** Where this room's calls come from: its compiled files, or, in a stack that Node has mapped back, their sources. */
const here = [new URL('.', import.meta.url).href, fileURLToPath(new URL('../../../lib/tensor/', import.meta.url))];

/** The stack of the caller, without this room's own calls. */
function callerStack(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = depth + 20;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callerStack);
  Error.stackTraceLimit = limit;
  const lines = String(holder.stack).split('\n').slice(1);
  return lines
    .filter((line) => !here.some((place) => line.includes(place)))
    .slice(0, depth)
    .join('\n');
}

let watching = 0;

/** Runs a walk through the graph; inside `detectAnomaly`, its error says where the node was made. */
export function explained<T>(walk: () => T): T {
  if (watching === 0) return walk();
  native.takeFailure();
  try {
    return walk();
  } catch (error) {
    throw explain(error);
  }
}

function explain(error: unknown): unknown {
  const failure = native.takeFailure();
  // A walk inside a hook has told the place already.
  if (failure === null || error instanceof AnomalyError) return error;
  const [trail, forwardStack] = failure;
  const operation = operationOf(trail);
  const reason = error instanceof Error ? error.message : String(error);
  return new AnomalyError(
    `the backward of ${operation} (${trail}) failed: ${reason}\n${operation} was called here:\n${forwardStack}`,
    { operation, forwardStack, cause: error },
  );
}

/** `LogBackward0, made in ...` was recorded by `log`. */
function operationOf(trail: string): string {
  const name = (trail.split(',')[0] ?? '').replace(/Backward\d*$/, '');
  const isBuiltIn = /Backward\d+(,|$)/.test(trail);
  return isBuiltIn ? name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase() : name;
}

/**
 * Runs a synchronous function in which every recorded operation remembers where it was called, so that the error of a failing
 * `backward` names the forward operation and its place. Much slower; for finding a fault, not for training.
 *
 * Both forward and backward must run inside. While it runs, backwards in other workers are checked for NaN too: LibTorch has one switch
 * for the process.
 *
 * @param options.checkNan makes NaN in a gradient an error that names the operation; default true
 * @throws AnomalyError from `backward` or `grad`
 */
export function detectAnomaly<T>(fn: () => T, options: { checkNan?: boolean } = {}): T {
  if (typeof fn !== 'function') throw invalid('detectAnomaly: fn', 'a function', fn);
  const { checkNan = true } = options;
  if (typeof checkNan !== 'boolean') throw invalid('detectAnomaly: checkNan', 'a boolean', checkNan);
  native.enterAnomalies(checkNan, callerStack);
  watching += 1;
  try {
    return synchronous('detectAnomaly', fn());
  } finally {
    watching -= 1;
    native.exitAnomalies();
  }
}
