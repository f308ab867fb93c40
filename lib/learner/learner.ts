/** The Learner: a model, its data and how to train it, with the recipes that people start from. */

import type { Optimizer } from '../optim/index.js';
import { needCount, needOptions } from '../tensor/checks.js';
import type { ContactSheet } from '../vision/index.js';
import { Dashboard, type DashboardOptions } from './dashboard/dashboard.js';
import { freezeTo, needSeveralGroups, rememberFrozen } from './freezing.js';
import { interpret, showResults, type InterpretOptions, type Interpretation } from './interpretation.js';
import { TrainingLoop } from './loop.js';
import { findLr, type LrFindOptions, type LrSearch } from './lrFinder.js';
import {
  fineTuneOf,
  flatCosOf,
  oneCycleOf,
  type FineTuneOptions,
  type FlatCosOptions,
  type OneCycleOptions,
  type Scheduling,
} from './recipes.js';
import type { ResultSheetOptions } from './resultSheet.js';
import { predictAugmented, type Predictions, type TtaOptions } from './tta.js';

/**
 * Trains a model on data. The loop itself only loops; what it can do beyond that, callbacks do (see {@link Callback} for the events and
 * their order).
 *
 *     const learn = new Learner(model, data, { cbs: [new AvgStatsCallback([accuracy])] });
 *     await learn.fit(5, { lr: 0.1 });
 */
export class Learner extends TrainingLoop {
  /** The pass of test-time augmentation that is under way, from 0, in which batches are augmented as in training; null: none. */
  augmentPass: number | null = null;

  /**
   * Trains by one cycle: the rate rises by half a cosine wave to `lrMax` and falls by another to almost nothing, the momentum does the opposite
   * (Smith, Topin 2018, arXiv:1708.07120). Afterwards the optimizer's hyper-parameters are what they were before.
   *
   * @throws ArgumentError for options out of range, or momenta for an optimizer without, with nothing changed
   */
  async fitOneCycle(epochs: number, options: OneCycleOptions = {}): Promise<void> {
    await this.runScheduled(epochs, oneCycleOf(options), options);
  }

  /**
   * Trains with a flat rate that falls to almost nothing at the end, by half a cosine wave. Afterwards the optimizer's hyper-parameters are what
   * they were before.
   */
  async fitFlatCos(epochs: number, options: FlatCosOptions = {}): Promise<void> {
    await this.runScheduled(epochs, flatCosOf(options), options);
  }

  /**
   * Adapts a pretrained model: first the last parameter group and the batch norms alone, then everything, early groups more slowly; each by one
   * cycle. The model needs at least two parameter groups (`parameterGroups`), or the learner a `splitter` that makes them.
   *
   * @param epochs after unfreezing
   */
  async fineTune(epochs: number, options: FineTuneOptions = {}): Promise<void> {
    needCount('epochs', epochs);
    const { freezeEpochs, frozen, whole } = fineTuneOf(options);
    needSeveralGroups('fineTune', this.model, this.splitter);
    this.needIdle();
    const undo = rememberFrozen(this.model);
    try {
      this.freeze();
      await this.fitOneCycle(freezeEpochs, frozen);
      this.unfreeze();
      await this.fitOneCycle(epochs, whole);
    } catch (error) {
      undo();
      throw error;
    }
  }

  /**
   * Trains only the parameter groups from the n-th on, and batch norms. The others have no gradients, and the optimizer leaves them as they are.
   *
   * @param n from 0; negative counts from the end
   */
  freezeTo(n: number): void {
    this.needIdle();
    freezeTo(this.model, this.splitter, n);
  }

  /** Trains only the last parameter group, and batch norms. @throws ArgumentError when all parameters are in one group */
  freeze(): void {
    needSeveralGroups('freeze', this.model, this.splitter);
    this.freezeTo(-1);
  }

  /** Trains all parameters. */
  unfreeze(): void {
    this.freezeTo(0);
  }

  /**
   * Trains with a rate that rises from batch to batch, until the loss diverges, and says which rate to take (Smith 2015, arXiv:1506.01186).
   * Model, optimizer, random generator and the loader's position are afterwards what they were.
   *
   * @throws TenchError where the training data has no batch
   */
  async lrFind(options: LrFindOptions = {}): Promise<LrSearch> {
    this.needIdle();
    this.fitting = true;
    try {
      return await findLr(this, options);
    } finally {
      this.fitting = false;
    }
  }

  /**
   * Test-time augmentation: the mean prediction of n randomly changed versions of each item, mixed with that of the plain one. Versions come from
   * a BatchAugmentCallback of the learner, from `augmentedDl`, or from both; other callbacks see `augmentPass`.
   *
   * @throws TenchError while a fit is running, or when a loader gives another order in another pass
   */
  async tta(options: TtaOptions = {}): Promise<Predictions> {
    this.needIdle();
    this.fitting = true;
    return predictAugmented(this, options).finally(() => (this.fitting = false));
  }

  /**
   * What the model says of each item of the validation data, or of another loader, and where it is most wrong.
   *
   *     const interp = await learn.interpret();
   *     await interp.plotConfusionMatrix().save('confusion.svg');
   *     await (await interp.plotTopLosses(9)).save('losses.png');
   *
   * @throws TenchError while a fit is running, or where the loss function gives no loss of each sample
   */
  async interpret(options: InterpretOptions = {}): Promise<Interpretation> {
    this.needIdle();
    this.fitting = true;
    return interpret(this, options).finally(() => (this.fitting = false));
  }

  /**
   * The first pictures of the validation data, or of another loader, with what they are and what the model takes them for.
   *
   * @param options.count how many; default 9
   */
  async showResults(
    options: InterpretOptions & ResultSheetOptions & { readonly count?: number } = {},
  ): Promise<ContactSheet> {
    needOptions('showResults', options);
    const count = needCount('count', options.count ?? 9, 1);
    this.needIdle();
    this.fitting = true;
    return showResults(this, count, options).finally(() => (this.fitting = false));
  }

  /**
   * Adds a {@link Dashboard} to the callbacks and begins to serve its page, whose address it has as `url`.
   *
   * @throws TenchError where the port cannot be had, with nothing added
   */
  async dashboard(options: DashboardOptions = {}): Promise<Dashboard> {
    const dashboard = new Dashboard(options);
    await dashboard.open();
    this.addCallbacks([dashboard]);
    return dashboard;
  }

  private async runScheduled(epochs: number, scheduling: Scheduling, options: OneCycleOptions): Promise<void> {
    needOptions('fit', options);
    const { cbs, resetOpt, graph, resume } = options;
    let restore = (): void => undefined;
    const schedulers = (opt: Optimizer) => {
      const made = scheduling(opt, this.lr);
      const before = opt.hypers.map((hypers) => made.map(({ pname }) => [pname, hypers[pname]] as const));
      restore = () => before.forEach((values, i) => Object.assign(opt.hypers[i]!, Object.fromEntries(values)));
      return made;
    };
    try {
      await this.run(epochs, { cbs, resetOpt, graph, resume, schedulers });
    } finally {
      restore();
    }
  }
}
