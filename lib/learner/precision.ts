/** Precision: how the numbers of the forward pass are stored, and how its images lie in memory. */

import type { Module } from '../nn/index.js';
import { autocast, type Tensor } from '../tensor/index.js';
import { invalid } from '../tensor/errors.js';

/** `'fp32'`: float32 throughout. `'bf16'`: weights in float32, convolutions and matrix products in bfloat16 under autocast. */
export type PrecisionName = 'fp32' | 'bf16';

/** The names, for checks and help texts. */
export const precisions: readonly PrecisionName[] = ['fp32', 'bf16'];

/** Wraps the learner's forward passes according to a precision. */
export class Precision {
  readonly name: PrecisionName;
  /** Whether 4-d weights and inputs are stored with the channels innermost, which oneDNN's and cuDNN's bfloat16 kernels want. */
  readonly channelsLast: boolean;

  /** @param options.channelsLast default: with bf16 only */
  constructor(name: PrecisionName, options: { channelsLast?: boolean | undefined } = {}) {
    if (!precisions.includes(name)) throw invalid('precision', "'fp32' or 'bf16'", name);
    this.name = name;
    this.channelsLast = options.channelsLast ?? name === 'bf16';
  }

  /** Runs a synchronous part of the forward pass. */
  run<T>(device: string, fn: () => T): T {
    return this.name === 'bf16' ? autocast({ dtype: 'bfloat16', device }, fn) : fn();
  }

  /** Brings the model's weights into the layout, in place; parameters keep their identity. */
  prepareModel(model: Module): void {
    if (this.channelsLast) model.to({ memoryFormat: 'channels_last' });
  }

  /** The batch in the layout; itself when there is nothing to do. */
  prepareInput(xb: Tensor): Tensor {
    return this.channelsLast && xb.ndim === 4 ? xb.contiguous({ memoryFormat: 'channels_last' }) : xb;
  }
}
