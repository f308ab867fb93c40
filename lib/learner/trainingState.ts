/** What a learner is made of and where it is: the fields that callbacks see and may change. */

import { inspect } from 'node:util';

import { Module } from '../nn/index.js';
import { GradScaler, sgdOpt, type Optimizer } from '../optim/index.js';
import type { Tensor } from '../tensor/index.js';
import { needArray, needFunction, needInstance, needNumber, needOptions, needText } from '../tensor/checks.js';
import { makeCallback } from './callback.js';
import { CallbackHolder } from './callbackHolder.js';
import { DeviceCallback, TrainEvalCallback } from './callbacks.js';
import { formatEpoch, type EpochRecord } from './epochRecord.js';
import type { GraphSummary } from './graphStep.js';
import type { FitPosition } from './learnerState.js';
import type { BatchLoader, LearnerData, LearnerOptions, LossFunction, OptFunc } from './options.js';
import { defaultLoss, groupsOfModel, needData } from './needs.js';
import { Precision } from './precision.js';
import { Recorder } from './recorder.js';

/** The part of a {@link Learner} that only holds: model, data, settings, the current batch, and the position in the fit. */
export abstract class TrainingState extends CallbackHolder {
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
  /** How the batches of the current or last fit ran, where it was one with `graph: true`; else null. */
  graph: GraphSummary | null = null;
  /** Where a finished epoch's record goes; a progress callback puts its table here. Default: a line on stdout. */
  logger: (record: EpochRecord) => void = (record) => void process.stdout.write(`${formatEpoch(record)}\n`);

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

  [inspect.custom](): string {
    const cbs = this.cbs.map((cb) => cb.constructor.name).join(', ');
    return `Learner(lr ${this.lr}, ${this.precision.name}, ${this.data.trainDl.length} training batches, callbacks: ${cbs})`;
  }
}
