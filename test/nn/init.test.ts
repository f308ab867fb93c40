/** Initialisers draw PyTorch's very numbers from the same seed, and values of the distribution that they promise. */

import t, { type Test } from 'tap';

import * as F from '../../lib/nn/functional.js';
import * as nn from '../../lib/nn/index.js';
import { cat, empty, manualSeed, randn, zeros, type Tensor } from '../../lib/tensor/index.js';
import { near, readGoldens, type Recorded } from './golden.js';

const { init } = nn;

interface InitCase {
  init?: string;
  options?: Record<string, unknown>;
  value?: Recorded;
  layer?: string;
  args?: unknown[];
  state?: Record<string, Recorded>;
}

for (const record of readGoldens<InitCase>('initialisers')) {
  t.test(
    `${record.init ?? record.layer ?? ''} ${JSON.stringify(record.options ?? record.args)} from PyTorch's seed 7`,
    async (t) => {
      manualSeed(7);
      if (record.init !== undefined && record.value !== undefined) {
        const fill = (init as unknown as Record<string, (weight: Tensor, options: unknown) => Tensor>)[record.init];
        const weight = empty(record.value.shape);
        t.equal(fill?.(weight, record.options), weight, 'returns what it was given');
        near(t, weight, record.value, 'values', 1e-6);
        return;
      }
      const Layer = (nn as unknown as Record<string, new (...args: unknown[]) => nn.Module>)[record.layer ?? ''];
      if (Layer === undefined) throw new Error('no such layer');
      const state = new Layer(...(record.args ?? [])).stateDict();
      for (const [name, value] of Object.entries(record.state ?? {}))
        near(t, state.get(name) ?? null, value, name, 1e-6);
    },
  );
}

/** The largest distance between the values' distribution function and `cdf` (Kolmogorov-Smirnov). */
function distance(values: Tensor, cdf: (x: number) => number): number {
  const sorted = Float64Array.from(values.toTypedArray() as Float32Array).sort();
  return sorted.reduce((worst, x, i) => Math.max(worst, Math.abs(cdf(x) - (i + 0.5) / sorted.length)), 0);
}

/** Abramowitz and Stegun 7.1.26, exact to 1.5e-7. */
function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const s = 1 / (1 + 0.3275911 * z);
  const erf =
    1 -
    s *
      (0.254829592 + s * (-0.284496736 + s * (1.421413741 + s * (-1.453152027 + s * 1.061405429)))) *
      Math.exp(-z * z);
  return x < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
}

const uniformCdf = (bound: number) => (x: number) => Math.min(1, Math.max(0, (x + bound) / (2 * bound)));

/** Mean 0 and the standard deviation, to five standard errors; `kurtosis` is the distribution's fourth moment over its variance squared. */
function moments(t: Test, values: Tensor, { std, kurtosis }: { std: number; kurtosis: number }, name: string): void {
  const n = values.numel();
  const plain = values.detach().to('float64');
  t.ok(Math.abs(plain.mean().item()) < (5 * std) / Math.sqrt(n), `${name} has mean 0`);
  const error = (std / 2) * Math.sqrt((kurtosis - 1) / n);
  t.ok(Math.abs(plain.std().item() - std) < 5 * error, `${name} has standard deviation ${std}`);
}

t.test('gains are those of PyTorch', async (t) => {
  interface Gain {
    nonlinearity: Parameters<typeof init.calculateGain>[0];
    slope: number | null;
    gain: number;
  }
  for (const { nonlinearity, slope, gain } of readGoldens<Gain>('gains'))
    t.equal(init.calculateGain(nonlinearity, slope ?? undefined), gain, `${nonlinearity} ${String(slope)}`);
});

