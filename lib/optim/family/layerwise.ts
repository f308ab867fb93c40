/** Optimizers that look at a whole tensor of weights: at its norm, or at its rows and columns. */

import { needInstance } from '../../tensor/checks.js';
import { TensorList, type Tensor } from '../../tensor/index.js';
import { Stat } from '../parts.js';
import { perTensor } from '../perTensor.js';
import { trustRatio } from '../steppers.js';

/**
 * LARS: momentum in which each tensor's rate is `trust` times the ratio of its own norm to its gradient's (You et al. 2017,
 * arXiv:1708.03888). Needs `new Keep('velocity')`. Defaults: `trust` 0.001, `mom` 0.9, `wd` 0.
 *
 * The decay is inside, as in the paper; so is the rate in the velocity. Where a norm is 0 the ratio is 1.
 */
export function larsStep(
  p: TensorList,
  { lr, wd, mom, trust, velocity }: { lr: number; wd: number; mom: number; trust: number; velocity: TensorList },
): void {
  const norm = p.norm();
  const ratio = trustRatio(norm.mul(trust), p.grad.norm().add_(norm, { alpha: wd }), { most: Infinity });
  velocity.mul_(mom).add_(p.grad.add(p, { alpha: wd }).mul_(ratio), { alpha: lr });
  p.sub_(velocity);
}
larsStep.defaults = { trust: 0.001, mom: 0.9, wd: 0 };
larsStep.scoped = true;
larsStep.borrowsGrad = true;

/** State of {@link FactoredSqrGrad}. */
interface Factored extends Record<string, TensorList | number> {
  rows: TensorList;
  columns: TensorList;
  step: number;
}

/**
 * The running mean of the squared gradients as a row and a column: for r x c weights it keeps r + c numbers instead of r * c.
 *
 * State: `step`; `rows` [..., r, 1] and `columns` [..., 1, c] of the last two axes, or for a vector `rows` as long as it, and in `columns` nothing.
 * The newest gradient counts `step ** -sqrDecay`, default 0.8.
 */
export class FactoredSqrGrad extends Stat<Factored> {
  static readonly borrowsGrad = true;
  override readonly defaults = { sqrDecay: 0.8 };

  initState(p: TensorList): Factored {
    needInstance('FactoredSqrGrad: p', p, TensorList);
    const zeros = (axis: number, all: boolean): TensorList =>
      p.map((tensor) => (tensor.ndim > 1 || all ? meanOf(tensor, axis) : tensor.newZeros([0])).mul(0));
    return { rows: zeros(-1, true), columns: zeros(-2, false), step: 0 };
  }

  update(p: TensorList, state: Factored, { sqrDecay }: { sqrDecay: number }): void {
    state.step += 1;
    const share = state.step ** -sqrDecay;
    for (const [i, grad] of [...p.grad].entries()) {
      state.rows.at(i).lerp_(meanOf(grad.square(), -1), share);
      if (grad.ndim > 1) state.columns.at(i).lerp_(meanOf(grad.square(), -2), share);
    }
  }
}

/** The mean along an axis, which stays; a vector itself. */
const meanOf = (tensor: Tensor, axis: number): Tensor => (tensor.ndim > 1 ? tensor.mean(axis, true) : tensor);

/** What Adafactor takes. */
interface AdafactorContext {
  lr: number;
  wd: number;
  step: number;
  eps: number;
  leastScale: number;
  clip: number;
  rows: Tensor;
  columns: Tensor;
}

/** Adafactor for one tensor. */
function adafactorOne(p: Tensor, { lr, wd, step, eps, leastScale, clip, rows, columns }: AdafactorContext): void {
  const root = Math.sqrt(p.numel());
  const scale = p
    .norm()
    .div(root)
    .clampMin(leastScale)
    .mul(Math.min(lr, 1 / Math.sqrt(step)));
  const square = p.ndim > 1 ? rows.mul(columns).div(rows.mean(-2, true).clampMin(eps)) : rows;
  const update = square
    .clampMin(eps ** 2)
    .rsqrt()
    .mul(p.grad!);
  const excess = update
    .norm()
    .div(root * clip)
    .clampMin(1);
  p.mul_(1 - lr * wd).sub_(update.mul(scale.div(excess)));
}

/**
 * Adafactor: steps relative to the size of the weights, along gradients that are scaled by a factored mean square and clipped by their own
 * size (Shazeer, Stern 2018, arXiv:1804.04235). Takes {@link FactoredSqrGrad}.
 *
 * Defaults: `eps` 1.19e-7 (float32's; its square is the least mean square), `leastScale` 1e-3 (as which smaller weights count), `clip` 1, `wd` 0.
 */
export const adafactorStep = perTensor(
  Object.assign(adafactorOne, {
    defaults: { eps: 2 ** -23, leastScale: 1e-3, clip: 1, wd: 0 },
    scoped: true,
    borrowsGrad: true,
  }),
);
