/** The training loop: batches pass through model, loss, backward and step, and every callback is told at every turn. */

import { setImmediate as turn } from 'node:timers/promises';

import type { Optimizer } from '../optim/index.js';
import { callInScope } from '../nn/transient.js';
import { deviceGraphs } from '../tensor/graph.js';
import { noGrad, type Tensor } from '../tensor/index.js';
import { needCount, needFlag, needFunction, needOptions } from '../tensor/checks.js';
import { CancelBatchException, checkCallbacks } from './callback.js';
import type { Learner } from './learner.js';
import { batchPhase, fitPhase, passPhase } from './callbackHolder.js';
import { FitStart } from './fitStart.js';
import { GraphStep } from './graphStep.js';
import { batchesFrom, needFitting, needState, restoreLearner } from './learnerState.js';
import type { BatchLoader, FitOptions, LossFunction, Run } from './options.js';
import { needBatch, needTensor } from './needs.js';
import { needRates } from './rates.js';

/** How long the loop may keep the thread for itself, apart from the batch that is running. */
const turnMs = 10;

/**
 * The part of a {@link Learner} that trains.
 *
 * Neither batch nor prediction nor loss is disposed here, since any callback may have kept it; the garbage collector follows closely enough.
 */
export abstract class TrainingLoop extends FitStart {
  private turned = 0;
  private graphStep: GraphStep | null = null;
  /** @internal Where graphs come from. */
  graphSource = deviceGraphs;

  /**
   * Trains for a number of epochs, each a pass over the training data and one over the validation data.
   *
   * @throws ArgumentError for rates that are not one for each parameter group, with nothing changed
   * @throws TenchError while another fit of this learner is running
   * @throws whatever the data, the model or a callback throws, after `cleanupFit`; at `beginFit`, with rates and optimizer as before
   */
  async fit(epochs: number, options: FitOptions = {}): Promise<void> {
    needOptions('fit', options);
    const { lr, cbs = [], resetOpt = false, graph, resume } = options;
    if (lr !== undefined) needRates('lr', lr);
    await this.run(epochs, { lr, cbs, resetOpt, graph, resume });
  }

  /** Checks everything, and only then changes something and trains. */
  protected async run(
    epochs: number,
    { lr, cbs = [], resetOpt = false, graph = false, resume = null, schedulers }: Run,
  ): Promise<void> {
    needCount('epochs', epochs);
    needFlag('resetOpt', resetOpt);
    needFlag('graph', graph);
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
    this.graph = null;
    try {
      this.opt = opt;
      this.resumed = resumed;
      this.setRates(lr);
      this.epochs = epochs;
      this.precision.prepareModel(this.model);
      const { lossFunc } = this;
      await this.phase(fitPhase, async () => {
        await this.begin(undo);
        if (graph) this.beginGraph(lossFunc);
        for (this.epoch = resumed?.epoch ?? 0; this.epoch < epochs; this.epoch += 1) await this.oneEpoch();
      });
      this.fits += 1;
    } finally {
      this.graphStep?.end();
      this.graphStep = null;
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
        await this.phase(batchPhase, async () => (this.inTrain ? this.trainBatch() : noGrad(() => this.validBatch())));
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
    this.tellNow('beginBatch');
    const tell = (): void => {
      this.tellOf('pred');
      this.tellOf('loss');
    };
    if (this.graphStep?.run(tell) !== true) {
      this.forward();
      this.scaler.scale(this.loss).backward();
    }
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

  private validBatch(): void {
    this.tellNow('beginBatch');
    this.forward();
  }

  private forward(): void {
    this.pred = this.predict(this.xb);
    this.tellOf('pred');
    this.loss = this.lossOf(this.pred, this.yb);
    this.tellOf('loss');
  }

  private predict(batch: Tensor): Tensor {
    const { precision, model } = this;
    const pred = callInScope(model, () => {
      const xb = precision.prepareInput(batch);
      return precision.run(xb.device, () => model.call(xb));
    });
    return needTensor('the model', pred);
  }

  private lossOf(pred: Tensor, yb: Tensor): Tensor {
    return needTensor(
      'lossFunc',
      this.precision.run(pred.device, () => this.lossFunc(pred, yb)),
    );
  }

  /** Tells that there is something new, with which the step goes on as callbacks leave it. */
  private tellOf(field: 'pred' | 'loss'): void {
    const event = field === 'pred' ? 'afterPred' : 'afterLoss';
    const { graphStep } = this;
    if (graphStep === null || !this.inTrain) {
      this.tellNow(event);
      return;
    }
    const value = this[field];
    const { version } = value;
    this.tellNow(event);
    if (this[field] !== value || value.version !== version) graphStep.changed(event, field);
  }

  private beginGraph(lossFunc: LossFunction): void {
    const parts = {
      predict: (xb: Tensor) => this.predict(xb),
      lossOf: (pred: Tensor, yb: Tensor) => this.lossOf(pred, yb),
    };
    this.graphStep = new GraphStep(this as unknown as Learner, parts, lossFunc, this.graphSource);
    this.graph = this.graphStep.summary;
    this.graphStep.begin();
  }
}
