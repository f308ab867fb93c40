/** The window of a pooling, checked, as the operators take it: a function checks it at every call, a layer when it is made. */

import { isCount, needFlag, needOptions } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import { pair, type Size2d } from './options.js';
import type { AvgPool2dOptions, MaxPool2dOptions } from './pooling.js';

/** The operator's arguments after the input. */
export type MaxWindow = [kernel: number[], stride: number[], padding: number[], dilation: number[], ceilMode: boolean];

/** @throws ArgumentError naming `where` and the option */
export function maxWindow(where: string, kernelSize: Size2d, options: MaxPool2dOptions): MaxWindow {
  needOptions(where, options);
  const { stride = kernelSize, padding = 0, dilation = 1, ceilMode = false } = options;
  return [
    pair(`${where}: kernelSize`, kernelSize, 1),
    pair(`${where}: stride`, stride, 1),
    pair(`${where}: padding`, padding, 0),
    pair(`${where}: dilation`, dilation, 1),
    needFlag(`${where}: ceilMode`, ceilMode),
  ];
}

/** The operator's arguments after the input. */
export type AvgWindow = [
  kernel: number[],
  stride: number[],
  padding: number[],
  ceilMode: boolean,
  countIncludePad: boolean,
];

/** @throws ArgumentError naming `where` and the option */
export function avgWindow(where: string, kernelSize: Size2d, options: AvgPool2dOptions): AvgWindow {
  needOptions(where, options);
  const { stride = kernelSize, padding = 0, ceilMode = false, countIncludePad = true } = options;
  return [
    pair(`${where}: kernelSize`, kernelSize, 1),
    pair(`${where}: stride`, stride, 1),
    pair(`${where}: padding`, padding, 0),
    needFlag(`${where}: ceilMode`, ceilMode),
    needFlag(`${where}: countIncludePad`, countIncludePad),
  ];
}

/** Sizes of cells' counts: one for both axes, or [height, width] where null keeps what is there. */
export type AdaptiveSize = number | readonly [height: number | null, width: number | null];

/** @throws ArgumentError for any other value */
export function needAdaptiveSize(argument: string, size: AdaptiveSize): AdaptiveSize {
  const given: unknown = size;
  if (isCount(given, 1)) return given;
  if (Array.isArray(given) && given.length === 2 && given.every((one) => one === null || isCount(one, 1))) return size;
  throw invalid(argument, 'a whole number of at least 1, or two of them or null as [height, width]', given);
}
