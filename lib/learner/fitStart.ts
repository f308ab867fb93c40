/** How a fit begins: with which optimizer and rates, from the start or from a checkpoint, and how to go back where it cannot. */

import { Optimizer, type Hypers } from '../optim/index.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { isCancel, type Callback } from './callback.js';
import type { Learner } from './learner.js';
import { readLearner, restoreLearner, type LearnerState } from './learnerState.js';
import type { Run } from './options.js';
import { spreadRates, type Rates } from './rates.js';
import { TrainingState } from './trainingState.js';

/** The part of a {@link Learner} that begins fits, anew or where another process has stopped. */
export abstract class FitStart extends TrainingState {
  /** Of the current fit: what it goes on from, and what it has begun with. */
  protected resumed: LearnerState | null = null;
  private begun: { readonly hypers: readonly Hypers[]; readonly lr: number } = { hypers: [], lr: 0 };

  /**
   * All that another process needs to go on with the current fit, bit for bit on one CPU with as many threads: call the same fits again on a learner
   * made in the same way, each with `resume`. Fits that were over by then are passed over, the one that was running goes on, and those after it
   * run as ever. Call it between batches, e.g. in `afterBatch` or `afterEpoch`; for a file, see `saveCheckpoint` and `CheckpointCallback`.
   *
   * Not kept: generators that the model or a callback owns, unless the callback keeps them (see `Callback.stateDict`), and those of accelerators.
   *
   * @throws TenchError before the first fit
   */
  stateDict(): LearnerState {
    if ((this.opt as Optimizer | undefined) === undefined)
      throw new TenchError('this learner has no state before its first fit');
    const fit = this.fitting ? this.fits : Math.max(this.fits - 1, 0);
    const learn = this as unknown as Learner;
    return { fit, ...readLearner(learn), startHypers: this.begun.hypers, startLr: this.begun.lr };
  }

  /** @throws TenchError while a fit of this learner is running */
  protected needIdle(): void {
    if (this.fitting) throw new TenchError('this learner is in the middle of a fit; await it before the next');
  }

  /** The optimizer that there is, or a new one; known to have as many groups as there are rates. */
  protected optimizerOf(lr: Rates | undefined, reset: boolean): Optimizer {
    const old = this.opt as Optimizer | undefined;
    if (old !== undefined && !reset) {
      if (lr !== undefined) spreadRates('lr', lr, old.hypers.length);
      return old;
    }
    const groups = this.splitter(this.model);
    const given: unknown = this.optFunc(groups, { lr: typeof lr === 'number' ? lr : this.lr });
    if (!(given instanceof Optimizer)) throw invalid('optFunc', 'a function that returns an Optimizer', given);
    const made = given as Optimizer;
    if (lr !== undefined) spreadRates('lr', lr, made.hypers.length);
    return made;
  }

  /** What a fit that is over would have left to the next one, apart from what the checkpoint holds. */
  protected passOver(opt: Optimizer, lr: Rates | undefined): void {
    this.opt = opt;
    this.setRates(lr);
    this.fits += 1;
  }

  /** The fit's schedules, made for the rates with which it began. */
  protected startingWith(
    opt: Optimizer,
    resumed: LearnerState | null,
    undo: () => void,
    schedulers: Run['schedulers'],
  ): readonly Callback[] {
    try {
      if (resumed !== null) {
        resumed.startHypers.forEach((hypers, i) => opt.hypers[i] && Object.assign(opt.hypers[i], hypers));
        this.lr = resumed.startLr;
      }
      this.begun = { hypers: opt.hypers.map((hypers) => ({ ...hypers })), lr: this.lr };
      return schedulers?.(opt) ?? [];
    } catch (error) {
      undo();
      throw error;
    }
  }

  protected setRates(lr: Rates | undefined): void {
    if (lr === undefined) return;
    const rates = spreadRates('lr', lr, this.opt.hypers.length);
    rates.forEach((rate, group) => (this.opt.hypers[group]!.lr = rate));
    this.lr = rates.at(-1)!;
  }

  /** How to go back to the rates and the optimizer of now. */
  protected remember(): () => void {
    const { lr, opt } = this;
    const hypers = (opt as Optimizer | undefined)?.hypers.map((group) => ({ ...group })) ?? [];
    return () => {
      this.lr = lr;
      this.opt = opt;
      hypers.forEach((group, i) => Object.assign(opt.hypers[i]!, group));
    };
  }

  protected async begin(undo: () => void): Promise<void> {
    try {
      await this.tell('beginFit');
      if (this.resumed !== null) restoreLearner(this as unknown as Learner, this.resumed);
    } catch (error) {
      if (!isCancel(error)) undo();
      throw error;
    }
  }
}
