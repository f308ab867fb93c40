/** Conv2d slides a small kernel over a picture. */

import { needCount, needFlag, needOneOf, needOptions, needTensor } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { conv2d, empty, pad, type Tensor } from '../tensor/index.js';
import { pair, samePadding, type Size2d } from './functional/options.js';
import { initializeAffine } from './linear.js';
import { Module } from './module.js';
import { Parameter } from './parameter.js';
import type { FactoryOptions } from './placement.js';
import { pythonRepr } from './repr.js';
import { declareTransient } from './transient.js';

/** What stands outside the picture where the kernel reaches over its edge. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';

const paddingModes: readonly PaddingMode[] = ['zeros', 'reflect', 'replicate', 'circular'];

/** Options of {@link Conv2d}. A size is one number for both axes or [height, width]. */
export interface Conv2dLayerOptions extends FactoryOptions {
  /** Step of the kernel; default 1. */
  stride?: Size2d;
  /** Width of the edge that is added; `'same'` keeps the picture's size (stride 1 only), `'valid'` is 0; default 0. */
  padding?: Size2d | 'same' | 'valid';
  /** Default `'zeros'`. */
  paddingMode?: PaddingMode;
  /** Distance between the kernel's elements; default 1. */
  dilation?: Size2d;
  /** Number of groups of channels that do not see one another; default 1. */
  groups?: number;
  /** Default true. */
  bias?: boolean;
}

/** Two-dimensional convolution: [batch, inChannels, height, width] to [batch, outChannels, outHeight, outWidth]. */
export class Conv2d extends Module {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: [height: number, width: number];
  readonly stride: [height: number, width: number];
  readonly padding: [height: number, width: number] | 'same' | 'valid';
  readonly paddingMode: PaddingMode;
  readonly dilation: [height: number, width: number];
  readonly groups: number;
  /** [outChannels, inChannels / groups, height, width] */
  weight: Parameter;
  /** [outChannels], or null with `bias: false` */
  bias: Parameter | null;

  /** Added before the convolution, where the operator's own padding cannot do it: [left, right, top, bottom]. */
  readonly #edges: number[] | null;
  /** Padding that the operator itself adds. */
  readonly #inner: [height: number, width: number];

  constructor(inChannels: number, outChannels: number, kernelSize: Size2d, options: Conv2dLayerOptions = {}) {
    super();
    needOptions('Conv2d', options);
    const { stride = 1, padding = 0, paddingMode = 'zeros', dilation = 1, groups = 1, bias = true, ...place } = options;
    this.inChannels = needCount('Conv2d: inChannels', inChannels, 1);
    this.outChannels = needCount('Conv2d: outChannels', outChannels, 1);
    this.kernelSize = pair('Conv2d: kernelSize', kernelSize, 1);
    this.stride = pair('Conv2d: stride', stride, 1);
    this.dilation = pair('Conv2d: dilation', dilation, 1);
    this.groups = needCount('Conv2d: groups', groups, 1);
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw invalid(
        'Conv2d: groups',
        `a divisor of inChannels (${inChannels}) and outChannels (${outChannels})`,
        groups,
      );
    }
    this.paddingMode = needOneOf('Conv2d: paddingMode', paddingMode, paddingModes);
    this.padding = padding === 'same' || padding === 'valid' ? padding : pair('Conv2d: padding', padding, 0);
    if (padding === 'same' && (this.stride[0] !== 1 || this.stride[1] !== 1)) {
      throw invalid('Conv2d: padding', "numbers: 'same' is for stride 1 only", padding);
    }

    const { edges, even } = this.#paddingNeeded();
    this.#inner = paddingMode === 'zeros' && even !== null ? even : [0, 0];
    this.#edges = (paddingMode === 'zeros' && even !== null) || edges.every((edge) => edge === 0) ? null : edges;

    this.weight = new Parameter(empty([outChannels, inChannels / groups, ...this.kernelSize], place));
    this.bias = needFlag('Conv2d: bias', bias) ? new Parameter(empty([outChannels], place)) : null;
    this.resetParameters();
  }

  #paddingNeeded(): { edges: number[]; even: [number, number] | null } {
    if (this.padding === 'same') return samePadding(this.kernelSize, this.dilation);
    const [height, width] = this.padding === 'valid' ? [0, 0] : this.padding;
    return { edges: [width, width, height, height], even: [height, width] };
  }

  /** Draws new start values. */
  resetParameters(): void {
    initializeAffine(this.weight, this.bias);
  }

  override forward(x: Tensor): Tensor {
    const padded =
      this.#edges === null ? x : pad(x, this.#edges, this.paddingMode === 'zeros' ? 'constant' : this.paddingMode);
    return conv2d(padded, this.weight, this.bias, this.stride, this.#inner, this.dilation, this.groups);
  }

  /** Each output element is a sum over the weights of its own channel. */
  override multiplyAdds(_args: readonly unknown[], output: unknown): number {
    return (
      needTensor('Conv2d.multiplyAdds: output', output as Tensor).numel() * (this.weight.numel() / this.weight.size(0))
    );
  }

  override extraRepr(): string {
    const { padding } = this;
    const parts = [
      `${this.inChannels}, ${this.outChannels}`,
      `kernel_size=${pythonRepr(this.kernelSize)}`,
      `stride=${pythonRepr(this.stride)}`,
    ];
    if (typeof padding === 'string') parts.push(`padding=${padding}`);
    else if (padding[0] !== 0 || padding[1] !== 0) parts.push(`padding=${pythonRepr(padding)}`);
    if (this.dilation[0] !== 1 || this.dilation[1] !== 1) parts.push(`dilation=${pythonRepr(this.dilation)}`);
    if (this.groups !== 1) parts.push(`groups=${this.groups}`);
    if (this.bias === null) parts.push('bias=False');
    if (this.paddingMode !== 'zeros') parts.push(`padding_mode=${this.paddingMode}`);
    return parts.join(', ');
  }
}

declareTransient('operator', [Conv2d]);
