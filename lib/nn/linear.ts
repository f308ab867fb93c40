/** Layers that multiply by a matrix: Linear, and Embedding, which picks the matrix's rows by number. */

import { needCount, needFlag, needOptions, needTensor } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { embedding, empty, linear, noGrad, type Tensor } from '../tensor/index.js';
import { calculateFans, kaimingUniform_, normal_, uniform_ } from './init.js';
import { Module } from './module.js';
import { Parameter } from './parameter.js';
import type { FactoryOptions } from './placement.js';
import { keywords } from './repr.js';
import { declareTransient } from './transient.js';

/**
 * The start that PyTorch gives to linear and convolution layers: weight and bias even within 1 / sqrt(fanIn), which for the weight is
 * Kaiming's uniform rule with a leak of sqrt(5).
 */
export function initializeAffine(weight: Tensor, bias: Tensor | null): void {
  kaimingUniform_(weight, { a: Math.sqrt(5) });
  const { fanIn } = calculateFans(weight);
  if (bias !== null) uniform_(bias, -1 / Math.sqrt(fanIn), 1 / Math.sqrt(fanIn));
}

/** x times the transposed weight, plus bias: [..., inFeatures] to [..., outFeatures]. */
export class Linear extends Module {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** [outFeatures, inFeatures] */
  weight: Parameter;
  /** [outFeatures], or null with `bias: false` */
  bias: Parameter | null;

  /** @param options `bias`, default true; `device` and `dtype` of the parameters */
  constructor(inFeatures: number, outFeatures: number, options: FactoryOptions & { bias?: boolean } = {}) {
    super();
    needOptions('Linear', options);
    const { bias = true, ...place } = options;
    this.inFeatures = needCount('Linear: inFeatures', inFeatures, 1);
    this.outFeatures = needCount('Linear: outFeatures', outFeatures, 1);
    this.weight = new Parameter(empty([outFeatures, inFeatures], place));
    this.bias = needFlag('Linear: bias', bias) ? new Parameter(empty([outFeatures], place)) : null;
    this.resetParameters();
  }

  /** Draws new start values. */
  resetParameters(): void {
    initializeAffine(this.weight, this.bias);
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  /** Each output element is a sum over the weights of its own channel. */
  override multiplyAdds(_args: readonly unknown[], output: unknown): number {
    return (
      needTensor('Linear.multiplyAdds: output', output as Tensor).numel() * (this.weight.numel() / this.weight.size(0))
    );
  }

  override extraRepr(): string {
    return keywords({ in_features: this.inFeatures, out_features: this.outFeatures, bias: this.bias !== null });
  }
}

/** A table of vectors: int64 indices [...] to rows [..., embeddingDim]. */
export class Embedding extends Module {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly paddingIdx: number | null;
  /** [numEmbeddings, embeddingDim], from the standard normal distribution */
  weight: Parameter;

  /** @param options `paddingIdx`: a row that starts at zero and gets no gradient (negative counts from the end) */
  constructor(
    numEmbeddings: number,
    embeddingDim: number,
    options: FactoryOptions & { paddingIdx?: number | null } = {},
  ) {
    super();
    needOptions('Embedding', options);
    const { paddingIdx = null, ...place } = options;
    this.numEmbeddings = needCount('Embedding: numEmbeddings', numEmbeddings, 1);
    this.embeddingDim = needCount('Embedding: embeddingDim', embeddingDim, 1);
    if (
      paddingIdx !== null &&
      !(Number.isInteger(paddingIdx) && paddingIdx >= -numEmbeddings && paddingIdx < numEmbeddings)
    ) {
      throw invalid(
        'Embedding: paddingIdx',
        `null or a row from ${-numEmbeddings} to ${numEmbeddings - 1}`,
        paddingIdx,
      );
    }
    this.paddingIdx = paddingIdx !== null && paddingIdx < 0 ? paddingIdx + numEmbeddings : paddingIdx;
    this.weight = new Parameter(empty([numEmbeddings, embeddingDim], place));
    this.resetParameters();
  }

  /** Draws new start values. */
  resetParameters(): void {
    normal_(this.weight);
    const row = this.paddingIdx;
    if (row !== null) noGrad(() => this.weight.select(0, row).zero_());
  }

  override forward(indices: Tensor): Tensor {
    return embedding(this.weight, indices, this.paddingIdx ?? -1);
  }

  override extraRepr(): string {
    const padding = this.paddingIdx === null ? '' : `, padding_idx=${this.paddingIdx}`;
    return `${this.numEmbeddings}, ${this.embeddingDim}${padding}`;
  }
}

declareTransient('operator', [Linear, Embedding]);
