/** The learning rate finder: a short training at rising rates, after which everything is put back. */

import { inspect } from 'node:util';

import { Chart, type PointSeries } from '../charts/index.js';
import { needArray, needCount, needFlag, needFunction, needInRange, needOptions } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import { getRngState, noGrad, setRngState } from '../tensor/index.js';
import type { Optimizer } from '../optim/index.js';
import { Callback, CancelTrainException } from './callback.js';
import { TrainEvalCallback } from './callbacks.js';
import { Learner } from './learner.js';
import { valley, type SuggestLr } from './lrSuggestions.js';
import type { BatchLoader } from './options.js';

/** Options of `Learner.lrFind`. */
export interface LrFindOptions {
  /** Rate of the first batch; default 1e-7. */
  readonly startLr?: number;
  /** Rate that the last batch comes close to; default 10. */
  readonly endLr?: number;
  /** Number of batches; default 100. The data is walked over again where it has fewer. */
  readonly numIt?: number;
  /** Stops when the smoothed loss is four times the smallest so far, or no number; default true. */
  readonly stopDiv?: boolean;
  /** Which rates to suggest; default `[suggestLr.valley]`. Others: `minimum`, `steep`, `slide` of `suggestLr`, or a function of the user's. */
  readonly suggestFuncs?: readonly SuggestLr[];
}

/** What `Learner.lrFind` found. `console.log(found.plot().terminal())` shows it. */
export class LrSearch {
  constructor(
    /** Rate of each batch. */
    readonly lrs: readonly number[],
    /** Smoothed loss of each batch. */
    readonly losses: readonly number[],
    /** Suggested rates by the name of the function; null where the curve was too short for one. */
    readonly suggestions: Readonly<Record<string, number | null>>,
  ) {}

  /** The smoothed loss over the rate, and where the suggestions lie. */
  plot(): Chart {
    const heightAt = (lr: number): number => {
      const nearest = this.lrs.findIndex((one) => one >= lr);
      return this.losses[nearest === -1 ? this.losses.length - 1 : nearest] ?? NaN;
    };
    const marks = Object.entries(this.suggestions).flatMap(([name, lr]): PointSeries[] =>
      lr === null ? [] : [{ kind: 'scatter', name: `${name}: ${lr.toPrecision(3)}`, x: [lr], y: [heightAt(lr)] }],
    );
    return new Chart({
      title: 'Learning rate finder',
      x: { label: 'learning rate', log: true },
      y: { label: 'smoothed loss' },
      series: [{ kind: 'line', name: 'loss', x: this.lrs, y: this.losses }, ...marks],
    });
  }

  [inspect.custom](): string {
    const rates = Object.entries(this.suggestions).map(([name, lr]) => `${name}: ${lr?.toPrecision(3) ?? 'none'}`);
    return `LrSearch(${this.lrs.length} batches; ${rates.join(', ')})`;
  }
}

/** How much of the smoothed loss is what it was before. */
const smoothing = 0.98;

/** Raises the rate before each batch, and keeps the smoothed loss after it. */
class RisingRate extends Callback {
  /** After what changes the loss, before what scales it. */
  override order = 60;
  readonly lrs: number[] = [];
  readonly losses: number[] = [];
  private average = 0;
  private best = Infinity;

  constructor(private readonly options: Required<LrFindOptions>) {
    super();
  }

  override beginBatch(): void {
    const { startLr, endLr, numIt } = this.options;
    const lr = startLr * (endLr / startLr) ** (this.lrs.length / numIt);
    for (const hypers of this.learn.opt.hypers) hypers.lr = lr;
  }

  override afterLoss(): void {
    const count = this.losses.length + 1;
    this.average = smoothing * this.average + (1 - smoothing) * this.learn.loss.item();
    const smooth = this.average / (1 - smoothing ** count);
    if (!Number.isFinite(smooth)) throw new CancelTrainException();
    this.lrs.push(this.learn.opt.hypers[0]!.lr!);
    this.losses.push(smooth);
    this.best = Math.min(this.best, smooth);
    if (this.options.stopDiv && smooth > 4 * this.best) throw new CancelTrainException();
  }

