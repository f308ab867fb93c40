/** The family: parts and recipes of the optimizers in the papers, from the simplest file to the one with the most ideas. */

export { lionStep, nesterovStep, qhmStep } from './momentum.js';
export {
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
export { FactoredSqrGrad, adafactorStep, larsStep } from './layerwise.js';
export { AverageShare, emaStep, lookaheadStep, scheduleFreeStep } from './weights.js';
export { centralizeGrad, clipGradNorm, clipGradValue } from './gradients.js';
export {
  adaBoundOpt,
  adafactorOpt,
  adagradOpt,
  adamWOpt,
  adamaxOpt,
  amsGradOpt,
  dampenedOpt,
  emaOpt,
  larsOpt,
  lionOpt,
  lookaheadOpt,
  nadamOpt,
  nesterovOpt,
  qhAdamOpt,
  qhmOpt,
  radamOpt,
  rangerOpt,
  rmsPropOpt,
  scheduleFreeOpt,
  type EmaHypers,
  type RmsPropHypers,
} from './recipes.js';
