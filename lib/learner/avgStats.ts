/** Statistics by epoch: loss and metrics averaged over samples, training and validation apart, with one read from the device a pass. */

import { inspect } from 'node:util';

import { isTensor, noGrad, stack, zeros, type Tensor } from '../tensor/index.js';
import { needArray, needCount, needOptions, needTensor } from '../tensor/checks.js';
import { TenchError, describe, invalid } from '../tensor/errors.js';
import { Callback } from './callback.js';
import type { Averages, EpochRecord } from './epochRecord.js';
import type { Saved } from './learnerState.js';
import type { EpochMetric, Metric } from './metrics.js';

/** A metric of batches or of whole passes. */
export type AnyMetric = Metric | EpochMetric;

/**
 * Sums of loss and metrics, each batch weighted by its number of samples: the last batch of a pass is usually smaller, and a plain mean of
 * batch means would count its samples more. The sums are float64 on the batch's device; only `averages` asks the device for them.
 */
export class AvgStats {
  /** Samples seen. */
  count = 0;
  private sums: Tensor[] | null = null;
  private readonly names: readonly string[];

  readonly metrics: readonly AnyMetric[];
  private readonly means: readonly Metric[];
  private readonly wholes: readonly EpochMetric[];
  private states: readonly (EpochMetric & ReturnType<EpochMetric['start']>)[] = [];

  constructor(metrics: readonly AnyMetric[]) {
    this.metrics = needMetrics(metrics);
    this.means = metrics.filter((metric) => typeof metric === 'function');
    this.wholes = metrics.filter((metric) => typeof metric !== 'function');
    this.names = ['loss', ...this.means.map((metric) => metric.name)];
  }

  reset(): void {
    this.count = 0;
    this.sums = null;
    this.states = [];
  }

  /** Adds one batch: its mean loss, and the metrics of its predictions. */
  accumulate(loss: Tensor, pred: Tensor, yb: Tensor): void {
    needTensor('loss', loss);
    needTensor('pred', pred);
    const samples = needTensor('yb', yb).shape[0] ?? 1;
    this.count += samples;
    noGrad(() => {
      const sums = (this.sums ??= this.names.map(() => zeros([], { dtype: 'float64', device: loss.device })));
      const values = [loss, ...this.means.map((metric) => metric(pred, yb))];
      for (const [i, value] of values.entries()) {
        if (typeof value === 'number') sums[i]?.add_(value * samples);
        else if (!isTensor(value))
          throw new TenchError(`${this.names[i]} must be one number a batch, but is ${describe(value)}`);
        else if (value.numel() === 1) sums[i]?.add_(value.reshape([]), { alpha: samples });
        else
          throw new TenchError(
            `${this.names[i]} must be one number a batch, but is a tensor of shape [${value.shape.join(', ')}]`,
          );
      }
      if (this.states.length === 0) this.states = this.wholes.map((metric) => ({ ...metric, ...metric.start() }));
      for (const state of this.states) state.accumulate(pred, yb);
    });
  }

  /** The sums so far. */
  stateDict(): Saved {
    return { count: this.count, sums: this.sums, states: this.states.map((state) => state.stateDict?.() ?? null) };
  }

  /** Goes on from sums that `stateDict` returned. A metric of whole passes that cannot be kept counts the rest of its pass alone. */
  loadStateDict(state: Saved): void {
    needOptions('state', state);
    const { count, sums, states } = state as { count: number; sums: Tensor[] | null; states: Saved[] };
    this.count = needCount('state.count', count);
    this.sums =
      sums === null ? null : needArray('state.sums', sums).map((sum) => needTensor('state.sums', sum).clone());
    needArray('state.states', states);
    this.states = states.length === 0 ? [] : this.wholes.map((metric) => ({ ...metric, ...metric.start() }));
    this.states.forEach((one, i) => {
      if ((states[i] ?? null) !== null) one.loadStateDict?.(states[i]!);
    });
  }