t.test('eye_ and dirac_ pass their inputs on', async (t) => {
  const x = randn([5, 4]);
  near(t, x.matmul(init.eye_(empty([4, 4])).t()), x, 'a square layer', 0);
  near(t, x.matmul(init.eye_(empty([2, 4])).t()), x.narrow(1, 0, 2), 'as far as there are outputs', 0);
  const picture = randn([2, 4, 6, 5]);
  const same = (weight: Tensor, groups = 1): Tensor => F.conv2d(picture, weight, null, { padding: 'same', groups });
  near(t, same(init.dirac_(empty([4, 4, 3, 3]))), picture, 'a convolution', 0);
  near(t, same(init.dirac_(empty([3, 4, 3, 5]))), picture.narrow(1, 0, 3), 'with fewer outputs', 0);
  const more = same(init.dirac_(empty([6, 4, 3, 3])));
  near(t, more, cat([picture, zeros([2, 2, 6, 5])], 1), 'with more outputs', 0);
  const grouped = same(init.dirac_(empty([4, 2, 3, 3]), { groups: 2 }), 2);
  near(t, grouped, picture, 'with groups', 0);
  t.throws(() => init.eye_(empty([2])), /2 axes/);
  t.throws(() => init.dirac_(empty([2, 2])), /3 to 5 axes/);
  t.throws(() => init.dirac_(empty([3, 2, 1]), { groups: 2 }), /: groups`/);
});

t.test('sparse_ empties the share of every column, at rows that are even', async (t) => {
  manualSeed(4);
  const drawn = init.sparse_(empty([50, 4000]), { sparsity: 0.3, std: 0.5 });
  const empties = drawn.eq(0).to('float64');
  t.ok(empties.sum(0).eq(15).all().item(), 'three tenths of each column');
  // Each row is empty in about 0.3 of the columns: five standard deviations of a share among 4,000.
  const worst = empties.mean(1).sub(0.3).abs().max().item();
  t.ok(worst < 5 * Math.sqrt((0.3 * 0.7) / 4000), `${worst} from even`);
  const kept = drawn.maskedSelect(drawn.ne(0));
  t.ok(distance(kept.div(0.5), normalCdf) < Math.sqrt(Math.log(2 / 1e-6) / 2 / kept.numel()), 'the others are normal');
  t.throws(() => init.sparse_(empty([2, 2]), { sparsity: 2 }), /: sparsity`/);
});

