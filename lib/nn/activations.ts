/** Activations as layers, for networks that are written as lists; each is its function in `F` and a few words to print. */

import { needInRange, needOneOf, needOptions, needWhole } from '../tensor/checks.js';
import type { Tensor } from '../tensor/index.js';
import * as F from './functional/activations.js';
import { approximations, numberOrNull } from './functional/options.js';
import { Module } from './module.js';
import { keywords } from './repr.js';
import { declareTransient } from './transient.js';

/** max(x, 0). */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return F.relu(x);
  }
}

/** x above zero, `slope` (default 0.01) times x below. */
export class LeakyReLU extends Module {
  readonly slope: number;

  constructor(options: { slope?: number } = {}) {
    super();
    needOptions('LeakyReLU', options);
    this.slope = needInRange('LeakyReLU: slope', options.slope ?? 0.01);
  }

  override forward(x: Tensor): Tensor {
    return F.leakyRelu(x, { slope: this.slope });
  }

  override extraRepr(): string {
    return keywords({ negative_slope: this.slope });
  }
}

/**
 * The lesson's ReLU: a leak below zero, then a shift down by `sub` so that the mean can be zero, then an upper limit `maxv`.
 *
 * Each is left out where its option is; without options it is a ReLU. The fields may be changed at any time: LSUV moves `sub`.
 */
export class GeneralReLU extends Module {
  leak: number | null;
  sub: number | null;
  maxv: number | null;

  constructor(options: F.GeneralReluOptions = {}) {
    super();
    needOptions('GeneralReLU', options);
    this.leak = numberOrNull('GeneralReLU: leak', options.leak);
    this.sub = numberOrNull('GeneralReLU: sub', options.sub);
    this.maxv = numberOrNull('GeneralReLU: maxv', options.maxv);
  }

  override forward(x: Tensor): Tensor {
    const { leak, sub, maxv } = this;
    return F.generalRelu(x, { leak, sub, maxv });
  }

  override extraRepr(): string {
    const { leak, sub, maxv } = this;
    return keywords(Object.fromEntries(Object.entries({ leak, sub, maxv }).filter(([, value]) => value !== null)));
  }
}

/** x times the normal distribution function of x. */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh';

  constructor(options: { approximate?: 'none' | 'tanh' } = {}) {
    super();
    needOptions('GELU', options);
    this.approximate = needOneOf('GELU: approximate', options.approximate ?? 'none', approximations);
  }

  override forward(x: Tensor): Tensor {
    return F.gelu(x, { approximate: this.approximate });
  }

  override extraRepr(): string {
    return keywords({ approximate: this.approximate });
  }
}

/** x times sigmoid(x). */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return F.silu(x);
  }
}

/** x times tanh(softplus(x)). */
export class Mish extends Module {
  override forward(x: Tensor): Tensor {
    return F.mish(x);
  }
}

/** 1 / (1 + exp(-x)). */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return F.sigmoid(x);
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return F.tanh(x);
  }
}

/** exp(x) divided by its sum along axis `dim`. */
export class Softmax extends Module {
  constructor(readonly dim: number) {
    super();
    needWhole('Softmax: dim', dim);
  }

  override forward(x: Tensor): Tensor {
    return F.softmax(x, this.dim);
  }

  override extraRepr(): string {
    return keywords({ dim: this.dim });
  }
}

/** The log of {@link Softmax}. */
export class LogSoftmax extends Module {
  constructor(readonly dim: number) {
    super();
    needWhole('LogSoftmax: dim', dim);
  }

  override forward(x: Tensor): Tensor {
    return F.logSoftmax(x, this.dim);
  }

  override extraRepr(): string {
    return keywords({ dim: this.dim });
  }
}

declareTransient('operator', [GELU, GeneralReLU, LeakyReLU, LogSoftmax, Mish, ReLU, SiLU, Sigmoid, Softmax, Tanh]);
