/** All that a training run is at one moment, as plain data and tensors, so that another process can go on with it bit for bit. */

import { createHash } from 'node:crypto';

import type { GradScalerState, Hypers, OptimizerState } from '../optim/index.js';
import { needArray, needCount, needNumber, needOptions, needTensor } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { getRngState, isOptions, noGrad, setRngState, type Tensor } from '../tensor/index.js';
import type { Callback } from './callback.js';
import type { Learner } from './learner.js';
import type { BatchLoader } from './options.js';

/** What can be kept: plain data with tensors in it. Numbers may be NaN or infinite. */
export type Saved =
  null | boolean | number | bigint | string | Tensor | readonly Saved[] | { readonly [key: string]: Saved };

/** How much of a fit is done. */
export interface FitPosition {
  /** Whole epochs. */
  readonly epoch: number;
  /** Training batches of the epoch after them. */
  readonly batch: number;
}

/** What `Learner.stateDict` returns and the option `resume` of every fit takes. The tensors are the learner's own. */
export interface LearnerState extends FitPosition {
  /** Fits of the learner that were over before. */
  readonly fit: number;
  readonly totalEpochs: number;
  readonly nEpochs: number;
  readonly nIter: number;
  readonly lr: number;
  /** Of each parameter group when the fit began, which schedules go back to. */
  readonly startHypers: readonly Hypers[];
  readonly startLr: number;
  readonly data: DataMark;
  readonly model: Readonly<Record<string, Tensor>>;
  readonly opt: OptimizerState;
  /** Gradients that wait for a step, by the parameter's number among all groups. */
  readonly grads: Readonly<Record<string, Tensor>>;
  readonly scaler: GradScalerState | null;
  /** The CPU's random generator. */
  readonly random: Tensor;
  /** What callbacks keep, by their class, and number where there are several of it. */
  readonly callbacks: Readonly<Record<string, Saved>>;
}

/** By what training data is known again: its batches, and the order of the current epoch, of which seed and sampler are the source. */
export interface DataMark {
  readonly batches: number;
  readonly batchSize: number | null;
  /** SHA-256 of the epoch's positions; null for data without an order, such as streams. */
  readonly order: string | null;
}

/** @internal See `Learner.stateDict`. */
export function readLearner(learn: Learner): Omit<LearnerState, 'fit' | 'startHypers' | 'startLr'> {
  const grads: Record<string, Tensor> = {};
  learn.opt.paramGroups.flat().forEach(({ grad }, i) => {
    if (grad !== null) grads[i] = grad;
  });
  const callbacks: Record<string, Saved> = {};
  for (const [key, cb] of keyed(learn.cbs)) if (cb.stateDict !== undefined) callbacks[key] = cb.stateDict();
  const { position, totalEpochs, nEpochs, nIter, lr, scaler } = learn;
  return {
    ...{ epoch: position.epoch, batch: position.batch, totalEpochs, nEpochs, nIter, lr },
    data: markOf(learn.data.trainDl, totalEpochs),
    model: Object.fromEntries(learn.model.stateDict()),
    opt: learn.opt.stateDict(),
    grads,
    scaler: scaler.enabled ? scaler.stateDict() : null,
    random: getRngState(),
    callbacks,
  };
}

/**
 * @internal Puts a learner, in whose fit `beginFit` has been told, where the state was taken. The weights come last of what can be refused, so a
 * state of another model or optimizer leaves them as they were.
 */
export function restoreLearner(learn: Learner, state: LearnerState): void {
  const cbs = keyed(learn.cbs);
  const lost = Object.keys(state.callbacks).filter((key) => cbs.get(key)?.loadStateDict === undefined);
  if (lost.length > 0)
    throw misfit(`it has the state of ${lost.join(', ')}, which the learner has not among its callbacks`);
  if ((state.scaler !== null) !== learn.scaler.enabled)
    throw misfit(
      `it was ${state.scaler === null ? 'not ' : ''}trained in fp16, and this learner is ${learn.precision.name}`,
    );
  const parameters = learn.opt.paramGroups.flat();
  const grads = Object.entries(state.grads).map(([i, grad]) => [parameters[Number(i)], grad] as const);
  if (grads.some(([parameter, grad]) => String(parameter?.shape) !== String(grad.shape)))
    throw misfit('its gradients have other shapes than the parameters');
  learn.opt.loadStateDict(state.opt);
  learn.model.loadStateDict(state.model);
  noGrad(() => {
    for (const parameter of parameters) parameter.grad = null;
    for (const [parameter, grad] of grads) parameter!.grad = parameter!.zerosLike().copy_(grad);
  });
  if (state.scaler !== null) learn.scaler.loadStateDict(state.scaler);
  learn.position = { epoch: state.epoch, batch: state.batch };
  learn.epoch = state.epoch;
  const { totalEpochs, nEpochs, nIter, lr } = state;
  Object.assign(learn, { totalEpochs, nEpochs, nIter, lr });
  for (const [key, cb] of cbs) if (Object.hasOwn(state.callbacks, key)) cb.loadStateDict?.(state.callbacks[key]!);
  setRngState(state.random);
}

