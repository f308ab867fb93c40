/** Tiny runs of training, for the tests that follow data from its source to what a model has learned. */

import { Learner, type LearnerData, type LossFunction } from '../../../lib/learner/index.js';
import { type nn } from '../../../lib/index.js';
import { adamOpt } from '../../../lib/optim/index.js';
import { noGrad, type Tensor } from '../../../lib/tensor/index.js';

/** Trains a model for some epochs. */
export async function train(
  model: nn.Module,
  data: LearnerData,
  { epochs = 20, lr = 0.05, lossFunc }: { epochs?: number; lr?: number; lossFunc?: LossFunction } = {},
): Promise<void> {
  await new Learner(model, data, { optFunc: adamOpt, lr, ...(lossFunc && { lossFunc }) }).fit(epochs);
}

/** The share of a loader's items for which the model gives what was asked for. */
export async function shareRight(
  model: nn.Module,
  loader: AsyncIterable<readonly Tensor[]>,
  isRight: (pred: Tensor, yb: Tensor) => Tensor = (pred, yb) => pred.argmax(1).eq(yb),
): Promise<number> {
  let right = 0;
  let count = 0;
  model.eval();
  for await (const [xb, yb] of loader) {
    const hits = noGrad(() => isRight(model.call(xb!), yb!));
    right += hits.sum().item();
    count += hits.numel();
  }
  return right / count;
}
