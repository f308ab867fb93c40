/** The training loop and what hangs on it: callbacks, statistics, schedules, metrics. */

export { AvgStats, AvgStatsCallback } from './avgStats.js';
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
export { formatEpoch, type Averages, type EpochRecord } from './epochRecord.js';
export { Learner } from './learner.js';
export type { LrFindOptions, LrSearch } from './lrFinder.js';
export * as suggestLr from './lrSuggestions.js';
export type { SuggestLr } from './lrSuggestions.js';
export { getLearnRun, type LearnRunOptions } from './learnRun.js';
export { accuracy, accuracyTopK, errorRate, named, type Metric } from './metrics.js';
export type { BatchLoader, FitOptions, LearnerData, LearnerOptions, LossFunction, OptFunc } from './options.js';
export { CutMix, MixUp, Mixing, type MixOptions, type MixedInputs } from './mixing.js';
export { ParamScheduler } from './paramScheduler.js';
export { Precision, precisions, type PrecisionName } from './precision.js';
export type { Rates } from './rates.js';
export type { FineTuneOptions, FlatCosOptions, OneCycleOptions } from './recipes.js';
export { Recorder } from './recorder.js';