/** @throws TenchError where a fit of so many epochs on this data cannot go on from the state */
export function needFitting(state: LearnerState, dl: BatchLoader, epochs: number): void {
  if (state.epoch + (state.batch > 0 ? 1 : 0) > epochs)
    throw misfit(`it is of epoch ${state.epoch + 1}, and the fit has ${epochs}`);
  const here = markOf(dl, state.totalEpochs);
  for (const [key, what] of Object.entries(marks) as [keyof DataMark, string][])
    if (here[key] !== state.data[key])
      throw misfit(`${what} of its training data was ${state.data[key]} and is ${here[key]} here`);
}

const marks = {
  batches: 'the number of batches',
  batchSize: 'the batch size',
  order: 'the order (data, sampler, seed)',
} as const;

function markOf(dl: BatchLoader, epoch: number): DataMark {
  const order = dl.order?.(epoch);
  return {
    batches: dl.length,
    batchSize: dl.batchSize ?? null,
    order: order === undefined ? null : createHash('sha256').update(Float64Array.from(order)).digest('hex'),
  };
}

/** @throws ArgumentError for what `stateDict` cannot have returned; what is inside the parts is checked where it is loaded */
export function needState(argument: string, state: LearnerState): LearnerState {
  if (!isOptions(state)) throw invalid(argument, 'what `stateDict` or `loadCheckpoint` returned', state);
  for (const key of ['fit', 'epoch', 'batch', 'totalEpochs', 'nIter'] as const)
    needCount(`${argument}.${key}`, state[key]);
  for (const key of ['nEpochs', 'lr', 'startLr'] as const) needNumber(`${argument}.${key}`, state[key]);
  for (const hypers of needArray(`${argument}.startHypers`, state.startHypers))
    needNumbers(`${argument}.startHypers`, hypers);
  for (const key of ['data', 'model', 'opt', 'grads', 'callbacks'] as const)
    needOptions(`${argument}.${key}`, state[key]);
  for (const key of ['model', 'grads'] as const)
    for (const [name, tensor] of Object.entries(state[key])) needTensor(`${argument}.${key}.${name}`, tensor);
  if (state.scaler !== null) needOptions(`${argument}.scaler`, state.scaler);
  needTensor(`${argument}.random`, state.random);
  return state;
}

function needNumbers(argument: string, values: Readonly<Record<string, number>>): void {
  needOptions(argument, values);
  for (const [key, value] of Object.entries(values)) needNumber(`${argument}.${key}`, value);
}

/** Callbacks by class, the second of a class with its number. */
function keyed(cbs: readonly Callback[]): Map<string, Callback> {
  const found = new Map<string, Callback>();
  const counts = new Map<string, number>();
  for (const cb of cbs) {
    const { name } = cb.constructor;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    found.set(count === 1 ? name : `${name} ${count}`, cb);
  }
  return found;
}

const misfit = (why: string): TenchError =>
  new TenchError(`cannot go on from this checkpoint: ${why}`, { code: 'ERR_TENCH_CHECKPOINT' });

/** A pass from a batch on, for loaders that can begin there (`setEpoch`) and, by walking past what was had, for others. */
export async function* batchesFrom(dl: BatchLoader, first: number): AsyncGenerator<readonly Tensor[]> {
  let next = dl.setEpoch === undefined ? 0 : first;
  for await (const batch of dl) {
    if (first > 0 && next >= dl.length)
      throw new TenchError(
        "the loader's setEpoch(epoch, { batch }) has not begun with that batch, so training cannot go on",
      );
    if (next++ >= first) yield batch;
  }
}
