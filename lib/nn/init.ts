/**
 * Initialisers fill a tensor in place with values whose spread suits the layer: too small and signals die, too large and they explode.
 *
 * Each returns the tensor it was given, records nothing for `backward`, and draws from LibTorch's generator (`manualSeed`).
 */

import { needInRange, needNumber, needOneOf, needOptions, needTensor } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { empty, linalgQr, noGrad, rand, tensor, type Tensor } from '../tensor/index.js';

/** The function that follows a layer, which decides by how much the layer must amplify. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leaky_relu' | 'selu';

/** Whether the forward signal (`fan_in`) or the gradient (`fan_out`) keeps its variance. */
export type FanMode = 'fan_in' | 'fan_out';

/** Options of the Kaiming initialisers. */
export interface KaimingOptions {
  /** Slope below zero of the leaky ReLU that follows; default 0. */
  a?: number;
  /** Default `'fan_in'`. */
  mode?: FanMode;
  /** Default `'leaky_relu'`. */
  nonlinearity?: Nonlinearity;
}

const gains: Readonly<Record<Nonlinearity, (slope: number) => number>> = {
  linear: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.sqrt(2),
  leaky_relu: (slope) => Math.sqrt(2 / (1 + slope * slope)),
  // PyTorch's value, found by experiment: SELU keeps its variance by itself.
  selu: () => 3 / 4,
};

const nonlinearities = Object.keys(gains) as Nonlinearity[];

/**
 * The factor by which the layer before a nonlinearity must amplify so that the variance is kept.
 *
 * @param slope slope below zero, for `'leaky_relu'`; default 0.01
 */
export function calculateGain(nonlinearity: Nonlinearity, slope = 0.01): number {
  needOneOf('calculateGain: nonlinearity', nonlinearity, nonlinearities);
  needNumber('calculateGain: slope', slope);
  return gains[nonlinearity](slope);
}

/** How many inputs make one output of a weight [out, in, ...kernel], and how many outputs one input feeds. */
export function calculateFans(weight: Tensor): { fanIn: number; fanOut: number } {
  const [out, into, ...kernel] = needTensor('calculateFans: weight', weight).shape;
  if (out === undefined || into === undefined)
    throw invalid('calculateFans: weight', 'a tensor of at least 2 axes, [out, in, ...kernel]', weight);
  const field = kernel.reduce((product, size) => product * size, 1);
  return { fanIn: into * field, fanOut: out * field };
}

function fanOf(where: string, weight: Tensor, mode: FanMode): number {
  needOneOf(`${where}: mode`, mode, ['fan_in', 'fan_out']);
  const { fanIn, fanOut } = calculateFans(weight);
  return mode === 'fan_in' ? fanIn : fanOut;
}

/** Fills with values drawn evenly from [from, to). */
export function uniform_<T extends Tensor>(target: T, from = 0, to = 1): T {
  needTensor('uniform_: target', target);
  needNumber('uniform_: from', from);
  needNumber('uniform_: to', to);
  noGrad(() => target.uniform_(from, to));
  return target;
}

/** Fills with values of the normal distribution. */
export function normal_<T extends Tensor>(target: T, mean = 0, std = 1): T {
  needTensor('normal_: target', target);
  needNumber('normal_: mean', mean);
  needInRange('normal_: std', std, { least: 0 });
  noGrad(() => target.normal_(mean, std));
  return target;
}

/** Fills with one value. */
export function constant_<T extends Tensor>(target: T, value: number): T {
  needTensor('constant_: target', target);
  noGrad(() => target.fill_(value));
  return target;
}

/** Fills with zeros. */
export function zeros_<T extends Tensor>(target: T): T {
  return constant_(target, 0);
}

/** Fills with ones. */
export function ones_<T extends Tensor>(target: T): T {
  return constant_(target, 1);
}

/** Fills a matrix with ones on its diagonal and zeros elsewhere, so that a linear layer passes its inputs on. */
export function eye_<T extends Tensor>(matrix: T): T {
  if (needTensor('eye_: matrix', matrix).ndim !== 2) throw invalid('eye_: matrix', 'a tensor of 2 axes', matrix);
  noGrad(() => matrix.zero_().fillDiagonal_(1));
  return matrix;
}

/** Fills the weight [out, in, ...kernel] of a convolution so that each of `groups` (default 1) passes its inputs on, as far as it has outputs. */
export function dirac_<T extends Tensor>(weight: T, options: { groups?: number } = {}): T {
  needOptions('dirac_', options);
  const { groups = 1 } = options;
  const [out = 0, into = 0, ...kernel] = needTensor('dirac_: weight', weight).shape;
  if (kernel.length < 1 || kernel.length > 3) throw invalid('dirac_: weight', 'a tensor of 3 to 5 axes', weight);
  if (!Number.isSafeInteger(groups) || groups < 1 || out % groups !== 0)
    throw invalid('dirac_: groups', `a divisor of the number of outputs (${out})`, groups);
  noGrad(() => {
    weight.zero_();
    const centre = kernel.reduce((part: Tensor, size) => part.select(2, Math.floor(size / 2)), weight);
    for (let group = 0; group < groups; group += 1)
      centre.narrow(0, (group * out) / groups, Math.min(out / groups, into)).fillDiagonal_(1);
  });
  return weight;
}

