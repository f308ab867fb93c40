/** Pooling, padding and one-hot rows: what changes sizes without weights. */

import * as operators from '../../tensor/index.js';
import type { Tensor } from '../../tensor/index.js';
import { needArray, needCount, needInRange, needOneOf, needOptions, needTensor } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import type { Size2d } from './options.js';
import { avgWindow, maxWindow, needAdaptiveSize, type AdaptiveSize } from './windows.js';

/** The mean of every cell of a `size` (height, width) division of the picture; null keeps an axis as it is. */
export function adaptiveAvgPool2d(input: Tensor, size: AdaptiveSize): Tensor {
  return operators.adaptiveAvgPool2d(input, adaptiveSize('adaptiveAvgPool2d', input, size));
}

/** The largest value of every cell of a `size` (height, width) division of the picture; null keeps an axis as it is. */
export function adaptiveMaxPool2d(input: Tensor, size: AdaptiveSize): Tensor {
  return operators.adaptiveMaxPool2d(input, adaptiveSize('adaptiveMaxPool2d', input, size))[0];
}

function adaptiveSize(where: string, input: Tensor, size: AdaptiveSize): [number, number] {
  needAdaptiveSize(`${where}: size`, size);
  if (typeof size === 'number') return [size, size];
  const [height, width] = size;
  if (height !== null && width !== null) return [height, width];
  const { ndim } = needTensor(`${where}: input`, input);
  if (ndim < 2) throw invalid(`${where}: input`, 'a tensor with axes for height and width', input);
  return [height ?? input.size(-2), width ?? input.size(-1)];
}

/** Options of {@link maxPool2d}. */
export interface MaxPool2dOptions {
  /** Step of the window; default the window's size. */
  stride?: Size2d;
  /** Cells around the picture that never win; default 0. */
  padding?: Size2d;
  /** Distance between the window's elements; default 1. */
  dilation?: Size2d;
  /** Whether a window may reach beyond the edge; default false. */
  ceilMode?: boolean;
}

/** The largest value in every window of `kernelSize`. */
export function maxPool2d(input: Tensor, kernelSize: Size2d, options: MaxPool2dOptions = {}): Tensor {
  return operators.maxPool2d(input, ...maxWindow('maxPool2d', kernelSize, options));
}

/** Options of {@link avgPool2d}. */
export interface AvgPool2dOptions {
  /** Step of the window; default the window's size. */
  stride?: Size2d;
  /** Zeros around the picture; default 0. */
  padding?: Size2d;
  /** Whether a window may reach beyond the edge; default false. */
  ceilMode?: boolean;
  /** Whether the zeros of the padding count in the mean; default true. */
  countIncludePad?: boolean;
}

/** The mean of every window of `kernelSize`. */
export function avgPool2d(input: Tensor, kernelSize: Size2d, options: AvgPool2dOptions = {}): Tensor {
  return operators.avgPool2d(input, ...avgWindow('avgPool2d', kernelSize, options));
}

/** What stands outside a picture: a value, the picture mirrored, its border repeated, or the picture's other side. */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular';

const padModes: readonly PadMode[] = ['constant', 'reflect', 'replicate', 'circular'];

/**
 * Adds elements around the last axes.
 *
 * @param edges two numbers an axis, last axis first: [left, right, top, bottom, ...]; negative ones cut off (mode `'constant'`)
 * @param options `mode`, default `'constant'`; `value` for that mode, default 0
 */
export function pad(input: Tensor, edges: readonly number[], options: { mode?: PadMode; value?: number } = {}): Tensor {
  needArray('pad: edges', edges, 'an array of two whole numbers an axis');
  needOptions('pad', options);
  const { mode = 'constant', value } = options;
  needOneOf('pad: mode', mode, padModes);
  if (value !== undefined) {
    if (mode !== 'constant') throw invalid('pad: value', `nothing with mode '${mode}'`, value);
    needInRange('pad: value', value);
  }
  return operators.pad(input, edges, mode, value ?? null);
}

/** int64 class indices as rows of zeros with a one: shape [..., classes]. `classes` defaults to the largest index plus one. */
export function oneHot(indices: Tensor, options: { classes?: number } = {}): Tensor {
  needOptions('oneHot', options);
  const { classes } = options;
  return operators.oneHot(indices, classes === undefined ? -1 : needCount('oneHot: classes', classes, 1));
}
