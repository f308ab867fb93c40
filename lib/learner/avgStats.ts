/** Statistics by epoch: loss and metrics averaged over samples, training and validation apart, with one read from the device a pass. */

import { inspect } from 'node:util';

import { isTensor, noGrad, stack, zeros, type Tensor } from '../tensor/index.js';
import { needTensor } from '../tensor/checks.js';
import { TenchError, describe, invalid } from '../tensor/errors.js';
import { Callback } from './callback.js';
import type { Averages, EpochRecord } from './epochRecord.js';
import type { Metric } from './metrics.js';

/**
 * Sums of loss and metrics, each batch weighted by its number of samples: the last batch of a pass is usually smaller, and a plain mean of
 * batch means would count its samples more. The sums are float64 on the batch's device; only `averages` asks the device for them.
 */
export class AvgStats {
  /** Samples seen. */
  count = 0;
  private sums: Tensor[] | null = null;
  private readonly names: readonly string[];

  readonly metrics: readonly Metric[];

  constructor(metrics: readonly Metric[]) {
    this.metrics = needMetrics(metrics);
    this.names = ['loss', ...metrics.map((metric) => metric.name)];
  }

  reset(): void {
    this.count = 0;
    this.sums = null;
  }

  /** Adds one batch: its mean loss, and the metrics of its predictions. */
  accumulate(loss: Tensor, pred: Tensor, yb: Tensor): void {
    needTensor('loss', loss);
    needTensor('pred', pred);
    const samples = needTensor('yb', yb).shape[0] ?? 1;
    this.count += samples;
    noGrad(() => {
      const sums = (this.sums ??= this.names.map(() => zeros([], { dtype: 'float64', device: loss.device })));
      const values = [loss, ...this.metrics.map((metric) => metric(pred, yb))];
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
    });
  }

  /** The means so far, or null before the first sample. */
  averages(): Averages | null {
    if (this.sums === null) return null;
    const values = stack(this.sums).toTypedArray();
    return Object.fromEntries(this.names.map((name, i) => [name, Number(values[i]) / this.count]));
  }
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
  constructor(metrics: Metric | readonly Metric[] = []) {
    super();
    const list = typeof metrics === 'function' ? [metrics] : metrics;
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

/** Functions whose names can be columns of one table. */
function needMetrics(metrics: readonly Metric[]): readonly Metric[] {
  const given: unknown = metrics;
  if (!Array.isArray(given) || !given.every((metric) => typeof metric === 'function'))
    throw invalid('metrics', 'a function or a list of functions', metrics);
  const names = ['loss', ...metrics.map((metric) => metric.name)];
  if (names.every((name: unknown) => typeof name === 'string' && name !== '') && new Set(names).size === names.length)
    return metrics;
  throw invalid('metrics', "functions with different names other than 'loss' (name one with `named`)", names.slice(1));
}
