/** Pooling that blurs before it leaves pixels out, so that a picture that is shifted by one pixel is pooled to almost the same. */

import { needCount, needOptions, needTensor } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { conv2d, maxPool2d, pad, tensor, type Tensor } from '../tensor/index.js';
import { Module } from './module.js';
import type { FactoryOptions } from './placement.js';
import { keywords } from './repr.js';
import { declareTransient } from './transient.js';

/** Options of {@link BlurPool2d}. */
export interface BlurPool2dOptions extends FactoryOptions {
  /** Every how many pixels one is kept; default 2. */
  stride?: number;
}

/**
 * Blurs every channel with a binomial kernel, and keeps each `stride`-th pixel (Zhang 2019, arXiv:1904.11486); outside the picture are zeros.
 *
 * As kornia's BlurPool2D: [batch, channels, height, width] to [batch, channels, ceil(height / stride), ceil(width / stride)].
 */
export class BlurPool2d extends Module {
  readonly kernelSize: number;
  readonly stride: number;
  /** [1, 1, kernelSize, kernelSize], and no part of the state. */
  declare kernel: Tensor;

  /** @param kernelSize width of the square kernel; 3 has the weights 1, 2, 1 each way */
  constructor(kernelSize: number, options: BlurPool2dOptions = {}) {
    super();
    const where = this.constructor.name;
    needOptions(where, options);
    const { stride = 2, device, dtype } = options;
    // Wider ones have weights that no float can tell from 0.
    if (needCount(`${where}: kernelSize`, kernelSize, 1) > 64)
      throw invalid(`${where}: kernelSize`, 'a whole number from 1 to 64', kernelSize);
    this.kernelSize = kernelSize;
    this.stride = needCount(`${where}: stride`, stride, 1);
    this.registerBuffer('kernel', binomial(kernelSize).to({ device, dtype }), { persistent: false });
  }

  override forward(x: Tensor): Tensor {
    const channels = needPicture(this.constructor.name, x).size(1);
    const { kernelSize, stride } = this;
    const kernel = this.kernel.expand([channels, 1, kernelSize, kernelSize]);
    // An even kernel lies half a pixel to one side.
    const [before, after] = [Math.floor((kernelSize - 1) / 2), Math.floor(kernelSize / 2)];
    const padded = before === after ? x : pad(x, [0, 1, 0, 1]);
    return conv2d(padded, kernel, null, [stride, stride], [before, before], [1, 1], channels);
  }

  override extraRepr(): string {
    return keywords({ kernel_size: this.kernelSize, stride: this.stride });
  }
}

/** Options of {@link MaxBlurPool2d}. */
export interface MaxBlurPool2dOptions extends BlurPool2dOptions {
  /** Width of the square window whose largest value is taken, at every pixel; default 2. */
  maxPoolSize?: number;
}

/**
 * The largest value around every pixel, then {@link BlurPool2d}: max pooling by `stride` without its aliasing. As kornia's MaxBlurPool2D.
 *
 * A window of 2 makes a picture one pixel smaller before it is blurred; even sizes are halved by stride 2 all the same.
 */
export class MaxBlurPool2d extends BlurPool2d {
  readonly maxPoolSize: number;

  /** @param kernelSize width of the blur's kernel */
  constructor(kernelSize: number, options: MaxBlurPool2dOptions = {}) {
    super(kernelSize, options);
    const { maxPoolSize = 2 } = options;
    this.maxPoolSize = needCount('MaxBlurPool2d: maxPoolSize', maxPoolSize, 1);
  }

  override forward(x: Tensor): Tensor {
    const size = [this.maxPoolSize, this.maxPoolSize];
    return super.forward(maxPool2d(needPicture('MaxBlurPool2d', x), size, [1, 1]));
  }

  override extraRepr(): string {
    return `${super.extraRepr()}, ${keywords({ max_pool_size: this.maxPoolSize })}`;
  }
}

/** A row of Pascal's triangle times itself, of sum 1. */
function binomial(width: number): Tensor {
  let row = [1];
  while (row.length < width) row = [...row, 0].map((value, i) => (value + (row[i - 1] ?? 0)) / 2);
  const line = tensor(row, { dtype: 'float64', shape: [1, 1, width, 1] });
  return line.mul(line.transpose(2, 3)).to('float32');
}

/** A batch of pictures. */
function needPicture(where: string, x: Tensor): Tensor {
  if (needTensor(`${where}: input`, x).ndim !== 4) throw invalid(`${where}: input`, 'a Tensor of 4 axes', x);
  return x;
}

declareTransient('operator', [BlurPool2d, MaxBlurPool2d]);
