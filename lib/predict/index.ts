/** Using what was learned: exported learners, and predictions of images for one caller or many. */

export type { ExportOptions } from './describeLearner.js';
export type { LearnerDescription, OwnModel, PredictionKind } from './description.js';
export { exportLearner } from './exportLearner.js';
export { loadLearner, type LoadLearnerOptions } from './loadLearner.js';
export type { OwnCode } from './openLearner.js';
export { Predictor, type PredictBatchOptions, type PredictOptions } from './predictor.js';
export type { LabelPrediction, LabelsPrediction, Prediction, ValuesPrediction } from './predictions.js';
export type { PredictSource } from './sources.js';