/** Fills with normal values of standard deviation `std` (default 0.01), then zeroes the share `sparsity` of every column (Martens 2010). */
export function sparse_<T extends Tensor>(matrix: T, options: { sparsity: number; std?: number }): T {
  needOptions('sparse_', options);
  const { sparsity, std = 0.01 } = options;
  const [rows = 0, columns = 0] = needTensor('sparse_: matrix', matrix).shape;
  if (matrix.ndim !== 2) throw invalid('sparse_: matrix', 'a tensor of 2 axes', matrix);
  needInRange('sparse_: sparsity', sparsity, { least: 0, most: 1 });
  needInRange('sparse_: std', std, { least: 0 });
  noGrad(() => {
    matrix.normal_(0, std);
    // The order of even values is a fair shuffle of each column's rows.
    const zeroed = rand([rows, columns], { device: matrix.device })
      .argsort(0)
      .narrow(0, 0, Math.ceil(sparsity * rows));
    matrix.scatter_(0, zeroed, 0);
  });
  return matrix;
}

/** Normal values with standard deviation gain / sqrt(fan) (He et al. 2015, arXiv:1502.01852). */
export function kaimingNormal_<T extends Tensor>(weight: T, options: KaimingOptions = {}): T {
  return normal_(weight, 0, kaimingStd('kaimingNormal_', weight, options));
}

/** Even values with the standard deviation of {@link kaimingNormal_}. */
export function kaimingUniform_<T extends Tensor>(weight: T, options: KaimingOptions = {}): T {
  const bound = Math.sqrt(3) * kaimingStd('kaimingUniform_', weight, options);
  return uniform_(weight, -bound, bound);
}

function kaimingStd(where: string, weight: Tensor, options: KaimingOptions): number {
  needOptions(where, options);
  const { a = 0, mode = 'fan_in', nonlinearity = 'leaky_relu' } = options;
  const fan = fanOf(where, weight, mode);
  return calculateGain(nonlinearity, a) / Math.sqrt(fan);
}

/** Normal values with standard deviation gain * sqrt(2 / (fanIn + fanOut)) (Glorot and Bengio 2010); `gain` defaults to 1. */
export function xavierNormal_<T extends Tensor>(weight: T, options: { gain?: number } = {}): T {
  return normal_(weight, 0, xavierStd('xavierNormal_', weight, options));
}

/** Even values with the standard deviation of {@link xavierNormal_}. */
export function xavierUniform_<T extends Tensor>(weight: T, options: { gain?: number } = {}): T {
  const bound = Math.sqrt(3) * xavierStd('xavierUniform_', weight, options);
  return uniform_(weight, -bound, bound);
}

function xavierStd(where: string, weight: Tensor, options: { gain?: number }): number {
  needOptions(where, options);
  const gain = needNumber(`${where}: gain`, options.gain ?? 1);
  const { fanIn, fanOut } = calculateFans(weight);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** Rows (or columns, where there are fewer) that are orthogonal and of length `gain` (Saxe et al. 2013, arXiv:1312.6120). */
export function orthogonal_<T extends Tensor>(weight: T, options: { gain?: number } = {}): T {
  needOptions('orthogonal_', options);
  const gain = needNumber('orthogonal_: gain', options.gain ?? 1);
  const [rows, ...rest] = needTensor('orthogonal_: weight', weight).shape;
  if (rows === undefined || rest.length === 0)
    throw invalid('orthogonal_: weight', 'a tensor of at least 2 axes', weight);
  const columns = rest.reduce((product, size) => product * size, 1);
  noGrad(() => {
    const wide = rows < columns;
    const drawn = empty([rows, columns], { dtype: weight.dtype, device: weight.device }).normal_();
    const [q, r] = linalgQr(wide ? drawn.t() : drawn);
    // The sign of R's diagonal is the algorithm's choice; undoing it makes every orthogonal matrix equally likely.
    const basis = q.mul(r.diag().sign());
    weight.copy_((wide ? basis.t() : basis).reshape(weight.shape).mul(gain));
  });
  return weight;
}

/** Options of {@link truncNormal_}. */
export interface TruncNormalOptions {
  /** Default 0. */
  mean?: number;
  /** Of the normal distribution before it is cut; default 1. */
  std?: number;
  /** Smallest value; default -2. */
  min?: number;
  /** Largest value; default 2. */
  max?: number;
}

/** Fills with values of the normal distribution that lie between `min` and `max`. */
export function truncNormal_<T extends Tensor>(target: T, options: TruncNormalOptions = {}): T {
  needTensor('truncNormal_: target', target);
  needOptions('truncNormal_', options);
  const { mean = 0, std = 1, min = -2, max = 2 } = options;
  needNumber('truncNormal_: mean', mean);
  needInRange('truncNormal_: std', std, { above: 0 });
  needInRange('truncNormal_: min', min);
  needInRange('truncNormal_: max', max, { above: min });
  noGrad(() => {
    // Even values between the two ends' erf, sent through its inverse, are normal values between the ends.
    const ends = tensor([(min - mean) / std, (max - mean) / std], { dtype: 'float64' })
      .div(Math.SQRT2)
      .erf()
      .toTypedArray();
    target
      .uniform_(Number(ends[0]), Number(ends[1]))
      .erfinv_()
      .mul_(std * Math.SQRT2)
      .add_(mean)
      .clamp_(min, max);
  });
  return target;
}
