/** ConvTranspose2d makes pictures larger: the gradient of a convolution, used as a layer. */

import { empty, type Tensor } from '../tensor/index.js';
import { needArray, needCount, needFlag, needOptions, needTensor } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { convTranspose2d, type ConvTranspose2dOptions } from './functional/layers.js';
import { pair, type Size2d } from './functional/options.js';
import { initializeAffine } from './linear.js';
import { Module } from './module.js';
import { Parameter } from './parameter.js';
import type { FactoryOptions } from './placement.js';
import { pythonRepr } from './repr.js';
import { declareTransient } from './transient.js';

/** Options of {@link ConvTranspose2d}. */
export interface ConvTranspose2dLayerOptions extends ConvTranspose2dOptions, FactoryOptions {
  /** Default true. */
  bias?: boolean;
}

/**
 * Transposed convolution: [batch, inChannels, height, width] to [batch, outChannels, outHeight, outWidth].
 *
 * Each side of the result is (side - 1) * stride - 2 * padding + dilation * (kernelSize - 1) + outputPadding + 1.
 */
export class ConvTranspose2d extends Module {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: [height: number, width: number];
  readonly stride: [height: number, width: number];
  readonly padding: [height: number, width: number];
  readonly outputPadding: [height: number, width: number];
  readonly groups: number;
  readonly dilation: [height: number, width: number];
  /** [inChannels, outChannels / groups, height, width] */
  weight: Parameter;
  /** [outChannels], or null with `bias: false` */
  bias: Parameter | null;

  constructor(inChannels: number, outChannels: number, kernelSize: Size2d, options: ConvTranspose2dLayerOptions = {}) {
    super();
    needOptions('ConvTranspose2d', options);
    const { stride = 1, padding = 0, outputPadding = 0, groups = 1, dilation = 1, bias = true, ...place } = options;
    this.inChannels = needCount('ConvTranspose2d: inChannels', inChannels, 1);
    this.outChannels = needCount('ConvTranspose2d: outChannels', outChannels, 1);
    this.kernelSize = pair('ConvTranspose2d: kernelSize', kernelSize, 1);
    this.stride = pair('ConvTranspose2d: stride', stride, 1);
    this.padding = pair('ConvTranspose2d: padding', padding, 0);
    this.outputPadding = pair('ConvTranspose2d: outputPadding', outputPadding, 0);
    this.groups = needCount('ConvTranspose2d: groups', groups, 1);
    this.dilation = pair('ConvTranspose2d: dilation', dilation, 1);
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw invalid(
        'ConvTranspose2d: groups',
        `a divisor of inChannels (${inChannels}) and outChannels (${outChannels})`,
        groups,
      );
    }
    this.weight = new Parameter(empty([inChannels, outChannels / groups, ...this.kernelSize], place));
    this.bias = needFlag('ConvTranspose2d: bias', bias) ? new Parameter(empty([outChannels], place)) : null;
    this.resetParameters();
  }

  /** Draws new start values. */
  resetParameters(): void {
    initializeAffine(this.weight, this.bias);
  }

  override forward(x: Tensor): Tensor {
    const { stride, padding, outputPadding, groups, dilation } = this;
    return convTranspose2d(x, this.weight, this.bias, { stride, padding, outputPadding, groups, dilation });
  }

  /** Each input element paints the weights of its own channel. */
  override multiplyAdds(args: readonly unknown[]): number {
    const [input] = needArray('ConvTranspose2d.multiplyAdds: args', args) as readonly [Tensor];
    const { weight } = this;
    return needTensor('ConvTranspose2d.multiplyAdds: args', input).numel() * (weight.numel() / weight.size(0));
  }

  override extraRepr(): string {
    const parts = [
      `${this.inChannels}, ${this.outChannels}`,
      `kernel_size=${pythonRepr(this.kernelSize)}`,
      `stride=${pythonRepr(this.stride)}`,
    ];
    const unlike = (value: readonly number[], usual: number): boolean => value.some((one) => one !== usual);
    if (unlike(this.padding, 0)) parts.push(`padding=${pythonRepr(this.padding)}`);
    if (unlike(this.dilation, 1)) parts.push(`dilation=${pythonRepr(this.dilation)}`);
    if (unlike(this.outputPadding, 0)) parts.push(`output_padding=${pythonRepr(this.outputPadding)}`);
    if (this.groups !== 1) parts.push(`groups=${this.groups}`);
    if (this.bias === null) parts.push('bias=False');
    return parts.join(', ');
  }
}

declareTransient('operator', [ConvTranspose2d]);
