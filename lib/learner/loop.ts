/** The training loop: batches pass through model, loss, backward and step, and every callback is told at every turn. */

import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';

import { Module } from '../nn/index.js';
import { GradScaler, Optimizer, sgdOpt, type Hypers } from '../optim/index.js';
import { noGrad, type Tensor } from '../tensor/index.js';
import {
  needArray,
  needCount,
  needFlag,
  needFunction,
  needInstance,
  needNumber,
  needOptions,
  needText,
} from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { CancelBatchException, checkCallbacks, isCancel, makeCallback, type Callback } from './callback.js';
import type { Learner } from './learner.js';
import { CallbackHolder, batchPhase, fitPhase, passPhase } from './callbackHolder.js';
import { DeviceCallback, TrainEvalCallback } from './callbacks.js';
import { formatEpoch, type EpochRecord } from './epochRecord.js';
import {
  batchesFrom,
  needFitting,
  needState,
  readLearner,
  restoreLearner,
  type FitPosition,
  type LearnerState,
} from './learnerState.js';
import type { BatchLoader, FitOptions, LearnerData, LearnerOptions, LossFunction, OptFunc, Run } from './options.js';
import { defaultLoss, needBatch, needData, needTensor, groupsOfModel } from './needs.js';
import { Precision } from './precision.js';
import { needRates, spreadRates, type Rates } from './rates.js';
import { Recorder } from './recorder.js';

/** How long the loop may keep the thread for itself, apart from the batch that is running. */
const turnMs = 10;

/**
 * The part of a {@link Learner} that trains: the fields that callbacks see, and the loop over them.
 *
 * No tensor of a batch is disposed here, since any callback may have kept it; the garbage collector follows closely enough (lesson's CNN,
 * 64 images of 128 px: 521 MB at the peak, and 487 with a collection forced after every batch).
 */
export abstract class TrainingLoop extends CallbackHolder {
  model: Module;
  data: LearnerData;
  lossFunc: LossFunction;
  optFunc: OptFunc;
  /** The learning rate; of the last parameter group, where they differ. */
  lr: number;
  splitter: (model: Module) => Tensor[] | Tensor[][];
  /** Made by the first fit, unless it is there by then, and kept for the next. */
  opt!: Optimizer;
  readonly precision: Precision;
  readonly device: string | null;
  /** Scales the loss while precision is 'fp16', and passes everything on while it is not. */
  readonly scaler: GradScaler;

  /** Inputs, targets, predictions and loss of the current batch. */
  xb!: Tensor;
  yb!: Tensor;
  pred!: Tensor;
  loss!: Tensor;

  /** The loader of the current pass. */
  dl!: BatchLoader;
  /** True in the training pass, false while validating. */
  inTrain = false;
  /** Epoch of this fit, from 0, and how many there will be. */
  epoch = 0;
  epochs = 0;
  /** Batch of this pass, from 0, and how many there will be. */
  iter = 0;
  iters = 0;
  /** Epochs trained in this fit as a fraction: 1.5 in the middle of the second. */
  nEpochs = 0;
  /** Training batches of this fit so far. */
  nIter = 0;
  /** Epochs of all fits so far; loaders shuffle by it, so that a second fit sees new orders. */
  totalEpochs = 0;
  /** Fits that are over. */
  fits = 0;
  /** How much of this fit is done. */
  position: FitPosition = { epoch: 0, batch: 0 };
  /** Where a finished epoch's record goes; a progress callback puts its table here. Default: a line on stdout. */
  logger: (record: EpochRecord) => void = (record) => void process.stdout.write(`${formatEpoch(record)}\n`);

  private turned = 0;
  /** Of the current fit: what it goes on from, and what it has begun with. */
  private resumed: LearnerState | null = null;
  private begun: { readonly hypers: readonly Hypers[]; readonly lr: number } = { hypers: [], lr: 0 };
  protected fitting = false;