t.test('the distribution is the promised one', async (t) => {
  manualSeed(1);
  const shape = [128, 32, 3, 3];
  // Kolmogorov's distribution: a right sample of n values lies further off with probability 2 exp(-2 n d^2), here one in a million.
  const limit = Math.sqrt(Math.log(2 / 1e-6) / 2 / (128 * 32 * 9));
  const [fanIn, fanOut] = [32 * 9, 128 * 9];
  t.strictSame(init.calculateFans(empty(shape)), { fanIn, fanOut });
  const weight = empty(shape);

  const normals: [string, () => Tensor, number][] = [
    ['kaimingNormal_', () => init.kaimingNormal_(weight), Math.sqrt(2 / fanIn)],
    [
      'kaimingNormal_ fan_out, leak',
      () => init.kaimingNormal_(weight, { a: 0.5, mode: 'fan_out' }),
      Math.sqrt(2 / 1.25 / fanOut),
    ],
    ['xavierNormal_', () => init.xavierNormal_(weight, { gain: 3 }), 3 * Math.sqrt(2 / (fanIn + fanOut))],
    ['normal_', () => init.normal_(weight, 0, 0.3), 0.3],
  ];
  for (const [name, fill, std] of normals) {
    t.ok(distance(fill().div(std), normalCdf) < limit, `${name} is normal with std ${std}`);
    moments(t, weight, { std, kurtosis: 3 }, name);
  }

  const uniforms: [string, () => Tensor, number][] = [
    ['kaimingUniform_', () => init.kaimingUniform_(weight), Math.sqrt(6 / fanIn)],
    [
      'kaimingUniform_ for tanh',
      () => init.kaimingUniform_(weight, { nonlinearity: 'tanh' }),
      (5 / 3) * Math.sqrt(3 / fanIn),
    ],
    ['xavierUniform_', () => init.xavierUniform_(weight), Math.sqrt(6 / (fanIn + fanOut))],
    ['uniform_', () => init.uniform_(weight, -0.2, 0.2), 0.2],
    ['Conv2d', () => new nn.Conv2d(32, 128, 3).weight, 1 / Math.sqrt(fanIn)],
    ['Linear', () => new nn.Linear(256, 144).weight, 1 / 16],
  ];
  for (const [name, fill, bound] of uniforms) {
    const drawn = fill();
    t.ok(distance(drawn, uniformCdf(bound)) < limit, `${name} is even within ${bound}`);
    t.ok(drawn.abs().max().item() <= bound, `${name} never leaves its bound`);
    moments(t, drawn, { std: bound / Math.sqrt(3), kurtosis: 1.8 }, name);
  }
  const { bias } = new nn.Linear(4, 36_864);
  t.ok(bias !== null && distance(bias, uniformCdf(0.5)) < limit, 'the bias of Linear is even within 1 / sqrt(fanIn)');
  t.ok(distance(new nn.Embedding(1152, 32).weight, normalCdf) < limit, 'Embedding is standard normal');

  const [low, high] = [normalCdf(-0.5), normalCdf(1)];
  const cut = init.truncNormal_(weight, { mean: 1, std: 2, min: 0, max: 3 });
  t.ok(
    distance(cut.sub(1).div(2), (x) => (normalCdf(x) - low) / (high - low)) < limit,
    'truncNormal_ is normal between its ends',
  );
  t.ok(cut.min().item() >= 0 && cut.max().item() <= 3, 'and stays within them');
});

t.test('orthogonal_ keeps lengths', async (t) => {
  for (const shape of [
    [6, 4],
    [4, 6],
    [4, 2, 3],
  ]) {
    const flat = init.orthogonal_(empty(shape), { gain: 2 }).flatten(1);
    const [rows = 0, columns = 0] = flat.shape;
    const product = rows <= columns ? flat.matmul(flat.t()) : flat.t().matmul(flat);
    const identity = zeros(product.shape);
    identity.fillDiagonal_(4);
    near(t, product, identity, `[${shape.join(', ')}]`, 1e-5);
  }
});

t.test('the plain ones, and what is recorded', async (t) => {
  const parameter = new nn.Parameter(empty([2, 2]));
  t.strictSame(init.ones_(parameter).toList(), [
    [1, 1],
    [1, 1],
  ]);
  t.strictSame(init.zeros_(parameter).toList(), [
    [0, 0],
    [0, 0],
  ]);
  t.strictSame(init.constant_(parameter, 2.5).toList(), [
    [2.5, 2.5],
    [2.5, 2.5],
  ]);
  t.ok(
    init.kaimingNormal_(parameter) === parameter && parameter.isLeaf && parameter.requiresGrad,
    'a parameter stays a leaf',
  );
  t.equal(init.calculateGain('relu'), Math.sqrt(2));
  t.equal(init.calculateGain('leaky_relu', 1), 1);
  t.equal(init.calculateGain('tanh'), 5 / 3);
  t.throws(() => init.calculateGain('swish' as 'relu'), /: nonlinearity`/);
  t.throws(() => init.kaimingNormal_(empty([3])), /at least 2 axes/);
  t.throws(() => init.kaimingNormal_(empty([3, 3]), { mode: 'fan' as 'fan_in' }), /'fan_in' or 'fan_out'/);
  t.throws(() => init.truncNormal_(empty([3]), { min: 2, max: 1 }), /: max`/);
  for (const fill of [init.kaimingNormal_, init.xavierUniform_, init.orthogonal_, init.truncNormal_]) {
    t.equal(fill(empty([3, 4], { device: 'meta' })).device, 'meta', `${fill.name} on meta`);
  }
});
