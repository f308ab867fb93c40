/** The less common activations as layers: the family of ELU, the piecewise linear ones of mobile networks, and those with learned or gating parts. */

import { needCount, needInRange, needOptions, needWhole } from '../tensor/checks.js';
import { full, type Tensor } from '../tensor/index.js';
import * as F from './functional/activations.js';
import { Module } from './module.js';
import { Parameter } from './parameter.js';
import type { FactoryOptions } from './placement.js';
import { keywords, pythonFloat } from './repr.js';
import { declareTransient } from './transient.js';

/** min(max(x, 0), 6). */
export class ReLU6 extends Module {
  override forward(x: Tensor): Tensor {
    return F.relu6(x);
  }
}

/** x between `min` (default -1) and `max` (default 1), else the nearer of them. */
export class Hardtanh extends Module {
  readonly min: number;
  readonly max: number;

  constructor(options: { min?: number; max?: number } = {}) {
    super();
    needOptions('Hardtanh', options);
    this.min = needInRange('Hardtanh: min', options.min ?? -1);
    this.max = needInRange('Hardtanh: max', options.max ?? 1, { least: this.min });
  }

  override forward(x: Tensor): Tensor {
    return F.hardtanh(x, { min: this.min, max: this.max });
  }

  override extraRepr(): string {
    return `min_val=${pythonFloat(this.min)}, max_val=${pythonFloat(this.max)}`;
  }
}

/** See `F.hardswish`. */
export class Hardswish extends Module {
  override forward(x: Tensor): Tensor {
    return F.hardswish(x);
  }
}

/** See `F.hardsigmoid`. */
export class Hardsigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return F.hardsigmoid(x);
  }
}

/** See `F.elu`. */
export class ELU extends Module {
  readonly alpha: number;

  constructor(options: { alpha?: number } = {}) {
    super();
    needOptions(this.constructor.name, options);
    this.alpha = needInRange(`${this.constructor.name}: alpha`, options.alpha ?? 1);
  }

  override forward(x: Tensor): Tensor {
    return F.elu(x, { alpha: this.alpha });
  }

  override extraRepr(): string {
    return `alpha=${pythonFloat(this.alpha)}`;
  }
}

/** See `F.celu`. */
export class CELU extends ELU {
  override forward(x: Tensor): Tensor {
    return F.celu(x, { alpha: this.alpha });
  }
}

/** See `F.selu`. */
export class SELU extends Module {
  override forward(x: Tensor): Tensor {
    return F.selu(x);
  }
}

/** See `F.softplus`. */
export class Softplus extends Module {
  readonly beta: number;
  readonly threshold: number;

  constructor(options: { beta?: number; threshold?: number } = {}) {
    super();
    needOptions('Softplus', options);
    this.beta = needInRange('Softplus: beta', options.beta ?? 1);
    this.threshold = needInRange('Softplus: threshold', options.threshold ?? 20);
  }

  override forward(x: Tensor): Tensor {
    return F.softplus(x, { beta: this.beta, threshold: this.threshold });
  }

  override extraRepr(): string {
    return `beta=${pythonFloat(this.beta)}, threshold=${pythonFloat(this.threshold)}`;
  }
}

/** See `F.logSigmoid`. */
export class LogSigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return F.logSigmoid(x);
  }
}

/** x above zero and a learned slope times x below (He et al. 2015, arXiv:1502.01852). */
export class PReLU extends Module {
  /** [numParameters], from `init` (default 0.25) */
  weight: Parameter;

  /** @param options `numParameters`: 1 (default), or the number of channels for a slope each */
  constructor(options: FactoryOptions & { numParameters?: number; init?: number } = {}) {
    super();
    needOptions('PReLU', options);
    const { numParameters = 1, init = 0.25, ...place } = options;
    needCount('PReLU: numParameters', numParameters, 1);
    needInRange('PReLU: init', init);
    this.weight = new Parameter(full([numParameters], init, { dtype: 'float32', ...place }));
  }

  override forward(x: Tensor): Tensor {
    return F.prelu(x, this.weight);
  }

  override extraRepr(): string {
    return keywords({ num_parameters: this.weight.numel() });
  }
}

/** See `F.glu`. */
export class GLU extends Module {
  readonly dim: number;

  constructor(options: { dim?: number } = {}) {
    super();
    needOptions('GLU', options);
    this.dim = needWhole('GLU: dim', options.dim ?? -1);
  }

  override forward(x: Tensor): Tensor {
    return F.glu(x, { dim: this.dim });
  }

  override extraRepr(): string {
    return keywords({ dim: this.dim });
  }
}

declareTransient('operator', [
  CELU,
  ELU,
  GLU,
  Hardsigmoid,
  Hardswish,
  Hardtanh,
  LogSigmoid,
  PReLU,
  ReLU6,
  SELU,
  Softplus,
]);
