/** Callbacks that watch one number from epoch to epoch and act when it gets better, or no longer does. */

import { needCount, needInRange, needOneOf, needOptions, needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { AvgStatsCallback } from './avgStats.js';
import { Callback, CancelTrainException } from './callback.js';
import type { Saved } from './learnerState.js';
import { ParamScheduler } from './paramScheduler.js';

/** Which number is watched. */
export interface TrackingOptions {
  /** `'loss'` (default), or a metric's name. */
  readonly monitor?: string;
  /** Of which pass; default `'valid'`. */
  readonly pass?: 'train' | 'valid';
  /** Whether small or large is good. Default: `'min'` for losses, errors and perplexity, by their names, else `'max'`. */
  readonly mode?: 'min' | 'max';
  /** By how much it must get better to count; default 0. */
  readonly minDelta?: number;
}

/** The base of callbacks that watch a number of an {@link AvgStatsCallback}, which the learner must have. Order 20, after it. */
export abstract class TrackingCallback extends Callback {
  override order = 20;
  override readonly inSearch = false;

  readonly monitor: string;
  readonly pass: 'train' | 'valid';
  readonly mode: 'min' | 'max';
  readonly minDelta: number;
  /** The best value of this fit, the epoch that had it, and how many epochs there were since; null before the first. */
  best: number | null = null;
  bestEpoch: number | null = null;
  stale = 0;

  constructor(options: TrackingOptions = {}) {
    super();
    needOptions(new.target.name, options);
    const { monitor = 'loss', pass = 'valid', minDelta = 0 } = options;
    this.monitor = needText('monitor', monitor);
    const { mode = /loss|error|perplexity/i.test(monitor) ? 'min' : 'max' } = options;
    this.pass = needOneOf('pass', pass, ['train', 'valid']);
    this.mode = needOneOf('mode', mode, ['min', 'max']);
    this.minDelta = needInRange('minDelta', minDelta, { least: 0, most: Number.MAX_VALUE });
  }

  /** Acts after an epoch; `best` and `stale` know of it already. NaN is never better. */
  protected abstract judge(value: number, isBest: boolean): void | Promise<void>;

  override beginFit(): void | Promise<void> {
    const names = this.learn.find(AvgStatsCallback)?.names;
    if (names?.includes(this.monitor) !== true)
      throw new TenchError(
        `${this.constructor.name} watches ${this.monitor}, but the learner ${names === undefined ? 'has no AvgStatsCallback' : `measures ${names.join(', ')}`}`,
      );
    this.best = this.bestEpoch = null;
    this.stale = 0;
  }

  override stateDict(): Saved {
    return { best: this.best, bestEpoch: this.bestEpoch, stale: this.stale };
  }

  override loadStateDict(state: Saved): void {
    const { best, bestEpoch, stale } = state as Pick<TrackingCallback, 'best' | 'bestEpoch' | 'stale'>;
    [this.best, this.bestEpoch, this.stale] = [best, bestEpoch, stale];
  }

  override async afterEpoch(): Promise<void> {
    const { monitor, pass, learn } = this;
    const value = learn.find(AvgStatsCallback)?.records.at(-1)?.[pass]?.[monitor];
    if (value === undefined)
      throw new TenchError(`${this.constructor.name} watches ${monitor} of ${pass}, but that pass had no batch`);
    const sign = this.mode === 'min' ? 1 : -1;
    const isBest = this.best === null ? !Number.isNaN(value) : sign * value < sign * this.best - this.minDelta;
    if (isBest) [this.best, this.bestEpoch, this.stale] = [value, learn.epoch, 0];
    else this.stale += 1;
    await this.judge(value, isBest);
  }
}

/** Ends the fit when the number has not got better for `patience` epochs (default 1). */
export class EarlyStoppingCallback extends TrackingCallback {
  readonly patience: number;

  constructor(options: TrackingOptions & { readonly patience?: number } = {}) {
    super(options);
    this.patience = needCount('patience', options.patience ?? 1, 1);
  }

  protected override judge(): void {
    if (this.stale >= this.patience) throw new CancelTrainException();
  }
}

/** Options of {@link ReduceLrOnPlateauCallback}. */
export interface PlateauOptions extends TrackingOptions {
  /** Epochs without a better number; default 1. */
  readonly patience?: number;
  /** What the rates are multiplied by; above 0, below 1; default 0.1. */
  readonly factor?: number;
  /** No rate becomes smaller than this; default 0. */
  readonly minLr?: number;
}

/** Multiplies the rates of all parameter groups by `factor` whenever the number has not got better for `patience` epochs. */
export class ReduceLrOnPlateauCallback extends TrackingCallback {
  readonly patience: number;
  readonly factor: number;
  readonly minLr: number;
  private waited = 0;

  constructor(options: PlateauOptions = {}) {
    super(options);
    const { patience = 1, factor = 0.1, minLr = 0 } = options;
    this.patience = needCount('patience', patience, 1);
    this.factor = needInRange('factor', factor, { above: 0, most: 1 });
    if (factor === 1) throw invalid('factor', 'a number below 1', factor);
    this.minLr = needInRange('minLr', minLr, { least: 0, most: Number.MAX_VALUE });
  }

  override beginFit(): void {
    void super.beginFit();
    this.waited = 0;
    if (this.learn.cbs.some((cb) => cb instanceof ParamScheduler && cb.pname === 'lr'))
      throw new TenchError(
        'ReduceLrOnPlateauCallback: the rate has a schedule, which would overwrite it at every batch',
      );
  }

  override stateDict(): Saved {
    return { ...(super.stateDict() as object), waited: this.waited };
  }

  override loadStateDict(state: Saved): void {
    super.loadStateDict(state);
    this.waited = (state as { waited: number }).waited;
  }

  protected override judge(_value: number, isBest: boolean): void {
    this.waited = isBest ? 0 : this.waited + 1;
    if (this.waited < this.patience) return;
    this.waited = 0;
    for (const hypers of this.learn.opt.hypers)
      hypers.lr = Math.min(hypers.lr!, Math.max(hypers.lr! * this.factor, this.minLr));
  }
}

/**
 * Ends the fit at the first training loss that is infinite or no number, before it reaches the weights. Reads every loss, for which an accelerator
 * must be waited for. Order 55: the recorder has the loss already.
 */
export class TerminateOnNanCallback extends Callback {
  override order = 55;
  override readonly inSearch = false;

  override afterLoss(): void {
    if (this.learn.inTrain && !Number.isFinite(this.learn.loss.item())) throw new CancelTrainException();
  }
}
