/** Data that changes while a network is trained, e.g. pictures that grow: a loader for each epoch, behind one. */

import type { BatchLoader, Tensor } from 'tench';

/** Walks over the loader of the epoch; all have as many batches. After the last one's epoch it stays with that. */
export class ByEpoch implements BatchLoader {
  private epoch = 0;

  constructor(private readonly loaders: readonly BatchLoader[]) {}

  get length(): number {
    return this.current.length;
  }

  setEpoch(epoch: number, start?: { readonly batch?: number }): void {
    this.epoch = epoch;
    this.current.setEpoch?.(epoch, start);
  }

  [Symbol.asyncIterator](): AsyncIterator<readonly Tensor[]> {
    return this.current[Symbol.asyncIterator]();
  }

  private get current(): BatchLoader {
    return this.loaders[Math.min(this.epoch, this.loaders.length - 1)]!;
  }
}
