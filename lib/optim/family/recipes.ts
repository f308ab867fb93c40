/** Recipes of the family: each an optimizer from the papers as a list of parts. */

import { needFlag } from '../../tensor/checks.js';
import type { Tensor, TensorList } from '../../tensor/index.js';
import { toList, type ParameterSource } from '../groups.js';
import { needHypers, type FamilyHypers } from '../hypers.js';
import { Optimizer } from '../optimizer.js';
import type { Stat } from '../parts.js';
import { adamStats, type AdamHypers } from '../recipes.js';
import { AverageGrad, AverageSqrGrad, Keep, StepCount } from '../stats.js';
import { adamStep, momentumStep, weightDecay } from '../steppers.js';
import {
  CenteredSqrGrad,
  NadamMomentum,
  adaBoundStep,
  adagradStep,
  adamaxStep,
  amsGradStep,
  nadamStep,
  qhAdamStep,
  radamStep,
  rmsPropMomStep,
  rmsPropStep,
} from './adaptive.js';
import { centralizeGrad } from './gradients.js';
import { FactoredSqrGrad, adafactorStep, larsStep } from './layerwise.js';
import { lionStep, nesterovStep, qhmStep } from './momentum.js';
import { AverageShare, emaStep, lookaheadStep, scheduleFreeStep } from './weights.js';

/** Momentum with dampening: along the mean of the gradients, not their sum. Default `mom` 0.9. */
export function dampenedOpt(params: ParameterSource, hypers: FamilyHypers<'mom'>): Optimizer {
  needHypers('dampenedOpt', hypers);
  return new Optimizer(params, [weightDecay, momentumStep], { stats: new AverageGrad({ dampening: true }), ...hypers });
}

/** Nesterov's momentum; default `mom` 0.9. */
export function nesterovOpt(params: ParameterSource, hypers: FamilyHypers<'mom'>): Optimizer {
  needHypers('nesterovOpt', hypers);
  return new Optimizer(params, [weightDecay, nesterovStep], { stats: new AverageGrad(), ...hypers });
}

/** Quasi-hyperbolic momentum; defaults `mom` 0.999, `nu` 0.7. */
export function qhmOpt(params: ParameterSource, hypers: FamilyHypers<'mom' | 'nu'>): Optimizer {
  needHypers('qhmOpt', hypers);
  const stats = new AverageGrad({ dampening: true });
  return new Optimizer(params, [weightDecay, qhmStep], { stats, mom: 0.999, ...hypers });
}

/** Lion; defaults `mom` 0.9, `avgMom` 0.99. Its rates are some ten times smaller than Adam's, its decay as much larger. */
export function lionOpt(params: ParameterSource, hypers: FamilyHypers<'mom' | 'avgMom'>): Optimizer {
  needHypers('lionOpt', hypers);
  return new Optimizer(params, [weightDecay, lionStep], { stats: new Keep('gradAvg'), ...hypers });
}

/** Adagrad; defaults `eps` 1e-10, `lrDecay` 0, as in PyTorch. */
export function adagradOpt(params: ParameterSource, hypers: FamilyHypers<'eps' | 'lrDecay'>): Optimizer {
  needHypers('adagradOpt', hypers);
  const stats = [new AverageSqrGrad({ dampening: false }), new StepCount()];
  return new Optimizer(params, [weightDecay, adagradStep], { stats, sqrMom: 1, ...hypers });
}

/** Hyper-parameters of {@link rmsPropOpt}. */
export interface RmsPropHypers extends FamilyHypers<'sqrMom' | 'eps' | 'mom'> {
  /** Divides by the root of the gradients' variance in place of their mean square; default false. */
  centered?: boolean;
}

