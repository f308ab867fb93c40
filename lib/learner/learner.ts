/** The training loop: batches pass through model, loss, backward and step, and every callback is told at every turn. */

import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';

import { Module } from '../nn/index.js';
import { Optimizer, sgdOpt } from '../optim/index.js';
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
import {
  CancelBatchException,
  CancelEpochException,
  CancelTrainException,
  checkCallbacks,
  isCancel,
  makeCallback,
  needCallbackClass,
  refusePromise,
  type BatchEventName,
  type Callback,
  type EventName,
} from './callback.js';
import { DeviceCallback, TrainEvalCallback } from './callbacks.js';
import { formatEpoch, type EpochRecord } from './epochRecord.js';
import type { BatchLoader, FitOptions, LearnerData, LearnerOptions, LossFunction, OptFunc } from './options.js';
import { defaultLoss, needBatch, needData, needTensor, oneGroup } from './needs.js';
import { Precision } from './precision.js';
import { Recorder } from './recorder.js';

/** How long the loop may keep the thread for itself, apart from the batch that is running. */
const turnMs = 10;

/** A part of the loop that a cancel exception of its own ends early. */
interface Phase {
  readonly exception: new () => Error;
  readonly cancelled: EventName;
  readonly after: EventName | null;
}

const fitPhase: Phase = { exception: CancelTrainException, cancelled: 'afterCancelTrain', after: 'afterFit' };
const passPhase: Phase = { exception: CancelEpochException, cancelled: 'afterCancelEpoch', after: null };
const batchPhase: Phase = { exception: CancelBatchException, cancelled: 'afterCancelBatch', after: 'afterBatch' };

/**
 * Trains a model on data. The loop itself only loops; what it can do beyond that, callbacks do (see {@link Callback} for the events and
 * their order).
 *
 *     const learn = new Learner(model, data, { cbs: [new AvgStatsCallback([accuracy])] });
 *     await learn.fit(5, { lr: 0.1 });
 *
 * No tensor of a batch is disposed here, since any callback may have kept it; the garbage collector follows closely enough (lesson's CNN,
 * 64 images of 128 px: 521 MB at the peak, and 487 with a collection forced after every batch).
 */
export class Learner {
  model: Module;
  data: LearnerData;
  lossFunc: LossFunction;
  optFunc: OptFunc;
  lr: number;
  splitter: (model: Module) => Tensor[] | Tensor[][];
  /** Made by the first fit, unless it is there by then, and kept for the next. */
  opt!: Optimizer;
  readonly precision: Precision;
  readonly device: string | null;

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
  /** Where a finished epoch's record goes; a progress callback puts its table here. Default: a line on stdout. */
  logger: (record: EpochRecord) => void = (record) => void process.stdout.write(`${formatEpoch(record)}\n`);

  private callbacks: readonly Callback[] = [];
  private turned = 0;
  private fitting = false;

