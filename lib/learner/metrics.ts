/** Metrics: how good predictions are, as the mean over a batch. */

import type { Tensor } from '../tensor/index.js';
import { invalid } from '../tensor/errors.js';

/**
 * The mean of some quality over one batch, as a tensor of one element (which may stay on its device until the epoch's end) or a number.
 * Its name in tables and records is the function's own name.
 */
export type Metric = (pred: Tensor, yb: Tensor) => Tensor | number;

/** Share of the samples whose highest output is the target. `pred`: [batch, classes]; `yb`: class indices [batch]. */
export function accuracy(pred: Tensor, yb: Tensor): Tensor {
  return share(pred.argmax(1).eq(yb));
}

/** Share of the samples whose highest output is not the target: 1 - accuracy. */
export function errorRate(pred: Tensor, yb: Tensor): Tensor {
  return share(pred.argmax(1).ne(yb));
}

/**
 * Makes the metric "target among the k highest outputs", named `accuracyTop5` for k = 5.
 *
 * @param k at least 1; more classes than there are count as all
 */
export function accuracyTopK(k: number): Metric {
  if (!Number.isSafeInteger(k) || k < 1) throw invalid('k', 'a whole number of at least 1', k);
  const metric: Metric = (pred, yb) => {
    const highest = pred.topk(Math.min(k, pred.shape[1] ?? 1), 1)[1];
    return share(highest.eq(yb.unsqueeze(1)).any(1));
  };
  return named(`accuracyTop${k}`, metric);
}

/** The share of true values; in float64, so that a share of thousands of samples is still a whole number of them. */
function share(flags: Tensor): Tensor {
  return flags.to('float64').mean();
}

/** Gives a metric made by a function the name that tables show. */
export function named(name: string, metric: Metric): Metric {
  return Object.defineProperty(metric, 'name', { value: name });
}
