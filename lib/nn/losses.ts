/** Losses as modules: their options are given once, and `call(input, target)` is the function of the same name in `F`. */

import type { Tensor } from '../tensor/index.js';
import * as F from './functional/losses.js';
import { klDivReductions } from './functional/lossOptions.js';
import { Loss } from './loss.js';

/** A loss with a factor for each class, kept as a buffer so that `to` moves it. */
abstract class WeightedLoss<Options extends { weight?: Tensor | null }> extends Loss<Options> {
  declare weight: Tensor | null;

  constructor(options: Options = {} as Options) {
    super(options);
    this.registerBuffer('weight', options.weight ?? null);
  }
}

/** See `F.crossEntropy`. */
export class CrossEntropyLoss extends WeightedLoss<F.CrossEntropyOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.crossEntropy(input, target, { ...this.options, weight: this.weight });
  }
}

/** See `F.nllLoss`. */
export class NLLLoss extends WeightedLoss<F.ClassLossOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.nllLoss(input, target, { ...this.options, weight: this.weight });
  }
}

/** See `F.mseLoss`. */
export class MSELoss extends Loss<F.LossOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.mseLoss(input, target, this.options);
  }
}

/** See `F.l1Loss`. */
export class L1Loss extends Loss<F.LossOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.l1Loss(input, target, this.options);
  }
}

/** See `F.smoothL1Loss`. */
export class SmoothL1Loss extends Loss<F.LossOptions & { beta?: number }> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.smoothL1Loss(input, target, this.options);
  }
}

/** See `F.huberLoss`. */
export class HuberLoss extends Loss<F.LossOptions & { delta?: number }> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.huberLoss(input, target, this.options);
  }
}

/** See `F.binaryCrossEntropy`. */
export class BCELoss extends WeightedLoss<F.BinaryLossOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.binaryCrossEntropy(input, target, { ...this.options, weight: this.weight });
  }
}

/** See `F.binaryCrossEntropyWithLogits`. */
export class BCEWithLogitsLoss extends WeightedLoss<F.BinaryLossOptions & { posWeight?: Tensor | null }> {
  declare pos_weight: Tensor | null;

  constructor(options: F.BinaryLossOptions & { posWeight?: Tensor | null } = {}) {
    super(options);
    this.registerBuffer('pos_weight', options.posWeight ?? null);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.binaryCrossEntropyWithLogits(input, target, {
      ...this.options,
      weight: this.weight,
      posWeight: this.pos_weight,
    });
  }
}

interface KlDivOptions {
  reduction?: F.KlDivReduction;
  logTarget?: boolean;
}

/** See `F.klDiv`. */
export class KLDivLoss extends Loss<KlDivOptions> {
  constructor(options: KlDivOptions = {}) {
    super(options, klDivReductions);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.klDiv(input, target, this.options);
  }
}
