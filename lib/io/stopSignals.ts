/** SIGINT and SIGTERM while training: the first asks it to stop at its next good moment, a second one ends the process at once. */

import { constants } from 'node:os';

/** The signals that ask a process to end. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

export const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

/** npm hands on to us the signal that the terminal has sent to both: two within this time are one press. */
const samePressMs = 400;

/** Listens between `listen` and `close`. */
export class StopSignals {
  /** The first signal that came. */
  received: StopSignal | null = null;
  private at = 0;

  private readonly onSignal = (signal: StopSignal): void => {
    if (this.received !== null) {
      if (performance.now() - this.at > samePressMs) process.exit(exitCode(signal));
      return;
    }
    this.received = signal;
    this.at = performance.now();
  };

  constructor(private readonly signals: readonly StopSignal[]) {}

  listen(): void {
    this.received = null;
    for (const signal of this.signals) process.on(signal, this.onSignal);
  }

  close(): void {
    for (const signal of this.signals) process.off(signal, this.onSignal);
  }
}

/** As shells count: 130 after Ctrl-C, 143 after SIGTERM. */
export function exitCode(signal: StopSignal): number {
  return 128 + constants.signals[signal];
}
