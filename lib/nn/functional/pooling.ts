/** Pooling, padding and one-hot rows: what changes sizes without weights. */

import * as operators from '../../tensor/index.js';
import type { Tensor } from '../../tensor/index.js';
import { invalid } from '../../tensor/errors.js';
import { oneOf, pair, type Size2d } from './options.js';

/** The mean of every cell of a `size` (height, width) division of the picture; null keeps an axis as it is. */
export function adaptiveAvgPool2d(input: Tensor, size: number | readonly [number | null, number | null]): Tensor {
  return operators.adaptiveAvgPool2d(input, adaptiveSize(input, size));
}

/** The largest value of every cell of a `size` (height, width) division of the picture; null keeps an axis as it is. */
export function adaptiveMaxPool2d(input: Tensor, size: number | readonly [number | null, number | null]): Tensor {
  return operators.adaptiveMaxPool2d(input, adaptiveSize(input, size))[0];
}

function adaptiveSize(input: Tensor, size: number | readonly [number | null, number | null]): [number, number] {
  if (typeof size === 'number') return pair('size', size, 1);
  return pair('size', [size[0] ?? input.size(-2), size[1] ?? input.size(-1)], 1);
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
  const { stride = kernelSize, padding = 0, dilation = 1, ceilMode = false } = options;
  return operators.maxPool2d(
    input,
    pair('kernelSize', kernelSize, 1),
    pair('stride', stride, 1),
    pair('padding', padding, 0),
    pair('dilation', dilation, 1),
    ceilMode,
  );
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
  const { stride = kernelSize, padding = 0, ceilMode = false, countIncludePad = true } = options;
  return operators.avgPool2d(
    input,
    pair('kernelSize', kernelSize, 1),
    pair('stride', stride, 1),
    pair('padding', padding, 0),
    ceilMode,
    countIncludePad,
  );
}

/** What stands outside a picture: a value, the picture mirrored, its border repeated, or the picture's other side. */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular';

const padModes: readonly string[] = ['constant', 'reflect', 'replicate', 'circular'];

/**
 * Adds elements around the last axes.
 *
 * @param edges two numbers an axis, last axis first: [left, right, top, bottom, ...]; negative ones cut off (mode `'constant'`)
 * @param options `mode`, default `'constant'`; `value` for that mode, default 0
 */
export function pad(input: Tensor, edges: readonly number[], options: { mode?: PadMode; value?: number } = {}): Tensor {
  const { mode = 'constant', value } = options;
  if (!padModes.includes(mode)) throw invalid('mode', oneOf(padModes), mode);
  if (value !== undefined && mode !== 'constant') throw invalid('value', `nothing with mode '${mode}'`, value);
  return operators.pad(input, [...edges], mode, value ?? null);
}

/** int64 class indices as rows of zeros with a one: shape [..., classes]. `classes` defaults to the largest index plus one. */
export function oneHot(indices: Tensor, options: { classes?: number } = {}): Tensor {
  return operators.oneHot(indices, options.classes ?? -1);
}
