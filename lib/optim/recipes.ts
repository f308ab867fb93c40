/** Recipes: the usual optimizers, each a list of parts. Made by `recipe(parameters, hyperParameters)`, or handed to a Learner as `optFunc`. */

import { needOptions } from '../tensor/checks.js';
import { type ParameterSource, toList } from './groups.js';
import { needHypers, type RecipeHypers } from './hypers.js';
import { Optimizer } from './optimizer.js';
import type { Stepper } from './parts.js';
import { AverageGrad, AverageSqrGrad, StepCount, type AverageOptions } from './stats.js';
import { adamStep, lambStep, momentumStep, sgdStep, weightDecay } from './steppers.js';

/** Hyper-parameters of {@link sgdOpt}. */
export type SgdHypers = RecipeHypers;

/** Plain gradient descent, with weight decay before the step. */
export function sgdOpt(params: ParameterSource, hypers: SgdHypers): Optimizer {
  needHypers('sgdOpt', hypers);
  return new Optimizer(params, [weightDecay, sgdStep], hypers);
}

/** Hyper-parameters of {@link sgdMomOpt}. */
export interface SgdMomHypers extends SgdHypers {
  /** Momentum; default 0.9. */
  mom?: number;
}

/** Gradient descent with classic momentum (undampened, as PyTorch's SGD) and decoupled weight decay, 0.01 unless given, as in the lesson. */
export function sgdMomOpt(params: ParameterSource, hypers: SgdMomHypers): Optimizer {
  needHypers('sgdMomOpt', hypers);
  const { wd = 0.01, ...rest } = hypers;
  return new Optimizer(params, [weightDecay, momentumStep], { stats: new AverageGrad(), ...rest, wd });
}

/** Hyper-parameters of {@link adamOpt} and {@link lambOpt}. */
export interface AdamHypers extends SgdMomHypers {
  /** Momentum of the squared gradients; default 0.99. */
  sqrMom?: number;
  /** Smallest divisor; default 1e-5 for Adam, 1e-6 for LAMB. */
  eps?: number;
}

/**
 * Adam with decoupled weight decay (AdamW), default `wd` 0.
 *
 * PyTorch's AdamW is `{ mom: 0.9, sqrMom: 0.999, eps: 1e-8, wd: 0.01 }`.
 *
 * @param hypers `extraStep`: steppers that run after Adam's; what they take beside Adam's keys must be their default or given here
 */
export function adamOpt(
  params: ParameterSource,
  hypers: AdamHypers & { extraStep?: Stepper | readonly Stepper[] },
): Optimizer {
  needHypers('adamOpt', hypers);
  const { extraStep, ...rest } = hypers;
  return new Optimizer(params, [weightDecay, adamStep, ...toList(extraStep)], { stats: adamStats(), ...rest });
}

/** LAMB; the decay, default `wd` 0, is part of the direction whose norm is compared. */
export function lambOpt(params: ParameterSource, hypers: AdamHypers): Optimizer {
  needHypers('lambOpt', hypers);
  return new Optimizer(params, lambStep, { stats: adamStats(), ...hypers });
}

/**
 * The stats of Adam and most of its relatives: both averages with dampening, and the step count.
 *
 * @param options `float32`: as for {@link AverageGrad}
 */
export function adamStats(options: Pick<AverageOptions, 'float32'> = {}): (AverageGrad | AverageSqrGrad | StepCount)[] {
  needOptions('adamStats', options);
  const settings = { dampening: true, float32: options.float32 ?? false };
  return [new AverageGrad(settings), new AverageSqrGrad(settings), new StepCount()];
}
