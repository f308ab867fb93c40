/** Relatives of momentum: steps along some mixture of the gradient and its average. */

import type { TensorList } from '../../tensor/index.js';

/**
 * Nesterov's momentum: along the average as it will be when the same gradient has come once more,
 * `p -= lr * (grad + mom * gradAvg)` (Sutskever et al. 2013, proceedings.mlr.press/v28/sutskever13).
 *
 * Takes the average without dampening: `new AverageGrad()`.
 */
export function nesterovStep(
  p: TensorList,
  { lr, mom, gradAvg }: { lr: number; mom: number; gradAvg: TensorList },
): void {
  p.add_(p.grad.add(gradAvg, { alpha: mom }), { alpha: -lr });
}
nesterovStep.scoped = true;
nesterovStep.borrowsGrad = true;

/**
 * Quasi-hyperbolic momentum: the share `nu` of the averaged gradient, the rest of the new one (Ma, Yarats 2019, arXiv:1810.06801).
 * Default `nu` 0.7; with 0 it is plain gradient descent, with 1 dampened momentum.
 *
 * Takes the average with dampening.
 */
export function qhmStep(p: TensorList, { lr, nu, gradAvg }: { lr: number; nu: number; gradAvg: TensorList }): void {
  p.add_(p.grad.lerp(gradAvg, nu), { alpha: -lr });
}
qhmStep.defaults = { nu: 0.7 };
qhmStep.scoped = true;
qhmStep.borrowsGrad = true;

/**
 * Lion: every weight moves by `lr`, in the direction of the sign of an average; another average, of longer memory, is what it remembers
 * (Chen et al. 2023, arXiv:2302.06675). Defaults: `mom` 0.9 for the sign, `avgMom` 0.99 for the memory.
 *
 * Writes the memory itself, after the step: `new Keep('gradAvg')`.
 */
export function lionStep(
  p: TensorList,
  { lr, mom, avgMom, gradAvg }: { lr: number; mom: number; avgMom: number; gradAvg: TensorList },
): void {
  p.add_(gradAvg.lerp(p.grad, 1 - mom).sign_(), { alpha: -lr });
  gradAvg.lerp_(p.grad, 1 - avgMom);
}
lionStep.defaults = { mom: 0.9, avgMom: 0.99 };
lionStep.scoped = true;
lionStep.borrowsGrad = true;
