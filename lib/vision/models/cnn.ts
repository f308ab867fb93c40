/** The lesson's CNN: a careful first three layers of 3x3 kernels, then one layer for each width, each halving the picture. */

import {
  isCount,
  needArray,
  needCount,
  needFlag,
  needFunction,
  needInstance,
  needNumber,
  needOptions,
} from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import {
  AdaptiveAvgPool2d,
  Conv2d,
  Lambda,
  Linear,
  Sequential,
  convLayer,
  flatten,
  init,
  Module,
  type ConvLayerOptions,
  type LayerFactory,
} from '../../nn/index.js';
import { described } from './described.js';

/** The largest power of two that is at most `x`; 0.5, 0.25, ... below 1. */
export function prevPow2(x: number): number {
  if (!(typeof x === 'number' && x > 0 && Number.isFinite(x))) throw invalid('x', 'a finite number above 0', x);
  let power = 2 ** Math.floor(Math.log2(x));
  // log2 may round up to a power that x does not reach, or down below one that it does.
  if (power > x) power /= 2;
  else if (power * 2 <= x) power *= 2;
  return power;
}

/** What the CNN has to know of its data; a DataBunch that knows both will do. */
export interface ChannelsAndClasses {
  /** Channels of the pictures. */
  readonly cIn: number | undefined;
  /** Number of classes. */
  readonly cOut: number | undefined;
}

/** Options that are handed on to every call of `layer`; the stride is the CNN's own business. */
export type CnnOptions = Omit<ConvLayerOptions, 'stride' | 'kernelSize'>;

/**
 * The layers of {@link getCnnModel}, as an array.
 *
 * The first layer keeps the picture's size and makes as many channels as a power of two allows without exceeding the 9 `cIn`
 * numbers that its kernel sees, so that no output is made out of nothing; two layers double that (He et al. 2018, arXiv:1812.01187).
 */
export function getCnnLayers(
  data: ChannelsAndClasses,
  nfs: readonly number[],
  layer: LayerFactory,
  options: CnnOptions = {},
): Module[] {
  const given: unknown = data;
  if (typeof given !== 'object' || given === null) throw invalid('data', 'an object with cIn and cOut', data);
  const { cIn, cOut } = data;
  if (!isCount(cIn, 1)) throw invalid('data.cIn', 'a number of channels', cIn);
  if (!isCount(cOut, 1)) throw invalid('data.cOut', 'a number of classes', cOut);
  for (const nf of needArray('nfs', nfs)) needCount('nfs', nf, 1);
  needFunction('layer', layer);
  needOptions('getCnnModel', options);
  const { device, dtype } = options;
  const make = (ni: number, nf: number, stride: number): Module =>
    needInstance('layer', layer(ni, nf, { ...options, kernelSize: 3, stride }), Module);

  const first = prevPow2(cIn * 3 * 3);
  const stem = [make(cIn, first, 1), make(first, first * 2, 2), make(first * 2, first * 4, 2)];
  const widths = [first * 4, ...nfs];
  const body = nfs.map((nf, i) => make(widths[i] ?? nf, nf, 2));
  const head = [
    new AdaptiveAvgPool2d(1),
    new Lambda(flatten),
    new Linear(widths.at(-1) ?? first * 4, cOut, { device, dtype }),
  ];
  return [...stem, ...body, ...head];
}

/**
 * The lesson's CNN for pictures [batch, cIn, height, width], giving logits [batch, cOut].
 *
 * @param data channels and classes, e.g. a DataBunch
 * @param nfs widths of the layers after the first three, e.g. [64, 64, 128, 256]
 * @param layer makes one layer, e.g. `convLayer`
 * @param options handed on to every `layer`: `bn`, `leak`, `sub`, `maxv`, `device`, `dtype`
 */
export function getCnnModel(
  data: ChannelsAndClasses,
  nfs: readonly number[],
  layer: LayerFactory,
  options: CnnOptions = {},
): Sequential {
  const model = new Sequential(...getCnnLayers(data, nfs, layer, options));
  const { cIn, cOut } = data;
  // Only a layer that has a name can be described.
  return described(model, 'getCnnModel', layer === convLayer ? { cIn, cOut, nfs, ...options } : null);
}

/**
 * The lesson's start for a CNN: Kaiming's rule for the weight of every convolution, zero for its bias. Linear layers keep theirs.
 *
 * @param options `uniform`: even values instead of normal ones, default false; `leak`: the slope that the rule assumes, default 0.1 as in the lesson's notebooks
 */
export function initCnn<M extends Module>(model: M, options: { uniform?: boolean; leak?: number } = {}): M {
  needInstance('model', model, Module);
  needOptions('initCnn', options);
  const { uniform = false, leak = 0.1 } = options;
  needFlag('uniform', uniform);
  needNumber('leak', leak);
  const fill = uniform ? init.kaimingUniform_ : init.kaimingNormal_;
  for (const module of model.modules()) {
    if (!(module instanceof Conv2d)) continue;
    fill(module.weight, { a: leak });
    if (module.bias !== null) init.zeros_(module.bias);
  }
  return model;
}