  constructor(model: Module, data: LearnerData, options: LearnerOptions = {}) {
    needOptions('Learner', options);
    const {
      lossFunc = defaultLoss,
      optFunc = sgdOpt,
      lr = 0.01,
      splitter = oneGroup,
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
    this.device = device === undefined ? null : needText('device', device, 'the name of a device');
    this.addCallbacks([new TrainEvalCallback()]);
    if (this.device !== null) this.addCallbacks([new DeviceCallback(this.device)]);
    this.addCallbacks(cbs);
    this.addCallbacks(needArray('cbfs', cbfs, 'a list of callback classes or functions').map(makeCallback));
  }

  /** The callbacks in the order in which they are called. */
  get cbs(): readonly Callback[] {
    return this.callbacks;
  }

  /** Adds callbacks and keeps all sorted by `order`. */
  addCallbacks(cbs: readonly Callback[]): void {
    for (const cb of checkCallbacks('cbs', cbs)) cb.learn = this;
    this.callbacks = [...this.callbacks, ...cbs].sort((a, b) => a.order - b.order);
  }

  /** Takes callbacks away again. */
  removeCallbacks(cbs: readonly Callback[]): void {
    checkCallbacks('cbs', cbs);
    this.callbacks = this.callbacks.filter((cb) => !cbs.includes(cb));
  }

  /** The first callback of a class, or null. */
  find<T extends Callback>(type: abstract new (...args: never[]) => T): T | null {
    needCallbackClass('type', type);
    return this.callbacks.find((cb): cb is T => cb instanceof type) ?? null;
  }

  /** The recorder among the callbacks, or null. */
  get recorder(): Recorder | null {
    return this.find(Recorder);
  }

  /**
   * Trains for a number of epochs, each a pass over the training data and one over the validation data.
   *
   * @throws TenchError while another fit of this learner is running
   * @throws whatever the data, the model or a callback throws, after `cleanupFit`
   */
  async fit(epochs: number, options: FitOptions = {}): Promise<void> {
    needCount('epochs', epochs);
    needOptions('fit', options);
    const { lr, cbs = [], resetOpt = false } = options;
    needFlag('resetOpt', resetOpt);
    if (lr !== undefined) needNumber('lr', lr);
    if (this.fitting) throw new TenchError('this learner is in the middle of a fit; await it before the next');
    this.addCallbacks(cbs);
    if (lr !== undefined) this.lr = lr;
    this.fitting = true;
    try {
      this.epochs = epochs;
      this.precision.prepareModel(this.model);
      if ((this.opt as Optimizer | undefined) === undefined || resetOpt) this.opt = this.newOptimizer();
      else if (lr !== undefined) for (const hypers of this.opt.hypers) hypers.lr = lr;
      await this.phase(fitPhase, async () => {
        await this.tell('beginFit');
        for (this.epoch = 0; this.epoch < epochs; this.epoch += 1) await this.oneEpoch();
      });
    } finally {
      this.fitting = false;
      await this.tell('cleanupFit');
      this.removeCallbacks(cbs);
    }
  }

  private newOptimizer(): Optimizer {
    const made: unknown = this.optFunc(this.splitter(this.model), { lr: this.lr });
    if (!(made instanceof Optimizer)) throw invalid('optFunc', 'a function that returns an Optimizer', made);
    return made as Optimizer;
  }

  private async oneEpoch(): Promise<void> {
    await this.onePass('beginEpoch', this.data.trainDl);
    const { validDl } = this.data;
    if (validDl !== undefined && validDl !== null && validDl.length > 0)
      await this.opt.evalWeights(() => this.onePass('beginValidate', validDl));
    this.totalEpochs += 1;
    await this.tell('afterEpoch');
  }

  private async onePass(begin: 'beginEpoch' | 'beginValidate', dl: BatchLoader): Promise<void> {
    this.dl = dl;
    this.iters = dl.length;
    this.iter = 0;
    this.inTrain = begin === 'beginEpoch';
    dl.setEpoch?.(this.totalEpochs);
    await this.phase(passPhase, async () => {
      await this.tell(begin);
      for await (const batch of this.dl) {
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
    this.loss.backward();
    this.tellNow('afterBackward');
    this.opt.step();
    this.tellNow('afterStep');
    this.opt.zeroGrad();
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

  /** Runs one phase of the loop: its body, its own cancel exception, and its closing event, which also follows the exception of an outer phase. */
  private async phase(phase: Phase, body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      if (error instanceof phase.exception) await this.tell(phase.cancelled);
      else {
        if (isCancel(error) && phase.after !== null) await this.tell(phase.after);
        throw error;
      }
    }
    if (phase.after !== null) await this.tell(phase.after);
  }

  /** Calls the method of this name on every callback that has one. */
  private async tell(event: EventName): Promise<void> {
    for (const cb of this.callbacks) await cb[event]?.();
  }

  private tellNow(event: BatchEventName): void {
    for (const cb of this.callbacks) refusePromise(cb, event, cb[event]?.());
  }

  [inspect.custom](): string {
    const cbs = this.callbacks.map((cb) => cb.constructor.name).join(', ');
    return `Learner(lr ${this.lr}, ${this.precision.name}, ${this.data.trainDl.length} training batches, callbacks: ${cbs})`;
  }
}
