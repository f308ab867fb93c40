/** Callbacks: everything the training loop can do beyond looping is a class whose methods are named after the loop's events. */

import { inspect } from 'node:util';

import { TenchError, invalid } from '../tensor/errors.js';
import type { Learner } from './learner.js';
import type { Saved } from './learnerState.js';

/** The loop's events in the order in which a training batch meets them; see {@link Callback} for what happens at each. */
export const events = [
  'beginFit',
  'beginEpoch',
  'beginBatch',
  'afterPred',
  'afterLoss',
  'afterBackward',
  'beginStep',
  'afterStep',
  'afterCancelBatch',
  'afterBatch',
  'beginValidate',
  'afterCancelEpoch',
  'afterEpoch',
  'afterCancelTrain',
  'afterFit',
  'cleanupFit',
] as const;

/** The name of an event of the loop, which is the name of the callback's method. */
export type EventName = (typeof events)[number];

/** Events inside the tensor work of one batch: they run under `noGrad` while validating, so they cannot wait. */
export type BatchEventName = 'beginBatch' | 'afterPred' | 'afterLoss' | 'afterBackward' | 'beginStep' | 'afterStep';

/** The base of the three cancel exceptions. Its message is seen only when nothing was running that could be cancelled. */
abstract class CancelException extends Error {
  constructor(what: string) {
    super(`a callback cancelled ${what} at an event where it cannot (see the table of Callback)`);
    this.name = new.target.name;
  }
}

/** Thrown by a callback to skip what is left of the current batch; the loop goes on with the next one. */
export class CancelBatchException extends CancelException {
  constructor() {
    super('the batch');
  }
}

/** Thrown by a callback to end the current pass over the data, training or validation; the loop goes on with what comes after it. */
export class CancelEpochException extends CancelException {
  constructor() {
    super('the epoch');
  }
}

/** Thrown by a callback to end the fit; the model keeps what it has learned. */
export class CancelTrainException extends CancelException {
  constructor() {
    super('the training');
  }
}

/** Whether an error is one of the three. */
export function isCancel(error: unknown): boolean {
  return error instanceof CancelException;
}

/**
 * The base of all callbacks. A subclass writes the methods it wants; each is called with `this.learn` set to the learner, all of whose
 * fields it may read and change (`xb`, `yb`, `pred`, `loss`, `opt.hypers`, `model`, ...). Callbacks with a smaller `order` are called
 * first; equal ones in the order in which they were added.
 *
 * | event | when | fields that are new | CancelBatch | CancelEpoch | CancelTrain |
 * |---|---|---|---|---|---|
 * | `beginFit` | once, the optimizer is there | `opt`, `epochs` | - | - | ends the fit |
 * | `beginEpoch` | before each training pass | `epoch`, `dl`, `iters` | - | skips the training pass | ends the fit |
 * | `beginBatch` | a batch has come | `xb`, `yb`, `iter` | skips the batch | ends the pass | ends the fit |
 * | `afterPred` | the model has answered | `pred` | the same | the same | the same |
 * | `afterLoss` | the loss is known; the last event of a validation batch | `loss` | no backward, no step | the same | the same |
 * | `afterBackward` | gradients are there, under fp16 times `scaler.getScale()` | | no step, gradients stay | the same | the same |
 * | `beginStep` | gradients are final: unscaled under fp16 | | no step, gradients are forgotten | the same | the same |
 * | `afterStep` | the optimizer has stepped (not where fp16 gradients overflowed), gradients are still there | | gradients stay | the same | the same |
 * | `afterBatch` | each batch, also a cancelled one | | - | ends the pass | ends the fit |
 * | `beginValidate` | before each validation pass | `dl`, `iters` | - | skips the validation | ends the fit |
 * | `afterEpoch` | after both passes, also cancelled ones | | - | - | ends the fit |
 * | `afterFit` | once at the end, also after CancelTrain | | - | - | - |
 * | `cleanupFit` | last of all, even when the fit failed with an error | | - | - | - |
 *
 * `afterCancelBatch`, `afterCancelEpoch` and `afterCancelTrain` come right after the exception that they are named after. Because gradients
 * stay when a batch is cancelled after `backward`, gradient accumulation is a callback of two lines. An exception where the table has a dash
 * is an error. Methods may return a promise, which the loop awaits, except for the six events inside a batch (`beginBatch` to `afterStep`).
 */
