/**
 * LSUV: one layer after the other is scaled and shifted until what it puts out on real batches has mean 0 and standard deviation 1 (Mishkin
 * and Matas 2016, arXiv:1511.06422; the shift is the lesson's).
 */

import { setImmediate as turn } from 'node:timers/promises';

import {
  needCount,
  needFlag,
  needFunction,
  needInRange,
  needInstance,
  needOptions,
  needTensor,
} from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { isTensor, type Tensor } from '../tensor/index.js';
import { findModules } from './hooks.js';
import { isLayer } from './layers.js';
import { Adjustment } from './lsuvAdjustment.js';
import { measureOutput, type Spread } from './lsuvMeasure.js';
import { Module, type AnyModule } from './module.js';

/** Options of {@link lsuvModule}. */
export interface LsuvOptions {
  /** How far the mean may be from 0 and the standard deviation from 1; default 1e-3. */
  tolerance?: number;
  /** After how many changes of one layer to give up; default 50. */
  maxIter?: number;
  /** Whether a weight starts anew as an orthonormal matrix, as in the paper; default false: it is taken as it is. */
  orthogonal?: boolean;
}

/** Options of {@link lsuvInit}. */
export interface LsuvInitOptions extends LsuvOptions {
  /** Which modules are layers; nothing below a layer is looked at. Default: `isLayer`. */
  layers?: (module: AnyModule) => boolean;
  /** How many batches of a loader to use; default 1. Arrays are used whole. */
  batches?: number;
  /** What happens to a batch before the model sees it, e.g. `normalizer(stats)`; default: nothing. */
  transform?: (xb: Tensor) => Tensor;
}

/** A layer that {@link lsuvInit} has adjusted: its path in the model, and what it puts out now. */
export interface LsuvLayer extends Spread {
  readonly name: string;
}

/** A model of one input. */
export type LsuvModel = Module<[Tensor], unknown>;

/** Batches of inputs, or of `[inputs, targets]`: one, several, or a loader; also something that holds a loader as `trainDl`. */
export type LsuvData = Tensor | LsuvBatches | { readonly trainDl: LsuvBatches };
type LsuvBatches = Iterable<Tensor | readonly Tensor[]> | AsyncIterable<Tensor | readonly Tensor[]>;

/**
 * Adjusts one layer of a model, after those before it, so that its output over the batches has mean 0 and standard deviation 1.
 *
 * The layer's `weight` is divided by the standard deviation, and the mean is subtracted from its `bias`, until both hold at once. A bias
 * that is a tensor comes before the activation, if there is one, and is scaled with the weight; one that is a number comes after it (ConvLayer's). Without a
 * bias only the standard deviation is brought to 1.
 *
 * Batches run through the whole model, in training mode with dropout off, without recording; modes and buffers (the running statistics of
 * batch normalisation) are put back. The same memory keeps weight and bias, so optimizers may exist already.
 *
 * @param layer any module of the model with a `weight`
 * @param xb one batch of inputs, or several, which count as one large batch
 * @returns mean and standard deviation that the output now has
 * @throws TenchError that names the layer and its values if it is dead (its output is constant), is not called, puts out what is not finite,
 * or cannot be brought there in `maxIter` changes (a ReLU's output has no mean of 0); its weight and bias are then as before
 */
export function lsuvModule(
  layer: AnyModule,
  xb: Tensor | readonly Tensor[],
  model: LsuvModel,
  options: LsuvOptions = {},
): Spread {
  needInstance('lsuvModule: layer', layer, Module);
  needInstance('lsuvModule: model', model, Module);
  const batches = needBatches('lsuvModule: xb', xb);
  const name = model.namedModules().find(([, module]) => module === layer)?.[0];
  if (name === undefined) throw invalid('lsuvModule: layer', 'a module of the model', layer);
  const adjustment = new Adjustment('lsuvModule: layer', layer);
  return adjust(adjustment, name, batches, model, needLsuv('lsuvModule', options));
}

/**
 * Adjusts every layer of a model in the order of a forward; see {@link lsuvModule}. A weight that several layers share is adjusted once, at
 * the first of them.
 *
 * @param data batches on which to measure, e.g. a DataBunch; they follow the model's device
 * @returns what each layer puts out, in order
 * @throws TenchError as {@link lsuvModule} does; all weights and biases are then as before
 */
