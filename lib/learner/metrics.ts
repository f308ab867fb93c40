/** Metrics: how good predictions are, as the mean over a batch; for those of a whole pass see epochMetrics.ts. */

import { needCount, needFunction, needTensor, needText } from '../tensor/checks.js';
import type { Tensor } from '../tensor/index.js';
import type { Saved } from './learnerState.js';
import { sameShape } from './epochMetrics.js';

/**
 * The mean of some quality over one batch, as a tensor of one element (which may stay on its device until the epoch's end) or a number.
 * Its name in tables and records is the function's own name.
 */
export type Metric = (pred: Tensor, yb: Tensor) => Tensor | number;

/** A metric of a whole pass, which is no mean of its batches. Its description: each pass starts a state of its own. */
export interface EpochMetric {
  /** Its name in tables and records. */
  readonly name: string;
  start(): {
    /** Takes in a batch. What is read here makes the device wait at every batch. */
    accumulate(pred: Tensor, yb: Tensor): void;
    /** The metric of all batches so far. */
    value(): number;
    /** What a checkpoint in the middle of a pass keeps, and how to go on from there. Without them a resumed pass counts its rest alone. */
    stateDict?(): Saved;
    loadStateDict?(state: Saved): void;
  };
}

/** Share of the samples whose highest output is the target. `pred`: [batch, classes]; `yb`: class indices [batch]. */
export function accuracy(pred: Tensor, yb: Tensor): Tensor {
  return share(needTensor('accuracy: pred', pred).argmax(1).eq(needTensor('accuracy: yb', yb)));
}

/** Share of the samples whose highest output is not the target: 1 - accuracy. */
export function errorRate(pred: Tensor, yb: Tensor): Tensor {
  return share(needTensor('errorRate: pred', pred).argmax(1).ne(needTensor('errorRate: yb', yb)));
}

/**
 * Makes the metric "target among the k highest outputs", named `accuracyTop5` for k = 5.
 *
 * @param k at least 1; more classes than there are count as all
 */
export function accuracyTopK(k: number): Metric {
  needCount('k', k, 1);
  const metric: Metric = (pred, yb) => {
    needTensor('pred', pred);
    needTensor('yb', yb);
    const highest = pred.topk(Math.min(k, pred.shape[1] ?? 1), 1)[1];
    return share(highest.eq(yb.unsqueeze(1)).any(1));
  };
  return named(`accuracyTop${k}`, metric);
}

/** Mean squared error over all elements. `pred` and `yb` have the same shape. */
export function meanSquaredError(pred: Tensor, yb: Tensor): Tensor {
  sameShape('meanSquaredError', pred, yb);
  return pred.to('float64').sub(yb).square().mean();
}

/** Mean absolute error over all elements. `pred` and `yb` have the same shape. */
export function meanAbsoluteError(pred: Tensor, yb: Tensor): Tensor {
  sameShape('meanAbsoluteError', pred, yb);
  return pred.to('float64').sub(yb).abs().mean();
}

/** The share of true values; in float64, so that a share of thousands of samples is still a whole number of them. */
function share(flags: Tensor): Tensor {
  return flags.to('float64').mean();
}

/** Gives a metric made by a function the name that tables show. */
export function named(name: string, metric: Metric): Metric {
  needFunction('metric', metric);
  return Object.defineProperty(metric, 'name', { value: needText('name', name), configurable: true });
}
