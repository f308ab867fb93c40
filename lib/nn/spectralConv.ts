/** A convolution by single pixels whose matrix is divided by its largest singular value, so that it amplifies nothing. */

import { conv2d, empty, noGrad, type Tensor } from '../tensor/index.js';
import { kaimingNormal_, normal_ } from './init.js';
import { normalize } from './functional/similarity.js';
import { Module } from './module.js';
import { Parameter } from './parameter.js';
import type { FactoryOptions } from './placement.js';
import { declareTransient } from './transient.js';

/** As small as a length may be that something is divided by. */
const eps = 1e-12;

/**
 * [batch, ni, height, width] to [batch, nf, height, width] by one matrix for all pixels, without bias (Miyato et al. 2018, arXiv:1802.05957).
 *
 * The largest singular value is that of the estimated vectors `weight_u` and `weight_v`, which every pass in training improves by one step of the
 * power iteration. The state is that of PyTorch's `spectral_norm(Conv1d(ni, nf, 1, bias=False))`.
 */
export class SpectralConv extends Module {
  /** [nf, ni, 1], before it is divided. */
  weight_orig: Parameter;
  /** [nf], of length 1. */
  declare weight_u: Tensor;
  /** [ni], of length 1. */
  declare weight_v: Tensor;

  constructor(
    readonly ni: number,
    readonly nf: number,
    place: FactoryOptions,
  ) {
    super();
    this.weight_orig = new Parameter(kaimingNormal_(empty([nf, ni, 1], place)));
    this.registerBuffer('weight_u', direction(nf, place));
    this.registerBuffer('weight_v', direction(ni, place));
  }

  override forward(x: Tensor): Tensor {
    const matrix = this.weight_orig.flatten(1);
    if (this.training) this.#improve(matrix);
    // The next pass changes the buffers in place, and backward wants them as they are now.
    const [u, v] = this.training ? [this.weight_u.clone(), this.weight_v.clone()] : [this.weight_u, this.weight_v];
    const sigma = u.mul(matrix.mv(v)).sum();
    return conv2d(x, this.weight_orig.div(sigma).unsqueeze(3));
  }

  #improve(matrix: Tensor): void {
    noGrad(() => {
      this.weight_v.copy_(normalize(matrix.t().mv(this.weight_u), { dim: 0, eps }));
      this.weight_u.copy_(normalize(matrix.mv(this.weight_v), { dim: 0, eps }));
    });
  }

  override extraRepr(): string {
    return `${this.ni}, ${this.nf}`;
  }
}

function direction(length: number, place: FactoryOptions): Tensor {
  return normalize(normal_(empty([length], place)), { dim: 0, eps });
}

declareTransient('operator', [SpectralConv]);