export async function lsuvInit(model: LsuvModel, data: LsuvData, options: LsuvInitOptions = {}): Promise<LsuvLayer[]> {
  needInstance('lsuvInit: model', model, Module);
  needOptions('lsuvInit', options);
  const { layers = isLayer, batches: count = 1, transform = (xb: Tensor) => xb, ...rest } = options;
  const settings = needLsuv('lsuvInit', rest);
  needFunction('lsuvInit: layers', layers, 'a function of a module');
  needCount('lsuvInit: batches', count, 1);
  needFunction('lsuvInit: transform', transform, 'a function of a batch');
  const names = new Map(model.namedModules().map(([path, module]) => [module, path]));
  const adjustments = new Map<Tensor, Adjustment>();
  for (const layer of findModules(model, layers)) {
    const adjustment = new Adjustment(`lsuvInit: layer '${names.get(layer)}'`, layer);
    if (!adjustments.has(adjustment.weight)) adjustments.set(adjustment.weight, adjustment);
  }
  if (adjustments.size === 0) throw invalid('lsuvInit: model', 'a model with layers to adjust', model);
  const device = model.parameters()[0]?.device;
  const inputs = (await collect(data, count)).map((xb) =>
    needTensor('lsuvInit: transform', transform(device === undefined ? xb : xb.to(device))),
  );
  const done: LsuvLayer[] = [];
  try {
    for (const adjustment of adjustments.values()) {
      const name = names.get(adjustment.layer)!;
      done.push({ name, ...adjust(adjustment, name, inputs, model, settings) });
      await turn();
    }
  } catch (error) {
    for (const adjustment of adjustments.values()) adjustment.undo();
    throw error;
  }
  return done;
}

function needLsuv(where: string, options: LsuvOptions): Required<LsuvOptions> {
  needOptions(where, options);
  const { tolerance = 1e-3, maxIter = 50, orthogonal = false } = options;
  needInRange(`${where}: tolerance`, tolerance, { above: 0 });
  needCount(`${where}: maxIter`, maxIter, 1);
  needFlag(`${where}: orthogonal`, orthogonal);
  return { tolerance, maxIter, orthogonal };
}

/** Changes one layer until its output is right, the standard deviation before the mean; what goes wrong leaves it as it was. */
function adjust(
  adjustment: Adjustment,
  name: string,
  batches: readonly Tensor[],
  model: LsuvModel,
  { tolerance, maxIter, orthogonal }: Required<LsuvOptions>,
): Spread {
  const { layer } = adjustment;
  const who = `layer '${name}' (${layer.constructor.name})`;
  try {
    if (orthogonal) adjustment.makeOrthogonal();
    if (adjustment.isZero)
      throw new TenchError(`LSUV: ${who} is dead: its weight is 0 everywhere, whatever it is multiplied by`);
    for (let iter = 0; ; iter += 1) {
      const found = measureOutput(layer, who, batches, model);
      const { mean, std } = found;
      if (isConstant(found))
        throw new TenchError(
          `LSUV: ${who} is dead: its output is ${Number(mean.toPrecision(3))} everywhere (std ${std}), and scaling its weight cannot change that; look at what it is given, and at its bias`,
        );
      if (!Number.isFinite(mean) || !Number.isFinite(std))
        throw new TenchError(`LSUV: ${who} puts out values that are not finite (mean ${mean}, std ${std})`);
      const isSpread = Math.abs(std - 1) < tolerance;
      if (isSpread && (!adjustment.canShift || Math.abs(mean) < tolerance)) return found;
      if (iter === maxIter)
        throw new TenchError(
          `LSUV: ${who} has mean ${Number(mean.toPrecision(4))} and std ${Number(std.toPrecision(4))} after ${maxIter} changes of its weight and bias, and ${adjustment.canShift ? 'not 0 and 1' : 'no std of 1'} to within ${tolerance}; not every layer can have them (after a ReLU no mean is 0)`,
        );
      if (isSpread) adjustment.shift(-mean);
      else adjustment.scale(1 / std);
    }
  } catch (error) {
    adjustment.undo();
    throw error;
  }
}

/** Float32 cannot tell a smaller spread from rounding. */
function isConstant({ mean, std }: Spread): boolean {
  return std <= 1e-7 * Math.abs(mean) || std === 0;
}

function needBatches(argument: string, xb: Tensor | readonly Tensor[]): readonly Tensor[] {
  const batches: unknown = isTensor(xb) ? [xb] : xb;
  if (!Array.isArray(batches) || batches.length === 0 || !batches.every(isTensor))
    throw invalid(argument, 'a Tensor, or an array of them', xb);
  return batches;
}

/** The inputs of the first batches. */
async function collect(data: LsuvData, count: number): Promise<Tensor[]> {
  if (isTensor(data)) return [data];
  const found: Tensor[] = [];
  const most = Array.isArray(data) ? Infinity : count;
  for await (const batch of needSource(data)) {
    const xb: unknown = Array.isArray(batch) ? batch[0] : batch;
    if (!isTensor(xb)) throw invalid('lsuvInit: data', 'batches that are a Tensor, or begin with one', batch);
    found.push(xb);
    if (found.length >= most) break;
  }
  if (found.length === 0) throw invalid('lsuvInit: data', 'at least one batch', data);
  return found;
}

function needSource(data: Exclude<LsuvData, Tensor>): LsuvBatches {
  if (typeof data === 'object' && (data as unknown) !== null) {
    const source: unknown = 'trainDl' in data ? data.trainDl : data;
    if (typeof source === 'object' && source !== null && (Symbol.iterator in source || Symbol.asyncIterator in source))
      return source as LsuvBatches;
  }
  throw invalid('lsuvInit: data', 'a batch, batches, or a loader of them', data);
}
