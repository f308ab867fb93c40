/** Self-attention for pictures, as fastai has it: every pixel may look at every other. */

import { needCount, needOptions, needTensor } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { bmm, softmax, zeros, type Tensor } from '../tensor/index.js';
import { Sequential } from './containers.js';
import { Module } from './module.js';
import { Parameter } from './parameter.js';
import type { FactoryOptions } from './placement.js';
import { SpectralConv } from './spectralConv.js';
import { declareTransient } from './transient.js';

/** Attention that is added to its input, [batch, channels, height, width], with a learned factor `gamma` that starts at 0. */
abstract class AddedAttention extends Module {
  readonly channels: number;
  /** [1] */
  gamma: Parameter;

  constructor(channels: number, options: FactoryOptions) {
    super();
    const where = this.constructor.name;
    needOptions(where, options);
    this.channels = needCount(`${where}: channels`, channels, 1);
    this.gamma = new Parameter(zeros([1], options));
  }

  override forward(x: Tensor): Tensor {
    const where = `${this.constructor.name}: input`;
    if (needTensor(where, x).ndim !== 4 || x.size(1) !== this.channels)
      throw invalid(where, `a Tensor of 4 axes with ${this.channels} channels`, x);
    const [first, second] = this.factors(x);
    return product(first, second, x).mul(this.gamma).add(x);
  }

  /** The matrices of each picture, [batch, channels, n] and [batch, n, pixels], whose product is added. */
  protected abstract factors(x: Tensor): [Tensor, Tensor];

  override extraRepr(): string {
    return String(this.channels);
  }
}

/** The product of two matrices, of the size of `like` and with its memory format: whichever factor comes first decides how the result lies. */
function product(a: Tensor, b: Tensor, like: Tensor): Tensor {
  const last = !like.isContiguous() && like.isContiguous({ memoryFormat: 'channels_last' });
  const map = last ? bmm(b.transpose(1, 2), a.transpose(1, 2)).transpose(1, 2) : bmm(a, b);
  return map.unflatten(2, like.shape.slice(2));
}

/** The pixels of pictures one after the other: [batch, channels, pixels]. */
const pixels = (x: Tensor): Tensor => x.flatten(2);

/**
 * Every pixel receives a mean of all pixels' values, weighted by the softmax of how well their queries and keys agree (Zhang et al. 2018,
 * arXiv:1805.08318). As fastai's SelfAttention; the work and the memory grow with the square of the number of pixels.
 */
export class SelfAttention extends AddedAttention {
  query: Sequential;
  key: Sequential;
  value: Sequential;

  /** @param channels at least 8: queries and keys have an eighth of them */
  constructor(channels: number, options: FactoryOptions = {}) {
    super(channels, options);
    if (channels < 8) throw invalid('SelfAttention: channels', 'a whole number of at least 8', channels);
    const narrow = Math.floor(channels / 8);
    this.query = new Sequential(new SpectralConv(channels, narrow, options));
    this.key = new Sequential(new SpectralConv(channels, narrow, options));
    this.value = new Sequential(new SpectralConv(channels, channels, options));
  }

  protected override factors(x: Tensor): [Tensor, Tensor] {
    const [query, key, value] = [this.query, this.key, this.value].map((layer) => pixels(layer.call(x)));
    const weights = softmax(bmm(query!.transpose(1, 2), key!), 1);
    return [value!, weights];
  }
}

/**
 * Attention without softmax, (x x^T)(W x) for pixels x and a spectrally normalised W, which never compares pixel with pixel and so grows with their
 * number only. As fastai's SimpleSelfAttention with `ks=1`, and what `sa` puts into its XResNet.
 */
export class SimpleSelfAttention extends AddedAttention {
  conv: SpectralConv;

  constructor(channels: number, options: FactoryOptions = {}) {
    super(channels, options);
    this.conv = new SpectralConv(channels, channels, options);
  }

  protected override factors(x: Tensor): [Tensor, Tensor] {
    const flat = pixels(x);
    return [bmm(flat, flat.transpose(1, 2)), pixels(this.conv.call(x))];
  }
}

declareTransient('network', [SelfAttention, SimpleSelfAttention]);
