/** Ctrl-C: the first asks the work to stop at its next good moment, the second stops it at once. */

import { Callback, CancelTrainException } from '../learner/index.js';

/** Exit code after Ctrl-C: 128 and the number of SIGINT. */
export const interruptedCode = 130;

/** npm hands on to us the signal that the terminal has sent to both: two within this time are one press. */
const samePressMs = 400;

/** Listens for Ctrl-C from `listen` to `close`. */
export class Interrupt {
  private readonly controller = new AbortController();
  private pressed = 0;

  private readonly onSignal = (): void => {
    if (this.requested) {
      if (performance.now() - this.pressed > samePressMs) process.exit(interruptedCode);
      return;
    }
    this.pressed = performance.now();
    this.say();
    this.controller.abort(new Error('stopped by Ctrl-C'));
  };

  /** @param say called at the first Ctrl-C; may be exchanged as the work goes on */
  constructor(public say: () => void) {}

  /** Aborted at the first Ctrl-C. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get requested(): boolean {
    return this.controller.signal.aborted;
  }

  listen(): this {
    process.on('SIGINT', this.onSignal);
    return this;
  }

  close(): void {
    process.off('SIGINT', this.onSignal);
  }
}

/** Ends the fit after the batch in which Ctrl-C was pressed. */
export class StopOnInterrupt extends Callback {
  override order = 100;

  constructor(private readonly interrupt: Interrupt) {
    super();
  }

  override afterBatch(): void {
    if (this.interrupt.requested) throw new CancelTrainException();
  }
}
