/** Weights beside the weights: averages of where an optimizer has been, to go on from or to evaluate with. */

import type { TensorList } from '../../tensor/index.js';
import { Stat } from '../parts.js';
import { debiasTerm, type AdamContext } from '../steppers.js';

interface EmaContext {
  emaDecay: number;
  emaWeights: TensorList;
}

/**
 * A running average of the weights, with which to evaluate (Polyak, Juditsky 1992; as in Tarvainen, Valpola 2017, arXiv:1703.01780):
 * `emaWeights = emaDecay * emaWeights + (1 - emaDecay) * p`, and so for buffers. Comes last. Needs `new Keep('emaWeights', 'weights')`. Default `emaDecay` 0.999.
 */
export function emaStep(p: TensorList, { emaDecay, emaWeights }: EmaContext): void {
  emaWeights.lerp_(p, 1 - emaDecay);
}
emaStep.defaults = { emaDecay: 0.999 };
emaStep.scoped = true;
emaStep.borrowsGrad = true;
emaStep.evalWeights = (_p: TensorList, { emaWeights }: EmaContext): TensorList => emaWeights;
emaStep.followBuffers = (averages: TensorList, buffers: TensorList, { emaDecay }: EmaContext): void => {
  averages.lerp_(buffers, 1 - emaDecay);
};

interface LookaheadContext {
  step: number;
  syncEvery: number;
  slowShare: number;
  slowWeights: TensorList;
}

/**
 * Lookahead: every `syncEvery` steps the slow weights go the share `slowShare` of the way to the fast ones, which go on from there
 * (Zhang et al. 2019, arXiv:1907.08610). Comes after the steppers that move the fast ones. Needs `new Keep('slowWeights', 'weights')` and a
 * step count. Defaults: `syncEvery` 5, `slowShare` 0.5. Evaluates with the slow weights.
 */
export function lookaheadStep(p: TensorList, { step, syncEvery, slowShare, slowWeights }: LookaheadContext): void {
  if (step % syncEvery !== 0) return;
  slowWeights.lerp_(p, slowShare);
  p.copy_(slowWeights);
}
lookaheadStep.defaults = { syncEvery: 5, slowShare: 0.5 };
lookaheadStep.scoped = true;
lookaheadStep.borrowsGrad = true;
lookaheadStep.evalWeights = (_p: TensorList, { slowWeights }: LookaheadContext): TensorList => slowWeights;

/** How much of the average of all weights is the newest: each counts the square of the largest rate so far. State: `lrMost`, `weightSum`, `share`. */
export class AverageShare extends Stat<{ lrMost: number; weightSum: number; share: number }> {
  static readonly borrowsGrad = true;

  initState(): { lrMost: number; weightSum: number; share: number } {
    return { lrMost: 0, weightSum: 0, share: 0 };
  }

  update(_p: TensorList, state: { lrMost: number; weightSum: number; share: number }, { lr }: { lr: number }): void {
    state.lrMost = Math.max(state.lrMost, lr);
    state.weightSum += state.lrMost ** 2;
    state.share = state.weightSum === 0 ? 0 : state.lrMost ** 2 / state.weightSum;
  }
}

type FreeContext = Pick<AdamContext, 'lr' | 'mom' | 'sqrMom' | 'sqrDamp' | 'step' | 'eps' | 'sqrAvg'> & {
  wd: number;
  share: number;
  fastWeights: TensorList;
};

/**
 * Schedule-free AdamW: the parameters lie between the weights that Adam moves and their average, with which it evaluates; the rate needs no
 * schedule, or at most a warm-up (Defazio et al. 2024, arXiv:2405.15682). Needs {@link AverageShare}, the mean square, a step count, and
 * `new Keep('fastWeights', 'weights')`. Defaults: `mom` 0.9, `eps` 1e-8, `wd` 0. `mom` must stay above 0, and as it is.
 */
export function scheduleFreeStep(
  p: TensorList,
  { lr, wd, mom, share, step, sqrMom, sqrDamp, eps, sqrAvg, fastWeights }: FreeContext,
): void {
  const root = sqrAvg
    .div(debiasTerm(sqrMom, sqrDamp, step))
    .sqrt_()
    .add_(eps);
  const direction = p.grad.div(root).add_(p, { alpha: wd });
  p.lerp_(fastWeights, share).add_(direction, { alpha: lr * (mom * (1 - share) - 1) });
  fastWeights.add_(direction, { alpha: -lr });
}
scheduleFreeStep.defaults = { mom: 0.9, eps: 1e-8, wd: 0 };
scheduleFreeStep.scoped = true;
scheduleFreeStep.borrowsGrad = true;
scheduleFreeStep.evalWeights = (p: TensorList, { mom, fastWeights }: FreeContext): TensorList =>
  p.lerp(fastWeights, 1 - 1 / mom);
