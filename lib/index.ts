/** tench: train vision models in TypeScript on LibTorch. This file only says what users may import. */

export * from './tensor/index.js';
export * from './charts/index.js';
export * as nn from './nn/index.js';
export * as F from './nn/functional.js';
export { gridSample, type GridSampleOptions } from './nn/functional.js';
export {
  ConvLayer,
  GeneralReLU,
  Hook,
  Hooks,
  Module,
  OutputStats,
  Parameter,
  Summary,
  appendStat,
  appendStatWith,
  convLayer,
  findModules,
  lsuvInit,
  lsuvModule,
} from './nn/index.js';
export type {
  ConvLayerOptions,
  HookFunction,
  HookHandle,
  LayerFactory,
  LsuvData,
  LsuvInitOptions,
  LsuvLayer,
  LsuvModel,
  LsuvOptions,
  OutputStatsOptions,
  StateDict,
  SummaryRow,
} from './nn/index.js';
export * from './data/index.js';
export * from './vision/index.js';
export * from './optim/index.js';
export * from './learner/index.js';
export * from './report/index.js';
export * from './io/index.js';
export * from './predict/index.js';
