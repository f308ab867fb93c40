/** Small drawn data for tests of the loop: points of two classes on either side of a line, in batches of unequal size. */

import { Linear, type Module } from '../../lib/nn/index.js';
import { manualSeed, tensor, type Tensor } from '../../lib/tensor/index.js';
import { Generator } from '../../lib/data/random.js';
import type { BatchLoader, LearnerData } from '../../lib/learner/index.js';

/** A loader over fixed batches, which counts its passes and remembers the epochs that it was told. */
export class FixedLoader implements BatchLoader {
  readonly epochs: number[] = [];

  constructor(readonly batches: readonly (readonly [Tensor, Tensor])[]) {}

  get length(): number {
    return this.batches.length;
  }

  setEpoch(epoch: number): void {
    this.epochs.push(epoch);
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<[Tensor, Tensor]> {
    for (const [xb, yb] of this.batches) yield [xb, yb];
  }
}

/** `sizes.length` batches of points (x, y) whose class is whether x + y > 0. */
export function drawBatches(sizes: readonly number[], seed = 0): (readonly [Tensor, Tensor])[] {
  const random = new Generator(seed);
  return sizes.map((size) => {
    const points = Array.from({ length: size }, () => [random.normal(), random.normal()]);
    const classes = points.map(([x = 0, y = 0]) => (x + y > 0 ? 1 : 0));
    return [tensor(points), tensor(classes, { dtype: 'int64' })] as const;
  });
}

export function drawData(
  train: readonly number[] = [8, 8, 3],
  valid: readonly number[] = [5, 2],
): LearnerData & { trainDl: FixedLoader; validDl: FixedLoader } {
  return { trainDl: new FixedLoader(drawBatches(train, 1)), validDl: new FixedLoader(drawBatches(valid, 2)) };
}

export function drawModel(): Module {
  manualSeed(0);
  return new Linear(2, 2);
}