  override afterBatch(): void {
    if (this.lrs.length >= this.options.numIt) throw new CancelTrainException();
  }
}

/** @internal See `Learner.lrFind`. */
export async function findLr(learn: Learner, options: LrFindOptions): Promise<LrSearch> {
  const checked = needOfSearch(options);
  const { trainDl } = learn.data;
  if (trainDl.length === 0) throw new TenchError('lrFind: the training data has no batch');
  const rising = new RisingRate(checked);
  const restore = remember(learn, trainDl);
  const taking = learn.cbs.filter((cb) => cb.inSearch && !(cb instanceof TrainEvalCallback));
  try {
    await shadow(learn, [...taking, rising]).fit(Math.ceil(checked.numIt / trainDl.length));
  } finally {
    for (const cb of taking) cb.learn = learn;
    restore();
  }
  // The first tenth says how the model was before, and the last batches how it burst.
  const told = [rising.lrs, rising.losses].map((list) => list.slice(Math.floor(checked.numIt / 10), -5));
  const suggestions = checked.suggestFuncs.map((suggest) => [suggest.name, suggest(told[0]!, told[1]!)] as const);
  return new LrSearch(rising.lrs, rising.losses, Object.fromEntries(suggestions));
}

function needOfSearch(options: LrFindOptions): Required<LrFindOptions> {
  needOptions('lrFind', options);
  const { startLr = 1e-7, endLr = 10, numIt = 100, stopDiv = true, suggestFuncs = [valley] } = options;
  needInRange('startLr', startLr, { above: 0, most: Number.MAX_VALUE });
  needInRange('endLr', endLr, { above: startLr, most: Number.MAX_VALUE });
  needCount('numIt', numIt, 1);
  needFlag('stopDiv', stopDiv);
  for (const suggest of needArray('suggestFuncs', suggestFuncs)) needFunction('suggestFuncs', suggest);
  return { startLr, endLr, numIt, stopDiv, suggestFuncs };
}

/** A learner of the same model and data, with an optimizer of its own that has the same hyper-parameters. */
function shadow(learn: Learner, cbs: readonly Callback[]): Learner {
  const { data, lossFunc, optFunc, splitter, lr, precision, model } = learn;
  const made = new Learner(
    model,
    { trainDl: data.trainDl },
    { lossFunc, splitter, lr, cbs, precision: precision.name, channelsLast: precision.channelsLast },
  );
  const opt = learn.opt as Optimizer | undefined;
  made.optFunc = (params, hypers) => {
    const own = optFunc(params, hypers);
    if (opt?.hypers.length === own.hypers.length) own.hypers.forEach((group, i) => Object.assign(group, opt.hypers[i]));
    return own;
  };
  made.totalEpochs = learn.totalEpochs;
  made.logger = () => undefined;
  return made;
}

/** How to put back the model (weights, buffers, gradients, modes), the CPU's random generator, and the loader's position. */
function remember({ model, totalEpochs }: Learner, dl: BatchLoader & { readonly nextEpoch?: number }): () => void {
  const tensors = [...model.parameters(), ...model.buffers()];
  const values = noGrad(() => tensors.map((one) => one.detach().clone()));
  const grads = model.parameters().map((parameter) => [parameter, parameter.grad] as const);
  const modes = model.modules().map((module) => [module, module.training] as const);
  const random = getRngState();
  const epoch = dl.nextEpoch ?? totalEpochs;
  // Else backward would add to them.
  for (const [parameter] of grads) parameter.grad = null;
  return () => {
    noGrad(() => tensors.forEach((one, i) => one.copy_(values[i]!)));
    for (const [parameter, grad] of grads) parameter.grad = grad;
    for (const [module, training] of modes) module.training = training;
    setRngState(random);
    dl.setEpoch?.(epoch);
  };
}
