/** Ctrl-C and SIGTERM: the first asks the work to stop at its next good moment, the second stops it at once. */

import { exitCode, stopSignals, type StopSignal } from '../io/stopSignals.js';

/** npm hands on to us the signal that the terminal has sent to both: two within this time are one press. */
const samePressMs = 400;

/** What an interrupted download throws says this. */
export const stopped = 'stopped by a signal';

/** Listens from `listen` to `close`. */
export class Interrupt {
  private readonly controller = new AbortController();
  private pressed = 0;

  private readonly onSignal = (signal: StopSignal): void => {
    if (this.requested) {
      if (performance.now() - this.pressed > samePressMs) process.exit(exitCode(signal));
      return;
    }
    this.pressed = performance.now();
    this.code = exitCode(signal);
    this.say();
    this.controller.abort(new Error(stopped));
  };

  /** What the process ends with where it was asked to stop: 130 after Ctrl-C, 143 after SIGTERM. */
  code = 0;

  /** @param say called at the first signal; may be exchanged as the work goes on */
  constructor(public say: () => void) {}

  /** Aborted at the first signal. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get requested(): boolean {
    return this.controller.signal.aborted;
  }

  listen(): this {
    for (const signal of stopSignals) process.on(signal, this.onSignal);
    return this;
  }

  close(): void {
    for (const signal of stopSignals) process.off(signal, this.onSignal);
  }
}
