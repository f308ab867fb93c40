/** The lesson's convolution layer: Conv2d, then GeneralReLU, then batch normalisation. */

import type { Tensor } from '../tensor/index.js';
import { needCount, needFlag, needInRange, needOptions } from '../tensor/checks.js';
import { GeneralReLU } from './activations.js';
import { Sequential } from './containers.js';
import { Conv2d } from './conv.js';
import { activateAndNormalize } from './fusedNorm.js';
import type { GeneralReluOptions } from './functional/activations.js';
import type { Module } from './module.js';
import { BatchNorm2d } from './normalization.js';
import type { Parameter } from './parameter.js';
import type { FactoryOptions } from './placement.js';
import { declareTransient } from './transient.js';

/** Options of {@link ConvLayer}; `leak`, `sub` and `maxv` are GeneralReLU's. */
export interface ConvLayerOptions extends GeneralReluOptions, FactoryOptions {
  /** Width of the square kernel, odd so that half of it pads; default 3. */
  kernelSize?: number;
  /** Default 2: the layer halves the picture. */
  stride?: number;
  /** Whether batch normalisation follows, in which case the convolution has no bias; default true. */
  bn?: boolean;
  /** Whether activation and normalisation are one operator where that computes the same (see {@link ConvLayer.fused}); default true. */
  fused?: boolean;
}

/**
 * Conv2d, GeneralReLU and BatchNorm2d in this order, as the Sequential that they are.
 *
 * `weight` and `bias` are what LSUV adjusts: the convolution's weight, and a shift *after* the activation, which is `-relu.sub`.
 */
export class ConvLayer extends Sequential {
  /**
   * Whether activation and normalisation run as one operator where that computes the same: on the CPU, and while neither is hooked or
   * was replaced. It stores no activation, takes a quarter of the time, and rounds less.
   */
  fused: boolean;

  /** @param ni channels in @param nf channels out */
  constructor(ni: number, nf: number, options: ConvLayerOptions = {}) {
    needOptions('ConvLayer', options);
    const { kernelSize = 3, stride = 2, bn = true, fused = true, leak, sub, maxv, ...place } = options;
    needCount('ConvLayer: kernelSize', kernelSize, 1);
    needFlag('ConvLayer: bn', bn);
    const conv = new Conv2d(ni, nf, kernelSize, { stride, padding: Math.floor(kernelSize / 2), bias: !bn, ...place });
    super(conv, new GeneralReLU({ leak, sub, maxv }), ...(bn ? [new BatchNorm2d(nf, place)] : []));
    this.fused = needFlag('ConvLayer: fused', fused);
  }

  override forward(x: Tensor): Tensor {
    const [conv, relu, bn] = [this[0], this[1], this[2]];
    if (!this.fused || this.length !== 3) return super.forward(x);
    return activateAndNormalize(conv!.call(x), relu!, bn!);
  }

  /** The convolution. */
  get conv(): Conv2d {
    return this[0] as Conv2d;
  }

  /** The activation. */
  get relu(): GeneralReLU {
    return this[1] as GeneralReLU;
  }

  /** The batch normalisation, or null with `bn: false`. */
  get bn(): BatchNorm2d | null {
    return (this[2] as BatchNorm2d | undefined) ?? null;
  }

  /** The convolution's weight. */
  get weight(): Parameter {
    return this.conv.weight;
  }

  /** What the layer adds after its activation: `-relu.sub`. */
  get bias(): number {
    return this.relu.sub === null ? 0 : -this.relu.sub;
  }

  set bias(shift: number) {
    this.relu.sub = -needInRange('ConvLayer: bias', shift);
  }
}

/** What makes one layer of a CNN from channels in and out; {@link convLayer} is the usual one. */
export type LayerFactory = (ni: number, nf: number, options: ConvLayerOptions) => Module;

/** Makes a {@link ConvLayer}: `ni` channels in, `nf` out. */
export function convLayer(ni: number, nf: number, options: ConvLayerOptions = {}): ConvLayer {
  return new ConvLayer(ni, nf, options);
}

declareTransient('network', [ConvLayer]);
