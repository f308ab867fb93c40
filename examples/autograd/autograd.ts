/** What docs/autograd.md shows: a function with its own backward, a gradient penalty, a checkpointed block, a step in float16. */

import {
  AutogradFunction,
  autocast,
  checkpoint,
  grad,
  type GradScaler,
  type Module,
  type Optimizer,
  type Tensor,
} from 'tench';

/** Rounds, and lets gradients through as if it had not. */
export class Round extends AutogradFunction {
  forward(x: Tensor): Tensor {
    return x.round();
  }
  backward(gradient: Tensor): Tensor {
    return gradient;
  }
}

/** x * sigmoid(factor * x), with a derivative of its own. */
export class Swish extends AutogradFunction<{ x: Tensor }> {
  private factor = 1;

  forward(x: Tensor, factor: number): Tensor {
    this.factor = factor;
    this.saveForBackward({ x });
    return x.mul(x.mul(factor).sigmoid());
  }
  backward(gradient: Tensor): (Tensor | null)[] {
    const { x } = this.saved;
    const gate = x.mul(this.factor).sigmoid();
    const slope = gate.add(x.mul(gate).mul(gate.neg().add(1)).mul(this.factor));
    return [gradient.mul(slope), null];
  }
}

/** How far the gradient of a critic is from length 1 (Gulrajani et al. 2017, arXiv:1704.00028). */
export function gradientPenalty(critic: (x: Tensor) => Tensor, x: Tensor): Tensor {
  const [gradient] = grad(critic(x).sum(), x, { createGraph: true });
  return gradient!.pow(2).sum([1]).sqrt().sub(1).pow(2).mean();
}

/** Keeps the activations at the blocks' borders only; each block is computed again in backward. */
export function inBlocks(blocks: readonly Module[], x: Tensor): Tensor {
  return blocks.reduce((h, block) => checkpoint((y) => block.call(y), h), x);
}

/** One step of training in float16. */
export function halfStep(
  model: Module,
  lossOf: (y: Tensor) => Tensor,
  xb: Tensor,
  opt: Optimizer,
  scaler: GradScaler,
): void {
  const loss = autocast({ dtype: 'float16' }, () => lossOf(model.call(xb)));
  scaler.scale(loss).backward();
  scaler.step(opt);
  scaler.update();
  opt.zeroGrad();
}