export abstract class Callback {
  /** Position among the callbacks; smaller is earlier. The built-in ones: TrainEval -10, device 1, ParamScheduler 1, BatchTransformX 2, mixing 5, statistics 10, Recorder 50, progress 60. */
  order = 0;

  /** Whether it takes part in `Learner.lrFind`: true for what changes batches or the loss, false for what watches, schedules or decides. */
  readonly inSearch: boolean = true;

  /** The learner that this callback has been added to. */
  learn!: Learner;

  beginFit?(): void | Promise<void>;
  beginEpoch?(): void | Promise<void>;
  beginBatch?(): void;
  afterPred?(): void;
  afterLoss?(): void;
  afterBackward?(): void;
  beginStep?(): void;
  afterStep?(): void;
  afterCancelBatch?(): void | Promise<void>;
  afterBatch?(): void | Promise<void>;
  beginValidate?(): void | Promise<void>;
  afterCancelEpoch?(): void | Promise<void>;
  afterEpoch?(): void | Promise<void>;
  afterCancelTrain?(): void | Promise<void>;
  afterFit?(): void | Promise<void>;
  cleanupFit?(): void | Promise<void>;

  /** Runs a function while the weights for validation that this callback keeps are in the model; see `Learner.evalWeights`. */
  evalWeights?<T>(fn: () => T): T;

  /** What a checkpoint keeps of this callback, as it is after a batch or an epoch; the tensors are its own. */
  stateDict?(): Saved;

  /** Goes on from there; called after `beginFit`, and again after `beginEpoch` where that epoch goes on in its middle. */
  loadStateDict?(state: Saved): void;

  [inspect.custom](): string {
    return `${this.constructor.name}(order ${this.order})`;
  }
}

/** Makes a callback for one learner: a class without required arguments, or a function that returns one (`() => new AvgStatsCallback([accuracy])`). */
export type CallbackFactory = (new () => Callback) | (() => Callback);

/** Runs one factory. A class is told from a function by its prototype. */
export function makeCallback(factory: CallbackFactory): Callback {
  if (typeof factory !== 'function')
    throw invalid('cbfs', 'callback classes or functions that return a callback', factory);
  const made: unknown = isCallbackClass(factory) ? new factory() : factory();
  if (!(made instanceof Callback)) throw invalid('cbfs', 'functions that return a callback', made);
  return made;
}

function isCallbackClass(factory: CallbackFactory): factory is new () => Callback {
  return factory.prototype instanceof Callback;
}

/** A class of callbacks, abstract ones too. */
export function needCallbackClass(argument: string, type: abstract new (...args: never[]) => Callback): void {
  if (typeof type !== 'function' || (type !== Callback && !(type.prototype instanceof Callback)))
    throw invalid(argument, 'a class that extends Callback', type);
}

/** Checks the callbacks a user has given, once, at the door. */
export function checkCallbacks(argument: string, cbs: readonly Callback[]): readonly Callback[] {
  if (!Array.isArray(cbs)) throw invalid(argument, 'a list of callbacks', cbs);
  for (const cb of cbs as readonly unknown[]) {
    if (!(cb instanceof Callback)) throw invalid(argument, 'instances of classes that extend Callback', cb);
    if (typeof cb.order !== 'number' || Number.isNaN(cb.order))
      throw invalid(`${cb.constructor.name}.order`, 'a number', cb.order);
  }
  return cbs as readonly Callback[];
}

/** Refuses a promise from an event inside a batch: the loop would go on before it is done. */
export function refusePromise(cb: Callback, event: BatchEventName, result: unknown): void {
  if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
    throw new TenchError(
      `${cb.constructor.name}.${event} returned a promise, but events inside a batch are synchronous; wait in beginEpoch or afterBatch instead`,
    );
  }
}
