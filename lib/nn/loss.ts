/** What the loss modules share: their options are given once. */

import type { Tensor } from '../tensor/index.js';
import { needLossOptions } from './functional/lossOptions.js';
import { Module } from './module.js';

/** A loss: from predictions and targets to one number (or one a sample). Tensors among the options move with the module. */
export abstract class Loss<
  Options extends object,
  Inputs extends readonly unknown[] = [input: Tensor, target: Tensor],
> extends Module<Inputs> {
  readonly options: Readonly<Options>;

  /** @param reductions what `reduction` may be */
  constructor(options: Options = {} as Options, reductions?: readonly string[]) {
    super();
    needLossOptions(this.constructor.name, options, reductions);
    this.options = options;
  }
}
