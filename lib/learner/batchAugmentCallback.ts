/** Augmentation in the loop: training batches (and those of test-time augmentation) are changed, validation batches only brought to size and normalised. */

import { needInstance } from '../tensor/checks.js';
import { BatchAugment } from '../vision/index.js';
import { Callback } from './callback.js';

/**
 * Puts each batch's inputs through a {@link BatchAugment} when they are on their device. Draws go by epoch (of all fits) and batch, so a run
 * that is resumed in the middle of an epoch sees the same pictures.
 */
export class BatchAugmentCallback extends Callback {
  override order = 2;

  constructor(readonly augment: BatchAugment) {
    super();
    needInstance('augment', augment, BatchAugment);
  }

  override beginBatch(): void {
    const { learn } = this;
    learn.xb = this.augment.apply(learn.xb, {
      train: learn.inTrain || learn.augmentPass !== null,
      epoch: learn.augmentPass ?? learn.totalEpochs,
      index: learn.iter,
    });
  }
}
