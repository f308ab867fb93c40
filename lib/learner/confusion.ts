/** The confusion matrix: how often each class was taken for each other one. */

import { inspect } from 'node:util';

import type { Chart } from '../charts/index.js';
import { needArray, needCount, needOptions, needTensor, needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { noGrad, zeros, type Tensor } from '../tensor/index.js';
import type { Saved } from './learnerState.js';
import { plotConfusion, type PlotConfusionOptions } from './plotting.js';

/** One pair of classes that were mixed up. */
export interface Confused {
  readonly actual: number | string;
  readonly predicted: number | string;
  readonly count: number;
}

/** Counts of actual (rows) and predicted (columns) classes. They stay on the predictions' device until they are asked for. */
export class ConfusionMatrix {
  /** Names of the classes, or null. */
  readonly vocab: readonly string[] | null;
  private sums: Tensor | null = null;
  private classes = 0;

  /** @param vocab names of the classes, for people */
  constructor(vocab: readonly string[] | null = null) {
    if (vocab !== null) for (const name of needArray('vocab', vocab)) needText('vocab', name);
    this.vocab = vocab;
  }

  /**
   * Adds a batch.
   *
   * @param pred outputs by class, [batch, classes], of which the highest is the prediction; or [batch] or [batch, 1]: logits of class 1 of two
   * @param yb class indices, [batch]
   */
  accumulate(pred: Tensor, yb: Tensor): void {
    needTensor('pred', pred);
    needTensor('yb', yb);
    const binary = pred.ndim === 1 || (pred.ndim === 2 && pred.shape[1] === 1);
    if (!binary && pred.ndim !== 2) throw invalid('pred', 'outputs of shape [batch, classes] or [batch]', pred);
    const classes = binary ? 2 : pred.shape[1]!;
    if (this.sums !== null && classes !== this.classes)
      throw invalid('pred', `${this.classes} classes, as before`, `${classes}`);
    if (yb.numel() !== pred.shape[0]) throw invalid('yb', `${pred.shape[0]} class indices`, yb);
    noGrad(() => {
      const taken = (binary ? pred.reshape([-1]).gt(0) : pred.argmax(1)).to('int64');
      const cells = yb.reshape([-1]).to('int64').mul(classes).add(taken);
      const counts = cells.bincount(null, classes * classes);
      if (counts.numel() !== classes * classes)
        throw new TenchError(`a target is not below ${classes}, the number of classes`);
      this.sums = (this.sums ?? zeros([classes * classes], { dtype: 'int64', device: counts.device })).add(counts);
    });
    this.classes = classes;
  }

  /** What a checkpoint keeps. */
  stateDict(): Saved {
    return { classes: this.classes, sums: this.sums };
  }

  /** Goes on from counts that `stateDict` returned. */
  loadStateDict(state: Saved): void {
    needOptions('state', state);
    const { classes, sums } = state as { classes: number; sums: Tensor | null };
    this.classes = needCount('state.classes', classes);
    this.sums = sums === null ? null : needTensor('state.sums', sums);
  }

  /** The counts, a row for each actual class. */
  get counts(): number[][] {
    const flat = this.sums === null ? [] : Array.from(this.sums.toTypedArray(), Number);
    return Array.from({ length: this.classes }, (_, row) => flat.slice(row * this.classes, (row + 1) * this.classes));
  }

  /** The pairs of classes that were mixed up at least `least` times, most often first. */
  mostConfused(least = 1): Confused[] {
    needCount('least', least, 1);
    const name = (index: number): number | string => this.vocab?.[index] ?? index;
    return this.counts
      .flatMap((row, actual) =>
        row.map((count, predicted) => ({ actual, predicted, count })).filter(({ predicted }) => predicted !== actual),
      )
      .filter(({ count }) => count >= least)
      .sort((a, b) => b.count - a.count)
      .map(({ actual, predicted, count }) => ({ actual: name(actual), predicted: name(predicted), count }));
  }

  /** The matrix as a chart: actual classes from top to bottom, predicted ones from left to right. */
  plot(options: PlotConfusionOptions = {}): Chart {
    return plotConfusion(this, options);
  }

  [inspect.custom](): string {
    const { counts } = this;
    const total = counts.flat().reduce((sum, count) => sum + count, 0);
    const right = counts.reduce((sum, row, i) => sum + row[i]!, 0);
    return `ConfusionMatrix(${this.classes} classes, ${right} of ${total} right)`;
  }
}
