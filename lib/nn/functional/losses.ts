/** Losses: how far predictions are from targets, as one number for `backward`, or one a sample with `reduction: 'none'`. */

import * as operators from '../../tensor/index.js';
import { callOperator, type Tensor } from '../../tensor/index.js';
import { needTensor } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import { klDivReductions, needLossOptions } from './lossOptions.js';
import { reductionCode, type Reduction } from './options.js';

/** Options that every loss has. */
export interface LossOptions {
  /** `'mean'` (default), `'sum'`, or `'none'` for the loss of every element or sample. */
  reduction?: Reduction;
}

/** Options of the losses over classes. */
export interface ClassLossOptions extends LossOptions {
  /** A factor for each class, shape [classes]; the mean is divided by the factors' sum. */
  weight?: Tensor | null;
  /** A class index that counts for nothing; default -100. */
  ignoreIndex?: number;
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends ClassLossOptions {
  /** Share of the target that is spread evenly over all classes, 0 to 1; default 0 (Szegedy et al. 2015). */
  labelSmoothing?: number;
}

/**
 * Cross-entropy of logits: the negative log of the probability that `input` gives to the target.
 *
 * @param input logits, [batch, classes, ...] or [classes]
 * @param target class indices (whole-number dtype, the shape of `input` without the class axis), or probabilities (the shape of `input`)
 * @throws ArgumentError when indices are given as floats, the usual result of `tensor([1, 2])` without `dtype: 'int64'`
 */
export function crossEntropy(input: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  needLossOptions('crossEntropy', options);
  const { weight = null, reduction = 'mean', ignoreIndex = -100, labelSmoothing = 0 } = options;
  const { ndim } = needTensor('crossEntropy: input', input);
  const wanted =
    needTensor('crossEntropy: target', target).ndim === ndim ? target : classIndices('crossEntropy', target);
  return operators.crossEntropyLoss(input, wanted, weight, reductionCode(reduction), ignoreIndex, labelSmoothing);
}

/**
 * Negative log-likelihood: like {@link crossEntropy}, for log-probabilities instead of logits.
 *
 * @param input log-probabilities, [batch, classes, ...] or [classes]
 * @param target class indices, the shape of `input` without the class axis
 */
export function nllLoss(input: Tensor, target: Tensor, options: ClassLossOptions = {}): Tensor {
  needLossOptions('nllLoss', options);
  const { weight = null, reduction = 'mean', ignoreIndex = -100 } = options;
  return callOperator('aten::nll_loss_nd', [
    input,
    classIndices('nllLoss', needTensor('nllLoss: target', target)),
    weight,
    reductionCode(reduction),
    ignoreIndex,
  ]) as Tensor;
}

function classIndices(where: string, target: Tensor): Tensor {
  if (target.dtype === 'int64') return target;
  if (/^u?int/.test(target.dtype)) return target.to('int64');
  throw invalid(
    `${where}: target`,
    "class indices of dtype int64 (make them with `dtype: 'int64'`), or probabilities of the input's shape",
    target,
  );
}

/** Mean of the squared differences. `input` and `target` have one shape. */
export function mseLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  needLossOptions('mseLoss', options);
  return operators.mseLoss(...sameShape('mseLoss', input, target), reductionCode(options.reduction ?? 'mean'));
}

/** Mean of the absolute differences. `input` and `target` have one shape. */
export function l1Loss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  needLossOptions('l1Loss', options);
  return operators.l1Loss(...sameShape('l1Loss', input, target), reductionCode(options.reduction ?? 'mean'));
}

/** Squared below `beta` (default 1) and absolute above it (Girshick 2015); divided by `beta`, unlike {@link huberLoss}. */
export function smoothL1Loss(input: Tensor, target: Tensor, options: LossOptions & { beta?: number } = {}): Tensor {
  needLossOptions('smoothL1Loss', options);
  const { reduction = 'mean', beta = 1 } = options;
  return operators.smoothL1Loss(...sameShape('smoothL1Loss', input, target), reductionCode(reduction), beta);
}

/** Squared below `delta` (default 1) and absolute above it (Huber 1964). */
export function huberLoss(input: Tensor, target: Tensor, options: LossOptions & { delta?: number } = {}): Tensor {
  needLossOptions('huberLoss', options);
  const { reduction = 'mean', delta = 1 } = options;
  return operators.huberLoss(...sameShape('huberLoss', input, target), reductionCode(reduction), delta);
}

/** Options of the losses over yes-or-no targets. */
export interface BinaryLossOptions extends LossOptions {
  /** A factor for every element, broadcast to the input's shape. */
  weight?: Tensor | null;
}

/** Cross-entropy of probabilities in [0, 1] with targets in [0, 1] of the same shape. Logits are safer: {@link binaryCrossEntropyWithLogits}. */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options: BinaryLossOptions = {}): Tensor {
  needLossOptions('binaryCrossEntropy', options);
  const { weight = null, reduction = 'mean' } = options;
  return operators.binaryCrossEntropy(
    ...sameShape('binaryCrossEntropy', input, target),
    weight,
    reductionCode(reduction),
  );
}

/**
 * Cross-entropy of a sigmoid's logits with targets in [0, 1] of the same shape, computed without overflow.
 *
 * `posWeight` is a factor for the positive targets, broadcast to the input's shape.
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  options: BinaryLossOptions & { posWeight?: Tensor | null } = {},
): Tensor {
  needLossOptions('binaryCrossEntropyWithLogits', options);
  const { weight = null, posWeight = null, reduction = 'mean' } = options;
  return operators.binaryCrossEntropyWithLogits(
    ...sameShape('binaryCrossEntropyWithLogits', input, target),
    weight,
    posWeight,
    reductionCode(reduction),
  );
}

/** How `klDiv` sums up: as every loss, or by the batch size. */
export type KlDivReduction = Reduction | 'batchmean';

/**
 * Kullback-Leibler divergence of the target's distribution from the input's.
 *
 * @param input log-probabilities
 * @param target probabilities, or log-probabilities with `logTarget`
 * @param options `reduction: 'batchmean'` divides the sum by the batch size, which is the divergence's definition; `'mean'` (default, as in PyTorch) divides by the number of elements
 */
export function klDiv(
  input: Tensor,
  target: Tensor,
  options: { reduction?: KlDivReduction; logTarget?: boolean } = {},
): Tensor {
  needLossOptions('klDiv', options, klDivReductions);
  const { reduction = 'mean', logTarget = false } = options;
  const loss = operators.klDiv(input, target, reductionCode(reduction === 'batchmean' ? 'sum' : reduction), {
    logTarget,
  });
  return reduction === 'batchmean' ? loss.div(input.shape[0] ?? 1) : loss;
}

/** Refuses to broadcast: [n] against [n, 1] would compare every prediction with every target. */
function sameShape(where: string, input: Tensor, target: Tensor): [Tensor, Tensor] {
  const [a, b] = [needTensor(`${where}: input`, input).shape, needTensor(`${where}: target`, target).shape];
  if (a.length !== b.length || a.some((size, i) => size !== b[i])) {
    throw invalid(`${where}: target`, `the input's shape [${a.join(', ')}]`, target);
  }
  return [input, target];
}