  constructor(model: Module, data: LearnerData, options: LearnerOptions = {}) {
    super();
    needOptions('Learner', options);
    const {
      lossFunc = defaultLoss,
      optFunc = sgdOpt,
      lr = 0.01,
      splitter = groupsOfModel,
      precision = 'fp32',
      channelsLast,
      device,
      cbs = [],
      cbfs = [],
    } = options;
    this.model = needInstance('model', model, Module);
    this.data = needData(data);
    this.lossFunc = needFunction('lossFunc', lossFunc);
    this.optFunc = needFunction('optFunc', optFunc);
    this.lr = needNumber('lr', lr);
    this.splitter = needFunction('splitter', splitter);
    this.precision = new Precision(precision, { channelsLast });
    this.scaler = new GradScaler({ enabled: precision === 'fp16' });
    this.device = device === undefined ? null : needText('device', device, 'the name of a device');
    this.addCallbacks([new TrainEvalCallback()]);
    if (this.device !== null) this.addCallbacks([new DeviceCallback(this.device)]);
    this.addCallbacks(cbs);
    this.addCallbacks(needArray('cbfs', cbfs, 'a list of callback classes or functions').map(makeCallback));
  }

  /** The recorder among the callbacks, or null. */
  get recorder(): Recorder | null {
    return this.find(Recorder);
  }

  /**
   * Trains for a number of epochs, each a pass over the training data and one over the validation data.
   *
   * @throws ArgumentError for rates that are not one for each parameter group, with nothing changed
   * @throws TenchError while another fit of this learner is running
   * @throws whatever the data, the model or a callback throws, after `cleanupFit`; at `beginFit`, with rates and optimizer as before
   */
  async fit(epochs: number, options: FitOptions = {}): Promise<void> {
    needOptions('fit', options);
    const { lr, cbs = [], resetOpt = false, resume } = options;
    if (lr !== undefined) needRates('lr', lr);
    await this.run(epochs, { lr, cbs, resetOpt, resume });
  }

  /** Checks everything, and only then changes something and trains. */
  protected async run(
    epochs: number,
    { lr, cbs = [], resetOpt = false, resume = null, schedulers }: Run,
  ): Promise<void> {
    needCount('epochs', epochs);
    needFlag('resetOpt', resetOpt);
    checkCallbacks('cbs', cbs);
    this.needIdle();
    if (resume !== null) needState('resume', resume);
    const resumed = resume?.fit === this.fits ? resume : null;
    if (resumed !== null) needFitting(resumed, this.data.trainDl, epochs);
    const undo = this.remember();
    const opt = this.optimizerOf(lr, resetOpt);
    if (resume !== null && resume.fit > this.fits) {
      this.passOver(opt, lr);
      return;
    }
    const added = [...cbs, ...this.startingWith(opt, resumed, undo, schedulers)];
    this.addCallbacks(added);
    this.fitting = true;
    try {
      this.opt = opt;
      this.resumed = resumed;
      this.setRates(lr);
      this.epochs = epochs;
      this.precision.prepareModel(this.model);
      await this.phase(fitPhase, async () => {
        await this.begin(undo);
        for (this.epoch = resumed?.epoch ?? 0; this.epoch < epochs; this.epoch += 1) await this.oneEpoch();
      });
      this.fits += 1;
    } finally {
      this.fitting = false;
      this.resumed = null;
      await this.tell('cleanupFit');
      this.removeCallbacks(added);
    }
  }

  /**
   * What `fn` returns while the weights for validation are in the model, where the optimizer or a callback keeps others than those that are
   * trained, e.g. an average; where it returns a promise, they are until that is settled.
   */
  evalWeights<T>(fn: () => T): T {
    needFunction('evalWeights: fn', fn);
    const opt = this.opt as Optimizer | undefined;
    const whole = this.cbs.reduce<() => T>(
      (run, cb) => (cb.evalWeights === undefined ? run : () => cb.evalWeights!(run)),
      opt === undefined ? fn : () => opt.evalWeights(fn),
    );
    return whole();
  }

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
  private passOver(opt: Optimizer, lr: Rates | undefined): void {
    this.opt = opt;
    this.setRates(lr);
    this.fits += 1;
  }

