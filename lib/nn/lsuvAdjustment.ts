/** What LSUV may change of a layer, weight and bias, in place and with a way back. */

import { invalid } from '../tensor/errors.js';
import { isTensor, noGrad, type Tensor } from '../tensor/index.js';
import { orthogonal_ } from './init.js';
import type { AnyModule } from './module.js';

export class Adjustment {
  readonly layer: AnyModule;
  readonly weight: Tensor;
  /** A tensor before the activation, a number after it. */
  readonly #bias: Tensor | number | null;
  readonly #weightBefore: Tensor;
  readonly #biasBefore: Tensor | null;

  /** @throws ArgumentError for a layer without a weight */
  constructor(argument: string, layer: AnyModule) {
    this.layer = layer;
    const { weight, bias } = layer as { weight?: unknown; bias?: unknown };
    if (!isReal(weight))
      throw invalid(argument, 'a module whose `weight` is a Tensor of floating-point numbers', layer);
    this.weight = weight;
    this.#bias = isReal(bias) || typeof bias === 'number' ? bias : null;
    this.#weightBefore = weight.detach().clone();
    this.#biasBefore = isTensor(this.#bias) ? this.#bias.detach().clone() : null;
  }

  /** Whether the layer has a bias. */
  get canShift(): boolean {
    return this.#bias !== null;
  }

  /** Whether no value of the weight differs from 0. */
  get isZero(): boolean {
    return this.weight.detach().countNonzero().item() === 0;
  }

  /** Rows of the weight at right angles and of length 1 (columns, where there are fewer). */
  makeOrthogonal(): void {
    // In float32 whatever the weight's dtype is: LibTorch decomposes no 16-bit matrix.
    if (this.weight.ndim >= 2) noGrad(() => this.weight.copy_(orthogonal_(this.weight.to('float32'))));
  }

  /** Scales what comes before the activation. */
  scale(factor: number): void {
    const bias = this.#bias;
    noGrad(() => {
      this.weight.mul_(factor);
      if (isTensor(bias)) bias.mul_(factor);
    });
  }

  /** Adds to the bias. */
  shift(by: number): void {
    const bias = this.#bias;
    if (isTensor(bias)) noGrad(() => bias.add_(by));
    else this.#holder.bias += by;
  }

  /** Puts weight and bias back. */
  undo(): void {
    const bias = this.#bias;
    noGrad(() => {
      this.weight.copy_(this.#weightBefore);
      if (isTensor(bias)) bias.copy_(this.#biasBefore!);
    });
    if (typeof bias === 'number') this.#holder.bias = bias;
  }

  /** The layer as one whose bias is a number. */
  get #holder(): { bias: number } {
    return this.layer as unknown as { bias: number };
  }
}

function isReal(value: unknown): value is Tensor {
  return isTensor(value) && value.isFloatingPoint();
}
