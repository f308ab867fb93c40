/** Precision: how the numbers of the forward pass are stored, and how its images lie in memory. */

import { Module } from '../nn/index.js';
import { autocast, type Tensor } from '../tensor/index.js';
import {
  needFlag,
  needFunction,
  needInstance,
  needOneOf,
  needOptions,
  needTensor,
  needText,
} from '../tensor/checks.js';

/**
 * `'fp32'`: float32 throughout. `'bf16'`: weights in float32, convolutions and matrix products in bfloat16 under autocast. `'fp16'`: the same in
 * float16, whose range is small: the loss is scaled by a `GradScaler`, and a step whose gradients overflow is left out.
 */
export type PrecisionName = 'fp32' | 'bf16' | 'fp16';

/** The names, for checks and help texts. */
export const precisions: readonly PrecisionName[] = ['fp32', 'bf16', 'fp16'];

const autocastTo = { bf16: 'bfloat16', fp16: 'float16' } as const;

/** Wraps the learner's forward passes according to a precision. */
export class Precision {
  readonly name: PrecisionName;
  /** Whether 4-d weights and inputs are stored with the channels innermost, which oneDNN's and cuDNN's half-precision kernels want. */
  readonly channelsLast: boolean;

  /** @param options.channelsLast default: with bf16 and fp16 */
  constructor(name: PrecisionName, options: { channelsLast?: boolean | undefined } = {}) {
    this.name = needOneOf('precision', name, precisions);
    needOptions('Precision', options);
    const { channelsLast = name !== 'fp32' } = options;
    this.channelsLast = needFlag('channelsLast', channelsLast);
  }

  /** Runs a synchronous part of the forward pass. */
  run<T>(device: string, fn: () => T): T {
    needText('device', device);
    needFunction('fn', fn);
    return this.name === 'fp32' ? fn() : autocast({ dtype: autocastTo[this.name], device }, fn);
  }

  /** Brings the model's weights into the layout, in place; parameters keep their identity. */
  prepareModel(model: Module): void {
    needInstance('model', model, Module);
    if (this.channelsLast) model.to({ memoryFormat: 'channels_last' });
  }

  /** The batch in the layout; itself when there is nothing to do. */
  prepareInput(xb: Tensor): Tensor {
    needTensor('xb', xb);
    return this.channelsLast && xb.ndim === 4 ? xb.contiguous({ memoryFormat: 'channels_last' }) : xb;
  }
}
