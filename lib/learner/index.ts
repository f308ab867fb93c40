/** The training loop and what hangs on it: callbacks, statistics, schedules, metrics. */

export type { ActivationPlotOptions } from './activationPlots.js';
export { ActivationStats, type ActivationStatsOptions, type WatchedLayer } from './activationStats.js';
export { AvgStats, AvgStatsCallback, type AnyMetric } from './avgStats.js';
export { BatchAugmentCallback } from './batchAugmentCallback.js';
export {
  Callback,
  CancelBatchException,
  CancelEpochException,
  CancelTrainException,
  type CallbackFactory,
  type EventName,
} from './callback.js';
export { BatchTransformXCallback, CudaCallback, DeviceCallback, TrainEvalCallback } from './callbacks.js';
export { crossEntropyWith, type CrossEntropyWithOptions } from './crossEntropy.js';
export { EmaCallback, type EmaOptions } from './ema.js';
export { formatEpoch, type Averages, type EpochRecord } from './epochRecord.js';
export { GradientAccumulationCallback, GradientClipCallback, type GradientClipOptions } from './gradients.js';
export type { GraphSummary } from './graphStep.js';
export { Interpretation, type InterpretOptions, type ItemResult } from './interpretation.js';
export { Dashboard, type DashboardOptions } from './dashboard/dashboard.js';
export { Learner } from './learner.js';
export type { DataMark, FitPosition, LearnerState, Saved } from './learnerState.js';
export type { LrFindOptions, LrSearch } from './lrFinder.js';
export * as suggestLr from './lrSuggestions.js';
export type { SuggestLr } from './lrSuggestions.js';
export { getLearnRun, type LearnRunOptions } from './learnRun.js';
export {
  accuracy,
  accuracyTopK,
  errorRate,
  meanAbsoluteError,
  meanSquaredError,
  named,
  type EpochMetric,
  type Metric,
} from './metrics.js';
export {
  f1Score,
  fBetaScore,
  perplexity,
  precisionScore,
  r2Score,
  recallScore,
  rocAucScore,
  type Averaging,
  type AveragingOptions,
} from './epochMetrics.js';
export { ConfusionMatrix, type Confused } from './confusion.js';
export type { BatchLoader, FitOptions, LearnerData, LearnerOptions, LossFunction, OptFunc } from './options.js';
export { CutMix, MixUp, Mixing, type MixOptions, type MixedInputs } from './mixing.js';
export { ParamScheduler } from './paramScheduler.js';
export type { PlotActivationsOptions, PlotConfusionOptions, PlotLossesOptions } from './plotting.js';
export { Precision, precisions, type PrecisionName } from './precision.js';
export type { Rates } from './rates.js';
export type { FineTuneOptions, FlatCosOptions, OneCycleOptions } from './recipes.js';
export { Recorder } from './recorder.js';
export type { ResultSheetOptions } from './resultSheet.js';
export {
  EarlyStoppingCallback,
  ReduceLrOnPlateauCallback,
  TerminateOnNanCallback,
  TrackingCallback,
  type PlateauOptions,
  type TrackingOptions,
} from './tracking.js';
export type { Predictions, TtaOptions, TtaVersions } from './tta.js';
