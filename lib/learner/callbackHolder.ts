/** Holds callbacks in their order, tells them the loop's events, and turns cancel exceptions into the end of the phase that they name. */

import {
  CancelBatchException,
  CancelEpochException,
  CancelTrainException,
  checkCallbacks,
  isCancel,
  needCallbackClass,
  refusePromise,
  type BatchEventName,
  type Callback,
  type EventName,
} from './callback.js';
import type { Learner } from './learner.js';

/** A part of the loop that a cancel exception of its own ends early. */
interface Phase {
  readonly exception: new () => Error;
  readonly cancelled: EventName;
  readonly after: EventName | null;
}

export const fitPhase: Phase = { exception: CancelTrainException, cancelled: 'afterCancelTrain', after: 'afterFit' };
export const passPhase: Phase = { exception: CancelEpochException, cancelled: 'afterCancelEpoch', after: null };
export const batchPhase: Phase = {
  exception: CancelBatchException,
  cancelled: 'afterCancelBatch',
  after: 'afterBatch',
};

/** The part of a {@link Learner} that knows callbacks. */
export abstract class CallbackHolder {
  private callbacks: readonly Callback[] = [];

  /** The callbacks in the order in which they are called. */
  get cbs(): readonly Callback[] {
    return this.callbacks;
  }

  /** Adds callbacks and keeps all sorted by `order`. */
  addCallbacks(cbs: readonly Callback[]): void {
    // Only a Learner is ever made of this class.
    for (const cb of checkCallbacks('cbs', cbs)) cb.learn = this as unknown as Learner;
    this.callbacks = [...this.callbacks, ...cbs].sort((a, b) => a.order - b.order);
  }

  /** Takes callbacks away again. */
  removeCallbacks(cbs: readonly Callback[]): void {
    checkCallbacks('cbs', cbs);
    this.callbacks = this.callbacks.filter((cb) => !cbs.includes(cb));
  }

  /** The first callback of a class, or null. */
  find<T extends Callback>(type: abstract new (...args: never[]) => T): T | null {
    needCallbackClass('type', type);
    return this.callbacks.find((cb): cb is T => cb instanceof type) ?? null;
  }

  /** Runs one phase of the loop: its body, its own cancel exception, and its closing event, which also follows the exception of an outer phase. */
  protected async phase(phase: Phase, body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      if (error instanceof phase.exception) await this.tell(phase.cancelled);
      else {
        if (isCancel(error) && phase.after !== null) await this.tell(phase.after);
        throw error;
      }
    }
    if (phase.after !== null) await this.tell(phase.after);
  }

  /** Calls the method of this name on every callback that has one. */
  protected async tell(event: EventName): Promise<void> {
    for (const cb of this.callbacks) await cb[event]?.();
  }

  protected tellNow(event: BatchEventName): void {
    for (const cb of this.callbacks) refusePromise(cb, event, cb[event]?.());
  }
}
