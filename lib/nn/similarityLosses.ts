/** The losses that compare vectors, and the distances themselves, as modules: `call` is the function of the same name in `F`. */

import type { Tensor } from '../tensor/index.js';
import * as F from './functional/similarity.js';
import type { LossOptions } from './functional/losses.js';
import { Loss } from './loss.js';

type Pair = [a: Tensor, b: Tensor];
type LabelledPair = [a: Tensor, b: Tensor, target: Tensor];
type Triplet = [anchor: Tensor, positive: Tensor, negative: Tensor];

/** See `F.cosineSimilarity`. */
export class CosineSimilarity extends Loss<{ dim?: number; eps?: number }, Pair> {
  override forward(a: Tensor, b: Tensor): Tensor {
    return F.cosineSimilarity(a, b, this.options);
  }
}

/** See `F.pairwiseDistance`. */
export class PairwiseDistance extends Loss<{ p?: number; eps?: number; keepdim?: boolean }, Pair> {
  override forward(a: Tensor, b: Tensor): Tensor {
    return F.pairwiseDistance(a, b, this.options);
  }
}

/** See `F.cosineEmbeddingLoss`. */
export class CosineEmbeddingLoss extends Loss<F.MarginOptions, LabelledPair> {
  override forward(a: Tensor, b: Tensor, target: Tensor): Tensor {
    return F.cosineEmbeddingLoss(a, b, target, this.options);
  }
}

/** See `F.marginRankingLoss`. */
export class MarginRankingLoss extends Loss<F.MarginOptions, LabelledPair> {
  override forward(a: Tensor, b: Tensor, target: Tensor): Tensor {
    return F.marginRankingLoss(a, b, target, this.options);
  }
}

/** See `F.hingeEmbeddingLoss`. */
export class HingeEmbeddingLoss extends Loss<F.MarginOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.hingeEmbeddingLoss(input, target, this.options);
  }
}

/** See `F.softMarginLoss`. */
export class SoftMarginLoss extends Loss<LossOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.softMarginLoss(input, target, this.options);
  }
}

/** See `F.tripletMarginLoss`. */
export class TripletMarginLoss extends Loss<F.TripletMarginOptions, Triplet> {
  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return F.tripletMarginLoss(anchor, positive, negative, this.options);
  }
}
