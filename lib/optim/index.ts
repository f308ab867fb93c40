/** Optimizers: one class, the parts it is made of, recipes, and schedules for its hyper-parameters. */

export { GradScaler, type GradScalerOptions, type GradScalerState, type ScaledOptimizer } from './gradScaler.js';
export { Optimizer, Optimizer as StatefulOptimizer } from './optimizer.js';
export { Stat, type Hypers, type State, type Stepper } from './parts.js';
export type { OptimizerOptions } from './types.js';
export type { ParameterSource } from './groups.js';
export type { GroupPlan } from './plan.js';
export { loadTorchState, torchState } from './torchState.js';
export type { OptimizerState, ParameterNames } from './state.js';
export { AverageGrad, AverageSqrGrad, Keep, StepCount, type AverageOptions } from './stats.js';
export {
  adamStep,
  debiasTerm,
  l2Reg,
  lambStep,
  momentumStep,
  sgdStep,
  trustRatio,
  weightDecay,
  type AdamContext,
} from './steppers.js';
export { perTensor, type TensorStepper } from './perTensor.js';
export * from './family/index.js';
export { acrossGroups, type AcrossGroups, type GroupsStepper } from './acrossGroups.js';
export type { FamilyHypers, RecipeHypers } from './hypers.js';
export {
  adamOpt,
  adamStats,
  lambOpt,
  sgdMomOpt,
  sgdOpt,
  type AdamHypers,
  type SgdHypers,
  type SgdMomHypers,
} from './recipes.js';
export { combineScheds, cos1cycleAnneal, schedCos, schedExp, schedLin, schedNo, type Schedule } from './schedules.js';
export { oneCycle, schedFlatCos, schedPoly, schedRestarts, setHypers, type Schedules, type Turn } from './cycles.js';
export { plotSchedules, type PlotSchedulesOptions, type PlottableSchedule } from './plotSchedules.js';
