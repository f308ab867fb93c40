/** Graphs: what an accelerator has captured of a program, to do it again by one call. */

import { TenchError } from './errors.js';
import { native } from './native.js';
import type { Device } from './types.js';

/** What captures, and does again. */
export interface Graph {
  /**
   * Runs `fn`, whose operators go into the graph and are not done. Afterwards the tensors that it read and wrote are the graph's: `replay` reads and
   * writes them in place, so whoever needs their values copies them.
   *
   * @throws whatever `fn` throws, or LibTorch of what cannot be captured; the graph is disposed then
   */
  capture<T>(fn: () => T): T;
  /** Does all that was captured once more, with what is in its tensors now. */
  replay(): void;
  dispose(): void;
}

/** Where graphs come from. */
export interface GraphSource {
  /** Why there is no graph for a device; null where there is one. */
  trouble(device: Device): string | null;
  make(device: Device): Graph;
}

class DeviceGraph implements Graph {
  #number = 0;

  constructor(private readonly device: Device) {}

  capture<T>(fn: () => T): T {
    this.#number = native.beginCapture(this.device);
    try {
      const result = fn();
      if (native.hasCallbacks())
        throw new TenchError('JavaScript runs in a backward pass: a hook, or a function with a backward of its own');
      native.endCapture(this.#number);
      return result;
    } catch (error) {
      this.#abandon();
      throw error;
    }
  }

  /** Ends the capture where that has not been done; LibTorch then says again what has spoilt it. */
  #abandon(): void {
    try {
      native.endCapture(this.#number);
    } catch {
      // The first error says more.
    }
    this.dispose();
  }

  replay(): void {
    native.replayGraph(this.#number);
  }

  dispose(): void {
    native.dropGraph(this.#number);
    this.#number = 0;
  }
}

/** LibTorch's graphs, or those of `native/cuda`. */
export const deviceGraphs: GraphSource = {
  trouble: (device) => native.graphTrouble(device),
  make: (device) => new DeviceGraph(device),
};
