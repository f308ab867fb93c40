/** Pooling layers make pictures smaller: to a wanted size (AdaptiveAvgPool2d), or by a moving window. */

import { adaptiveAvgPool2d, avgPool2d, maxPool2d, type Tensor } from '../tensor/index.js';
import type { Size2d } from './functional/options.js';
import * as F from './functional/pooling.js';
import {
  avgWindow,
  maxWindow,
  needAdaptiveSize,
  type AdaptiveSize,
  type AvgWindow,
  type MaxWindow,
} from './functional/windows.js';
import { Module } from './module.js';
import { keywords } from './repr.js';
import { declareTransient } from './transient.js';

/** A size as it was given prints as it was given: `2`, or `(2, 3)`. */
function asGiven(size: Size2d): number | readonly number[] {
  return typeof size === 'number' ? size : [...size];
}

/** The mean of every cell of an `outputSize` division of the picture; null keeps an axis as it is. */
export class AdaptiveAvgPool2d extends Module {
  constructor(readonly outputSize: AdaptiveSize) {
    super();
    needAdaptiveSize(`${this.constructor.name}: outputSize`, outputSize);
  }

  override forward(x: Tensor): Tensor {
    return typeof this.outputSize === 'number'
      ? adaptiveAvgPool2d(x, this.outputSize)
      : F.adaptiveAvgPool2d(x, this.outputSize);
  }

  override extraRepr(): string {
    return keywords({ output_size: this.outputSize });
  }
}

/** The largest value of every cell of an `outputSize` division of the picture; null keeps an axis as it is. */
export class AdaptiveMaxPool2d extends AdaptiveAvgPool2d {
  override forward(x: Tensor): Tensor {
    return F.adaptiveMaxPool2d(x, this.outputSize);
  }
}

/** The largest value in every window. */
export class MaxPool2d extends Module {
  readonly #window: MaxWindow;

  constructor(
    readonly kernelSize: Size2d,
    readonly options: F.MaxPool2dOptions = {},
  ) {
    super();
    this.#window = maxWindow('MaxPool2d', kernelSize, options);
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, ...this.#window);
  }

  override extraRepr(): string {
    const { stride = this.kernelSize, padding = 0, dilation = 1, ceilMode = false } = this.options;
    return keywords({
      kernel_size: asGiven(this.kernelSize),
      stride: asGiven(stride),
      padding: asGiven(padding),
      dilation: asGiven(dilation),
      ceil_mode: ceilMode,
    });
  }
}

/** The mean of every window. */
export class AvgPool2d extends Module {
  readonly #window: AvgWindow;

  constructor(
    readonly kernelSize: Size2d,
    readonly options: F.AvgPool2dOptions = {},
  ) {
    super();
    this.#window = avgWindow('AvgPool2d', kernelSize, options);
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, ...this.#window);
  }

  override extraRepr(): string {
    const { stride = this.kernelSize, padding = 0 } = this.options;
    return keywords({ kernel_size: asGiven(this.kernelSize), stride: asGiven(stride), padding: asGiven(padding) });
  }
}

declareTransient('operator', [AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d]);
