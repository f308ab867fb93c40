/** What the loop needs of data, batches and functions that may be the user's own, and what it takes where none are given. */

import * as F from '../nn/functional.js';
import type { Module } from '../nn/index.js';
import { isCount } from '../tensor/checks.js';
import { TenchError, describe, invalid } from '../tensor/errors.js';
import { isTensor, type Tensor } from '../tensor/index.js';
import type { BatchLoader, LearnerData, LossFunction } from './options.js';

/** The cross-entropy of logits and class indices. */
export const defaultLoss: LossFunction = (pred, yb, options) => F.crossEntropy(pred, yb, options);

/** The optimizer's groups are those that the model knows of. */
export const groupsOfModel = (model: Module): Tensor[][] => model.parameterGroups();

/** Loaders that the loop can walk over. */
export function needData(data: LearnerData): LearnerData {
  const given = data as Partial<LearnerData> | null | undefined;
  needLoader('data.trainDl', given?.trainDl);
  if (given?.validDl !== undefined && given.validDl !== null) needLoader('data.validDl', given.validDl);
  return data;
}

/** A loader that the loop can walk over. */
export function needLoader(argument: string, loader: unknown): void {
  const given = loader as Partial<BatchLoader> | null | undefined;
  if (!isCount(given?.length, 0) || typeof given[Symbol.asyncIterator] !== 'function')
    throw invalid(argument, 'an async iterable of batches with a `length`', loader);
}

/** A batch as a loader gave it. */
export function needBatch(batch: unknown): [xb: Tensor, yb: Tensor] {
  const [xb, yb] = (Array.isArray(batch) ? batch : []) as unknown[];
  if (isTensor(xb) && isTensor(yb)) return [xb, yb];
  throw new TenchError(
    `a batch must be inputs and targets, [xb, yb]; the loader gave something else: ${describe(batch)}`,
  );
}

/** What a function of the user's returned. */
export function needTensor(what: string, value: unknown): Tensor {
  if (isTensor(value)) return value;
  throw new TenchError(`${what} must return a tensor, but returned ${describe(value)}`);
}

/** The loss of each sample. @param who needs it */
export function lossBySample(who: string, lossFunc: LossFunction, pred: Tensor, yb: Tensor): Tensor {
  const loss: unknown = lossFunc(pred, yb, { reduction: 'none' });
  if (isTensor(loss) && loss.ndim > 0 && loss.shape[0] === yb.shape[0]) return loss;
  throw new TenchError(
    `${who} needs the loss of each sample: the learner's lossFunc must hand its third argument on to the loss, e.g. \`F.crossEntropy\`, or \`(pred, yb, options) => F.crossEntropy(pred, yb, { labelSmoothing: 0.1, ...options })\``,
  );
}