  /** The fit's schedules, made for the rates with which it began. */
  private startingWith(
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

  private setRates(lr: Rates | undefined): void {
    if (lr === undefined) return;
    const rates = spreadRates('lr', lr, this.opt.hypers.length);
    rates.forEach((rate, group) => (this.opt.hypers[group]!.lr = rate));
    this.lr = rates.at(-1)!;
  }

  /** How to go back to the rates and the optimizer of now. */
  private remember(): () => void {
    const { lr, opt } = this;
    const hypers = (opt as Optimizer | undefined)?.hypers.map((group) => ({ ...group })) ?? [];
    return () => {
      this.lr = lr;
      this.opt = opt;
      hypers.forEach((group, i) => Object.assign(opt.hypers[i]!, group));
    };
  }

  private async begin(undo: () => void): Promise<void> {
    try {
      await this.tell('beginFit');
      if (this.resumed !== null) restoreLearner(this as unknown as Learner, this.resumed);
    } catch (error) {
      if (!isCancel(error)) undo();
      throw error;
    }
  }

  private async oneEpoch(): Promise<void> {
    await this.onePass('beginEpoch', this.data.trainDl);
    const { validDl } = this.data;
    if (validDl !== undefined && validDl !== null && validDl.length > 0)
      await this.evalWeights(() => this.onePass('beginValidate', validDl));
    this.totalEpochs += 1;
    await this.tell('afterEpoch');
  }

  private async onePass(begin: 'beginEpoch' | 'beginValidate', dl: BatchLoader): Promise<void> {
    this.dl = dl;
    this.iters = dl.length;
    this.inTrain = begin === 'beginEpoch';
    const resumed = this.inTrain && this.resumed?.epoch === this.epoch ? this.resumed : null;
    const first = (this.iter = resumed?.batch ?? 0);
    dl.setEpoch?.(this.totalEpochs, { batch: first });
    await this.phase(passPhase, async () => {
      await this.tell(begin);
      if (first > 0) restoreLearner(this as unknown as Learner, resumed!);
      for await (const batch of batchesFrom(this.dl, first)) {
        const [xb, yb] = needBatch(batch);
        this.xb = xb;
        this.yb = yb;
        await this.phase(batchPhase, async () => (this.inTrain ? this.trainBatch() : noGrad(() => this.forward())));
        this.iter += 1;
        await this.letOthersRun();
      }
    });
  }

  /** A loader that has its batches ready never waits for anything, and then no timer, signal or request would ever be served. */
  private async letOthersRun(): Promise<void> {
    if (performance.now() - this.turned < turnMs) return;
    await turn();
    this.turned = performance.now();
  }

  private trainBatch(): void {
    this.forward();
    this.scaler.scale(this.loss).backward();
    this.tellNow('afterBackward');
    if (this.step()) this.tellNow('afterStep');
    this.opt.zeroGrad();
  }

  /** @returns whether the optimizer stepped: under fp16 it does not where gradients overflowed */
  private step(): boolean {
    this.scaler.unscale_(this.opt);
    try {
      this.tellNow('beginStep');
      return this.scaler.step(this.opt);
    } catch (error) {
      // What is unscaled must not be added to.
      if (error instanceof CancelBatchException) this.opt.zeroGrad();
      throw error;
    } finally {
      this.scaler.update();
    }
  }

  private forward(): void {
    this.tellNow('beginBatch');
    const { precision } = this;
    const xb = precision.prepareInput(this.xb);
    this.pred = needTensor(
      'the model',
      precision.run(xb.device, () => this.model.call(xb)),
    );
    this.tellNow('afterPred');
    this.loss = needTensor(
      'lossFunc',
      precision.run(this.pred.device, () => this.lossFunc(this.pred, this.yb)),
    );
    this.tellNow('afterLoss');
  }

  [inspect.custom](): string {
    const cbs = this.cbs.map((cb) => cb.constructor.name).join(', ');
    return `Learner(lr ${this.lr}, ${this.precision.name}, ${this.data.trainDl.length} training batches, callbacks: ${cbs})`;
  }
}
