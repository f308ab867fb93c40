/** Layers without weights that are not activations: Flatten, Lambda, Dropout, Identity. */

import { needArray, needFunction, needInRange, needOptions, needTensor, needWhole } from '../tensor/checks.js';
import { dropout, featureDropout, type Tensor } from '../tensor/index.js';
import { Module } from './module.js';
import { keywords, pythonRepr } from './repr.js';
import { declareTransient } from './transient.js';

/** Joins the axes from `start` (default 1, so the batch stays) to `end` (default -1, the last) into one. */
export class Flatten extends Module {
  readonly start: number;
  readonly end: number;

  constructor(options: { start?: number; end?: number } = {}) {
    super();
    needOptions('Flatten', options);
    this.start = needWhole('Flatten: start', options.start ?? 1);
    this.end = needWhole('Flatten: end', options.end ?? -1);
  }

  override forward(x: Tensor): Tensor {
    return needTensor('Flatten: input', x).flatten(this.start, this.end);
  }

  override extraRepr(): string {
    return keywords({ start_dim: this.start, end_dim: this.end });
  }
}

/** Joins all axes but the batch's into one: the function behind the lesson's `Lambda(flatten)`. */
export function flatten(x: Tensor): Tensor {
  return needTensor('flatten: x', x).flatten(1);
}

/** Any function as a layer. */
export class Lambda extends Module {
  constructor(readonly fn: (x: Tensor) => Tensor) {
    super();
    needFunction('Lambda: fn', fn, 'a function of a tensor');
  }

  override forward(x: Tensor): Tensor {
    return this.fn(x);
  }

  override extraRepr(): string {
    return this.fn.name;
  }
}

/** In training sets elements to zero with probability `p` (default 0.5) and scales the rest up (Srivastava et al. 2014); else nothing. */
export class Dropout extends Module {
  readonly p: number;

  constructor(options: { p?: number } = {}) {
    super();
    needOptions(this.constructor.name, options);
    this.p = needInRange(`${this.constructor.name}: p`, options.p ?? 0.5, { least: 0, most: 1 });
  }

  override forward(x: Tensor): Tensor {
    return this.training && this.p > 0 ? dropout(x, this.p, true) : x;
  }

  override extraRepr(): string {
    return `p=${pythonRepr(this.p)}, inplace=False`;
  }
}

/** Like {@link Dropout}, for whole channels: neighbouring pixels are too alike to be dropped one by one (Tompson et al. 2014, arXiv:1411.4280). */
export class Dropout2d extends Dropout {
  override forward(x: Tensor): Tensor {
    return this.training && this.p > 0 ? featureDropout(x, this.p, true) : x;
  }
}

/** Splits axis `dim` into axes of the given sizes, of which one may be -1 for what remains: the way back from {@link Flatten}. */
export class Unflatten extends Module {
  constructor(
    readonly dim: number,
    readonly sizes: readonly number[],
  ) {
    super();
    needWhole('Unflatten: dim', dim);
    needArray('Unflatten: sizes', sizes, 'an array of whole numbers').forEach((size) =>
      needWhole('Unflatten: sizes', size),
    );
  }

  override forward(x: Tensor): Tensor {
    return needTensor('Unflatten: input', x).unflatten(this.dim, this.sizes);
  }

  override extraRepr(): string {
    return keywords({ dim: this.dim, unflattened_size: [...this.sizes] });
  }
}

/** Returns what it is given. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}

declareTransient('operator', [Dropout, Dropout2d, Flatten, Identity, Unflatten]);
declareTransient('operator', [Lambda], ({ fn }: Lambda) => fn === flatten);
