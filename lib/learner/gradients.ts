/** Callbacks between backward and step: gradients of several batches for one step, and limits to them. */

import { clipGradNorm_, clipGradValue_ } from '../nn/clip.js';
import { needCount, needInRange, needOptions } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { noGrad, type Tensor } from '../tensor/index.js';
import { Callback, CancelBatchException } from './callback.js';
import type { Saved } from './learnerState.js';

/**
 * Steps once for the gradients of as many batches as it takes to see `samples` samples, and at the end of each training pass. The step's gradient
 * is that of the mean loss over all of them, as of one big batch, whatever the sizes of the batches.
 *
 * Order 80: statistics and the recorder see the batch's own loss. Batches that only add to the gradients end by CancelBatch after `afterBackward`.
 */
export class GradientAccumulationCallback extends Callback {
  override order = 80;

  private count = 0;
  private own: Tensor | null = null;

  constructor(readonly samples: number) {
    super();
    needCount('samples', samples, 1);
  }

  override beginFit(): void {
    this.count = 0;
    this.learn.opt.zeroGrad();
  }

  /** The gradients themselves are the learner's. */
  override stateDict(): Saved {
    return { count: this.count };
  }

  override loadStateDict(state: Saved): void {
    this.count = (state as { count: number }).count;
  }

  override afterLoss(): void {
    const { learn } = this;
    if (!learn.inTrain) return;
    this.own = learn.loss;
    learn.loss = learn.loss.mul(samplesOf(learn.yb) / this.samples);
  }

  override afterBackward(): void {
    const { learn } = this;
    if (this.own !== null) learn.loss = this.own;
    this.own = null;
    this.count += samplesOf(learn.yb);
    if (this.count < this.samples && learn.iter + 1 < learn.iters) throw new CancelBatchException();
  }

  override beginStep(): void {
    const factor = this.samples / this.count;
    this.count = 0;
    if (factor === 1) return;
    noGrad(() => {
      for (const { grad } of this.learn.opt.paramGroups.flat()) grad?.mul_(factor);
    });
  }
}

const samplesOf = (yb: Tensor): number => yb.shape[0] ?? 1;

/** Options of {@link GradientClipCallback}; at least one. */
export interface GradientClipOptions {
  /** The norm of all gradients together is at most this; see `nn.clipGradNorm_`. */
  readonly maxNorm?: number;
  /** Every element of the gradients is cut to [-maxValue, maxValue]. */
  readonly maxValue?: number;
}

/** Limits the gradients of every step, after accumulation and unscaling: first by value, then by norm. Order 85. */
export class GradientClipCallback extends Callback {
  override order = 85;

  readonly maxNorm: number | null;
  readonly maxValue: number | null;

  constructor(options: GradientClipOptions) {
    super();
    needOptions('GradientClipCallback', options);
    const { maxNorm = null, maxValue = null } = options;
    if (maxNorm === null && maxValue === null)
      throw invalid('GradientClipCallback: options', '`maxNorm`, `maxValue` or both', options);
    this.maxNorm = maxNorm === null ? null : needInRange('maxNorm', maxNorm, { above: 0 });
    this.maxValue = maxValue === null ? null : needInRange('maxValue', maxValue, { above: 0 });
  }

  override beginStep(): void {
    const parameters = this.learn.opt.paramGroups.flat();
    if (this.maxValue !== null) clipGradValue_(parameters, this.maxValue);
    if (this.maxNorm !== null) clipGradNorm_(parameters, this.maxNorm);
  }
}