  /** The means so far, or null before the first sample. */
  averages(): Averages | null {
    if (this.sums === null) return null;
    const values = stack(this.sums).toTypedArray();
    const means = this.names.map((name, i): [string, number] => [name, Number(values[i]) / this.count]);
    const wholes = this.states.map((state): [string, number] => [state.name, state.value()]);
    const all = Object.fromEntries([...means, ...wholes]);
    return Object.fromEntries(['loss', ...this.metrics.map(({ name }) => name)].map((name) => [name, all[name]!]));
  }
}

/** What a checkpoint keeps; times in milliseconds since the epoch began. */
interface Kept {
  readonly seconds: number;
  readonly trained: number;
  readonly records: readonly EpochRecord[];
  readonly train: Saved;
}

/** Collects an {@link EpochRecord} for each epoch and hands it to `learn.logger`. */
export class AvgStatsCallback extends Callback {
  override order = 10;
  override readonly inSearch = false;

  /** The finished epochs of the current or last fit. */
  records: EpochRecord[] = [];
  readonly train: AvgStats;
  readonly valid: AvgStats;
  private began = 0;
  private trained = 0;

  /** @param metrics one metric or several, with different names */
  constructor(metrics: AnyMetric | readonly AnyMetric[] = []) {
    super();
    const list = isList(metrics) ? metrics : [metrics];
    this.train = new AvgStats(list);
    this.valid = new AvgStats(list);
  }

  /** The names of the columns: loss, and the metrics. */
  get names(): readonly string[] {
    return ['loss', ...this.train.metrics.map((metric) => metric.name)];
  }

  override [inspect.custom](): string {
    return `AvgStatsCallback(${this.names.join(', ')}; ${this.records.length} epochs)`;
  }

  override beginFit(): void {
    this.records = [];
  }

  override beginEpoch(): void {
    this.train.reset();
    this.valid.reset();
    this.began = this.trained = performance.now();
  }

  /** Validation is never cut in two. */
  override stateDict(): Saved {
    const now = performance.now();
    const times = { seconds: now - this.began, trained: this.trained - this.began };
    return { ...times, records: this.records as unknown as Saved, train: this.train.stateDict() };
  }

  override loadStateDict(state: Saved): void {
    const { seconds, trained, records, train } = state as unknown as Kept;
    this.records = [...records];
    this.train.loadStateDict(train);
    this.began = performance.now() - seconds;
    this.trained = this.began + trained;
  }

  override afterLoss(): void {
    const { learn } = this;
    (learn.inTrain ? this.train : this.valid).accumulate(learn.loss, learn.pred, learn.yb);
  }

  override afterBatch(): void {
    if (this.learn.inTrain) this.trained = performance.now();
  }

  override afterEpoch(): void {
    const record: EpochRecord = {
      epoch: this.learn.epoch,
      train: this.train.averages(),
      valid: this.valid.averages(),
      seconds: (performance.now() - this.began) / 1000,
      imagesPerSecond: this.train.count === 0 ? 0 : (1000 * this.train.count) / (this.trained - this.began),
    };
    this.records.push(record);
    this.learn.logger(record);
  }
}

const isList = (metrics: AnyMetric | readonly AnyMetric[]): metrics is readonly AnyMetric[] => Array.isArray(metrics);

/** Metrics whose names can be columns of one table. */
function needMetrics(metrics: readonly AnyMetric[]): readonly AnyMetric[] {
  const given: unknown = metrics;
  if (!Array.isArray(given) || !given.every(isMetric))
    throw invalid('metrics', 'a function, what a function such as `f1Score()` returns, or a list of them', metrics);
  const names = ['loss', ...metrics.map((metric) => metric.name)];
  if (names.every((name: unknown) => typeof name === 'string' && name !== '') && new Set(names).size === names.length)
    return metrics;
  throw invalid('metrics', "functions with different names other than 'loss' (name one with `named`)", names.slice(1));
}

const isMetric = (metric: unknown): metric is AnyMetric =>
  typeof metric === 'function' ||
  (typeof metric === 'object' && metric !== null && typeof (metric as Partial<EpochMetric>).start === 'function');