/** RMSProp; defaults `sqrMom` 0.99, `eps` 1e-8. Its steps have momentum where `mom` is given, and above 0. */
export function rmsPropOpt(params: ParameterSource, hypers: RmsPropHypers): Optimizer {
  needHypers('rmsPropOpt', hypers);
  const { centered, ...rest } = hypers;
  const isCentered = needFlag('rmsPropOpt: centered', centered ?? false);
  const squares: Stat<{ sqrAvg: TensorList }> = isCentered ? new CenteredSqrGrad() : new AverageSqrGrad();
  if ((hypers.mom ?? 0) === 0) return new Optimizer(params, [weightDecay, rmsPropStep], { stats: squares, ...rest });
  return new Optimizer(params, [weightDecay, rmsPropMomStep], { stats: [squares, new Keep('velocity')], ...rest });
}

/** AdamW with PyTorch's defaults: `mom` 0.9, `sqrMom` 0.999, `eps` 1e-8, `wd` 0.01. */
export function adamWOpt(params: ParameterSource, hypers: AdamHypers): Optimizer {
  needHypers('adamWOpt', hypers);
  const { wd = 0.01, ...rest } = hypers;
  const stats = adamStats();
  return new Optimizer(params, [weightDecay, adamStep], { stats, sqrMom: 0.999, eps: 1e-8, ...rest, wd });
}

/** Adamax; defaults `mom` 0.9, `maxMom` 0.999, `eps` 1e-8. */
export function adamaxOpt(params: ParameterSource, hypers: FamilyHypers<'mom' | 'maxMom' | 'eps'>): Optimizer {
  needHypers('adamaxOpt', hypers);
  const stats = [new AverageGrad({ dampening: true }), new Keep('gradMax'), new StepCount()];
  return new Optimizer(params, [weightDecay, adamaxStep], { stats, ...hypers });
}

/** AMSGrad; defaults `mom` 0.9, `sqrMom` 0.999, `eps` 1e-8. */
export function amsGradOpt(params: ParameterSource, hypers: AdamHypers): Optimizer {
  needHypers('amsGradOpt', hypers);
  const stats = [...adamStats(), new Keep('sqrMax')];
  return new Optimizer(params, [weightDecay, amsGradStep], { stats, sqrMom: 0.999, ...hypers });
}

/** NAdam; defaults `mom` 0.9, `sqrMom` 0.999, `momDecay` 0.004, `eps` 1e-8. */
export function nadamOpt(params: ParameterSource, hypers: AdamHypers & { momDecay?: number }): Optimizer {
  needHypers('nadamOpt', hypers);
  const stats = [new AverageGrad({ dampening: true }), new AverageSqrGrad(), new NadamMomentum()];
  return new Optimizer(params, [weightDecay, nadamStep], { stats, sqrMom: 0.999, ...hypers });
}

/** RAdam; defaults `mom` 0.9, `sqrMom` 0.999, `eps` 1e-8. */
export function radamOpt(params: ParameterSource, hypers: AdamHypers): Optimizer {
  needHypers('radamOpt', hypers);
  return new Optimizer(params, [weightDecay, radamStep], { stats: adamStats(), sqrMom: 0.999, ...hypers });
}

/** AdaBound; defaults `mom` 0.9, `sqrMom` 0.999, `finalLr` 0.1, `gamma` 1e-3, `eps` 1e-8. */
export function adaBoundOpt(
  params: ParameterSource,
  hypers: AdamHypers & FamilyHypers<'finalLr' | 'gamma'>,
): Optimizer {
  needHypers('adaBoundOpt', hypers);
  return new Optimizer(params, [weightDecay, adaBoundStep], { stats: adamStats(), sqrMom: 0.999, ...hypers });
}

/** QHAdam; defaults `mom` 0.995, `sqrMom` 0.999, `nu` 0.7, `sqrNu` 1, `eps` 1e-8. */
export function qhAdamOpt(params: ParameterSource, hypers: AdamHypers & FamilyHypers<'nu' | 'sqrNu'>): Optimizer {
  needHypers('qhAdamOpt', hypers);
  return new Optimizer(params, [weightDecay, qhAdamStep], { stats: adamStats(), mom: 0.995, sqrMom: 0.999, ...hypers });
}

