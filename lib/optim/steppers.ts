/** Steppers: how optimizers change the parameters, in the order in which they grow out of one another. */

import { needInRange, needInstance, needNumber, needOptions } from '../tensor/checks.js';
import { TensorList, where } from '../tensor/index.js';

/** Gradient descent: `p -= lr * grad`. */
export function sgdStep(p: TensorList, { lr }: { lr: number }): void {
  p.add_(p.grad, { alpha: -lr });
}
sgdStep.borrowsGrad = true;

/**
 * Decoupled weight decay: `p *= 1 - lr * wd` (Loshchilov, Hutter 2019, arXiv:1711.05101). Default `wd` 0.
 *
 * Stands before the step, as in the paper, so that the step does not decay what it has just added. With plain SGD it equals {@link l2Reg};
 * with momentum or Adam it does not, because it never enters the averages.
 */
export function weightDecay(p: TensorList, { lr, wd }: { lr: number; wd: number }): void {
  if (wd !== 0) p.mul_(1 - lr * wd);
}
weightDecay.defaults = { wd: 0 };
weightDecay.borrowsGrad = true;

/**
 * L2 regularisation: `grad += wd * p`, the gradient of `wd / 2 * sum(p ** 2)` in the loss. Default `wd` 0.
 *
 * Belongs into `gradSteppers`: the stats must see the changed gradient. `tensor.grad` has its own value again after the step.
 */
export function l2Reg(p: TensorList, { wd }: { wd: number }): void {
  if (wd !== 0) p.grad = p.grad.add(p, { alpha: wd });
}
l2Reg.defaults = { wd: 0 };
l2Reg.borrowsGrad = true;

/** Gradient descent along the averaged gradient: `p -= lr * gradAvg`. */
export function momentumStep(p: TensorList, { lr, gradAvg }: { lr: number; gradAvg: TensorList }): void {
  p.add_(gradAvg, { alpha: -lr });
}
momentumStep.borrowsGrad = true;

/**
 * What a running average must be divided by to be a mean of the gradients so far: it began at 0, so its first values are too small.
 *
 * @param mom the average's momentum, assumed constant so far
 * @param damp weight of a new value in the average: 1 - mom with dampening, 1 without
 * @param step how many values went in, from 1
 */
export function debiasTerm(mom: number, damp: number, step: number): number {
  needNumber('debiasTerm: mom', mom);
  needNumber('debiasTerm: damp', damp);
  needNumber('debiasTerm: step', step);
  return mom === 1 ? damp * step : (damp * (1 - mom ** step)) / (1 - mom);
}

/** What Adam and its relatives take: the two averages with their momenta and dampings, the step count, and `eps`. */
export interface AdamContext {
  lr: number;
  mom: number;
  momDamp: number;
  sqrMom: number;
  sqrDamp: number;
  step: number;
  eps: number;
  gradAvg: TensorList;
  sqrAvg: TensorList;
}

/**
 * Adam: the debiased mean gradient over the root of the debiased mean squared gradient (Kingma, Ba 2015, arXiv:1412.6980).
 *
 * Default `eps` 1e-5, as in the lesson; with `eps` near 1 it moves like momentum, with 1e-7 weights of tiny gradients may leap.
 */
export function adamStep(
  p: TensorList,
  { lr, mom, momDamp, sqrMom, sqrDamp, step, eps, gradAvg, sqrAvg }: AdamContext,
): void {
  const debias1 = debiasTerm(mom, momDamp, step);
  const debias2 = debiasTerm(sqrMom, sqrDamp, step);
  p.addcdiv_(gradAvg, sqrAvg.div(debias2).sqrt_().add_(eps), { value: -lr / debias1 });
}
adamStep.defaults = { eps: 1e-5 };
adamStep.scoped = true;
adamStep.borrowsGrad = true;

/**
 * LAMB: Adam's direction with the decay inside, scaled for each tensor by the ratio of its own norm to the direction's
 * (You et al. 2020, arXiv:1904.00962). Defaults: `eps` 1e-6, `wd` 0.
 */
export function lambStep(
  p: TensorList,
  { lr, wd, mom, momDamp, sqrMom, sqrDamp, step, eps, gradAvg, sqrAvg }: AdamContext & { wd: number },
): void {
  const debias1 = debiasTerm(mom, momDamp, step);
  const debias2 = debiasTerm(sqrMom, sqrDamp, step);
  const direction = gradAvg.div(debias1).div_(sqrAvg.div(debias2).sqrt_().add_(eps)).add_(p, { alpha: wd });
  p.add_(direction.mul_(trustRatio(p.norm(), direction.norm())), { alpha: -lr });
}
lambStep.defaults = { eps: 1e-6, wd: 0 };
lambStep.scoped = true;
lambStep.borrowsGrad = true;

/** @internal The largest ratio that LAMB follows. */
export const mostTrust = 10;

/**
 * norm1 / norm2 of each tensor; 1 where either is 0, or a parameter that starts at 0 would never move.
 *
 * Stays on the device: no norm is read back.
 *
 * @param options `most`: the largest ratio; default 10
 */
export function trustRatio(norm1: TensorList, norm2: TensorList, options: { most?: number } = {}): TensorList {
  needInstance('trustRatio: norm1', norm1, TensorList);
  needInstance('trustRatio: norm2', norm2, TensorList);
  needOptions('trustRatio', options);
  const most = needInRange('trustRatio: most', options.most ?? mostTrust, { least: 0 });
  const [r1, r2] = [norm1.stack(), norm2.stack()];
  const ratio = where(r1.eq(0).logicalOr(r2.eq(0)), 1, r1.div(r2).clampMax(most));
  return new TensorList(ratio.unbind());
}
