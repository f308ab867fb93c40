/** How alike vectors are, and the losses that bring vectors of one kind together and move others apart. */

import * as operators from '../../tensor/index.js';
import type { Tensor } from '../../tensor/index.js';
import { needTensor } from '../../tensor/checks.js';
import { needLossOptions } from './lossOptions.js';
import { reductionCode } from './options.js';
import type { LossOptions } from './losses.js';

/** Each vector along `dim` (default 1) divided by its `p`-norm (default 2), or by `eps` (default 1e-12) where that is larger. */
export function normalize(input: Tensor, options: { p?: number; dim?: number; eps?: number } = {}): Tensor {
  needLossOptions('normalize', options);
  const { p = 2, dim = 1, eps = 1e-12 } = options;
  return needTensor('normalize: input', input).div(input.norm(p, [dim], true).clampMin(eps));
}

/** The cosine of the angle between vectors along `dim` (default 1); norms below `eps` (default 1e-8) count as `eps`. */
export function cosineSimilarity(a: Tensor, b: Tensor, options: { dim?: number; eps?: number } = {}): Tensor {
  needLossOptions('cosineSimilarity', options);
  return operators.cosineSimilarity(a, b, options.dim ?? 1, options.eps ?? 1e-8);
}

/** The `p`-norm (default 2) of the difference of rows, `eps` (default 1e-6) added to each of its elements. */
export function pairwiseDistance(
  a: Tensor,
  b: Tensor,
  options: { p?: number; eps?: number; keepdim?: boolean } = {},
): Tensor {
  needLossOptions('pairwiseDistance', options);
  return operators.pairwiseDistance(a, b, options.p ?? 2, options.eps ?? 1e-6, options.keepdim ?? false);
}

/** Options of the losses with a margin. */
export interface MarginOptions extends LossOptions {
  /** How far apart is far enough. */
  margin?: number;
}

/** 1 - cosine where the target is 1, and what the cosine is above `margin` (default 0) where it is -1. */
export function cosineEmbeddingLoss(a: Tensor, b: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  needLossOptions('cosineEmbeddingLoss', options);
  return operators.cosineEmbeddingLoss(a, b, target, options.margin ?? 0, reductionCode(options.reduction ?? 'mean'));
}

/** What `a` lacks to be above `b` by `margin` (default 0), where the target is 1; the other way round where it is -1. */
export function marginRankingLoss(a: Tensor, b: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  needLossOptions('marginRankingLoss', options);
  return operators.marginRankingLoss(a, b, target, options.margin ?? 0, reductionCode(options.reduction ?? 'mean'));
}

/** The distance itself where the target is 1, and what it lacks to `margin` (default 1) where it is -1. */
export function hingeEmbeddingLoss(input: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  needLossOptions('hingeEmbeddingLoss', options);
  return operators.hingeEmbeddingLoss(input, target, options.margin ?? 1, reductionCode(options.reduction ?? 'mean'));
}

/** log(1 + exp(-target * input)), for targets of 1 and -1. */
export function softMarginLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  needLossOptions('softMarginLoss', options);
  return operators.softMarginLoss(input, target, reductionCode(options.reduction ?? 'mean'));
}

/** Options of {@link tripletMarginLoss}. */
export interface TripletMarginOptions extends MarginOptions {
  /** Which norm measures distance; default 2. */
  p?: number;
  /** Added to each element of a difference; default 1e-6. */
  eps?: number;
  /** Whether the negative is measured from the positive where that is nearer; default false. */
  swap?: boolean;
}

/** What the anchor's distance to the negative lacks to exceed that to the positive by `margin`, default 1 (Schroff et al. 2015, arXiv:1503.03832). */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletMarginOptions = {},
): Tensor {
  needLossOptions('tripletMarginLoss', options);
  const { margin = 1, p = 2, eps = 1e-6, swap = false, reduction = 'mean' } = options;
  return operators.tripletMarginLoss(anchor, positive, negative, margin, p, eps, swap, reductionCode(reduction));
}