/** LARS; defaults `mom` 0.9, `trust` 0.001. The decay is part of the gradient, as in the paper. */
export function larsOpt(params: ParameterSource, hypers: FamilyHypers<'mom' | 'trust'>): Optimizer {
  needHypers('larsOpt', hypers);
  return new Optimizer(params, larsStep, { stats: new Keep('velocity'), ...hypers });
}

/** Adafactor; `lr` is relative to the weights' size, 0.01 is usual. For `sqrDecay`, `leastScale`, `clip`, `eps` see {@link adafactorStep}. */
export function adafactorOpt(
  params: ParameterSource,
  hypers: FamilyHypers<'sqrDecay' | 'leastScale' | 'clip' | 'eps'>,
): Optimizer {
  needHypers('adafactorOpt', hypers);
  return new Optimizer(params, adafactorStep, { stats: new FactoredSqrGrad(), ...hypers });
}

/** Hyper-parameters of {@link emaOpt}. */
export interface EmaHypers extends AdamHypers {
  /** Share of the average that is kept at each step; default 0.999. */
  emaDecay?: number;
  /** Buffers that are averaged as the weights are, e.g. `model.buffers()`; none by default. See `OptimizerOptions`. */
  buffers?: Iterable<Tensor>;
}

/** AdamW whose average of the weights evaluates (`opt.eval`); defaults as {@link adamWOpt}, `emaDecay` 0.999. */
export function emaOpt(params: ParameterSource, hypers: EmaHypers): Optimizer {
  needHypers('emaOpt', hypers);
  const { wd = 0.01, ...rest } = hypers;
  const stats = [...adamStats(), new Keep('emaWeights', 'weights')];
  return new Optimizer(params, [weightDecay, adamStep, emaStep], { stats, sqrMom: 0.999, eps: 1e-8, ...rest, wd });
}

/** Classic momentum with Lookahead; defaults `mom` 0.9, `syncEvery` 5, `slowShare` 0.5. */
export function lookaheadOpt(
  params: ParameterSource,
  hypers: FamilyHypers<'mom' | 'syncEvery' | 'slowShare'>,
): Optimizer {
  needHypers('lookaheadOpt', hypers);
  const stats = [new AverageGrad(), new StepCount(), new Keep('slowWeights', 'weights')];
  return new Optimizer(params, [weightDecay, momentumStep, lookaheadStep], { stats, ...hypers });
}

/**
 * Ranger: RAdam with Lookahead and gradient centralisation (Wright 2019; Wright, Demeure 2021, arXiv:2106.13731). Defaults `mom` 0.95, `sqrMom` 0.999,
 * `eps` 1e-5, `syncEvery` 6, `slowShare` 0.5.
 */
export function rangerOpt(
  params: ParameterSource,
  hypers: AdamHypers & FamilyHypers<'syncEvery' | 'slowShare'>,
): Optimizer {
  needHypers('rangerOpt', hypers);
  return new Optimizer(params, [weightDecay, radamStep, lookaheadStep], {
    ...{ mom: 0.95, sqrMom: 0.999, eps: 1e-5, syncEvery: 6, ...hypers },
    stats: [...adamStats(), new Keep('slowWeights', 'weights')],
    gradSteppers: [centralizeGrad, ...toList(hypers.gradSteppers)],
  });
}

/** Schedule-free AdamW; defaults `mom` 0.9, `sqrMom` 0.999, `eps` 1e-8. Evaluate between `opt.eval()` and `opt.train()`. */
export function scheduleFreeOpt(params: ParameterSource, hypers: AdamHypers): Optimizer {
  needHypers('scheduleFreeOpt', hypers);
  const stats = [new AverageSqrGrad(), new StepCount(), new AverageShare(), new Keep('fastWeights', 'weights')];
  return new Optimizer(params, scheduleFreeStep, { stats, sqrMom: 0.999, ...hypers });
}
