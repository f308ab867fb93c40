/** What a learner is made of: data, functions, options. */

import type { Module } from '../nn/index.js';
import type { Optimizer } from '../optim/index.js';
import type { Tensor } from '../tensor/index.js';
import type { Callback, CallbackFactory } from './callback.js';
import type { LearnerState } from './learnerState.js';
import type { PrecisionName } from './precision.js';
import type { Rates } from './rates.js';

/** What the loop needs of a loader: batches `[xb, yb]`, their number, and the epoch that its shuffling follows. */
export interface BatchLoader extends AsyncIterable<readonly Tensor[]> {
  /** Number of batches in a pass. */
  readonly length: number;
  /** Says which epoch the next pass is, and with which of its batches it begins (default 0). */
  setEpoch?(epoch: number, start?: { readonly batch?: number }): void;
  /** Where these are known, a checkpoint refuses to go on with others. */
  readonly batchSize?: number;
  order?(epoch: number): readonly number[];
}

/** What the loop needs of the data; a `DataBunch` is one. */
export interface LearnerData {
  readonly trainDl: BatchLoader;
  /** Without it, or with no batch in it, epochs have no validation. */
  readonly validDl?: BatchLoader | null;
}

/**
 * From predictions and targets to one number that `backward` starts from. The losses of `F` are such functions. Callbacks that need the loss of each
 * sample ask for it by the third argument; a function that leaves it out cannot be used with those.
 */
export type LossFunction = (pred: Tensor, yb: Tensor, options?: { readonly reduction?: 'mean' | 'none' }) => Tensor;

/** Makes the optimizer of a fit, e.g. `sgdOpt`, `adamOpt`. */
export type OptFunc = (params: Tensor[] | Tensor[][], hypers: { lr: number }) => Optimizer;

/** Options of {@link Learner}. */
export interface LearnerOptions {
  /** Default: the cross-entropy of logits and class indices. */
  lossFunc?: LossFunction;
  /** Default: `sgdOpt`, plain stochastic gradient descent. */
  optFunc?: OptFunc;
  /** Learning rate; default 0.01. */
  lr?: number;
  /** Parameter groups of the optimizer; default: the model's `parameterGroups()`, which is one group of all unless the model says more. */
  splitter?: (model: Module) => Tensor[] | Tensor[][];
  /** Callbacks of this learner. */
  cbs?: readonly Callback[];
  /** Functions or classes that make callbacks, so that one list can serve many learners. */
  cbfs?: readonly CallbackFactory[];
  /** `'fp32'` (default), `'bf16'` or `'fp16'`: forward and loss under autocast, images in channels_last; fp16 with a scaled loss. */
  precision?: PrecisionName;
  /** Whether images and convolutions' weights have the channels innermost in memory; default: with bf16 and fp16. */
  channelsLast?: boolean;
  /** Device that model and batches are moved to; default: they stay where they are. */
  device?: string;
}

/** Options of {@link Learner.fit}. */
export interface FitOptions {
  /** Learning rate of this and later fits; or one for each parameter group, e.g. `{ from: 1e-5, to: 1e-3 }`. */
  lr?: Rates;
  /** Callbacks of this fit only. */
  cbs?: readonly Callback[];
  /** Forgets the optimizer's state and starts with a new one; default false. */
  resetOpt?: boolean;
  /**
   * Runs forward, loss and backward of a training batch as one graph that the device has captured, which spares a small network most of its time on a
   * GPU; default false. Where that cannot be, `Learner.graph` and a warning of the process (`TENCH_NO_GRAPH`) say why, and steps run as ever.
   */
  graph?: boolean;
  /** Goes on from a checkpoint; null or undefined: from the start. See `Learner.stateDict`. */
  resume?: LearnerState | null;
}

/** A fit, and what makes its schedules once the optimizer is known. */
export interface Run {
  readonly lr?: Rates | undefined;
  readonly cbs?: readonly Callback[] | undefined;
  readonly resetOpt?: boolean | undefined;
  readonly graph?: boolean | undefined;
  readonly resume?: LearnerState | null | undefined;
  readonly schedulers?: (opt: Optimizer) => readonly Callback[];
}
