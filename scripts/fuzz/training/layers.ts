/** Layers, losses and functional forms as source text, with settings that are mostly possible. */

import type { Generator } from '../../../lib/index.js';
import { pick, weigh } from '../choice.js';
import { hostileDevices, hostileIntegers, hostileNumbers, hostileStrings } from '../hostile.js';
import { dtypeName, shapeLike, tensorSource } from '../tensors.js';

/** How often one setting is hostile on purpose. */
const HOSTILITY = 0.06;

/** Shapes by what a layer expects: rows, images, or anything. */
export type Expects = 'rows' | 'images' | 'indices' | 'any';

const rows = [
  [2, 3],
  [4, 3],
  [3, 2, 3],
  [1, 4],
  [0, 3],
];
const images = [
  [2, 3, 6, 6],
  [1, 3, 5, 7],
  [2, 3, 8, 8],
  [2, 4, 8, 8],
  [3, 6, 6],
  [0, 3, 6, 6],
  [2, 3, 1, 1],
];

/** One size of small numbers, rarely one that no layer can have. */
export function size(random: Generator): string {
  if (random.bernoulli(HOSTILITY)) return pick(random, ['0', '1.5', ...hostileIntegers]);
  return pick(random, ['1', '2', '3', '4', '3', '4', '2']);
}

/** How many channels or features come in: mostly as many as inputs have. */
function channels(random: Generator): string {
  return random.bernoulli(0.75) ? '3' : size(random);
}

export function number(random: Generator): string {
  if (random.bernoulli(HOSTILITY)) return pick(random, hostileNumbers);
  return pick(random, ['0', '0.1', '0.5', '1', '2', '1e-5', '-1', '0.9']);
}

function pair(random: Generator): string {
  return random.bernoulli(0.7) ? size(random) : `[${size(random)}, ${size(random)}]`;
}

function flag(random: Generator): string {
  return pick(random, ['true', 'false']);
}

function word(random: Generator, ...known: string[]): string {
  return random.bernoulli(HOSTILITY) ? pick(random, hostileStrings) : `'${pick(random, known)}'`;
}

/** An options object with each entry there or not. */
export function options(random: Generator, entries: Readonly<Record<string, string>>): string {
  const chosen = Object.entries(entries).filter(() => random.bernoulli(0.4));
  return chosen.length === 0 ? '{}' : `{ ${chosen.map(([name, value]) => `${name}: ${value}`).join(', ')} }`;
}

/** Where parameters are made, now and then somewhere odd. */
function placement(random: Generator): Record<string, string> {
  if (!random.bernoulli(0.15)) return {};
  return {
    dtype: `'${dtypeName(random)}'`,
    device: pick(random, ["'cpu'", "'cpu'", "'meta'", random.bernoulli(0.1) ? pick(random, hostileDevices) : "'meta'"]),
  };
}

export function shape(random: Generator, expects: Expects): readonly number[] {
  const usual = pick(random, expects === 'images' || (expects === 'any' && random.bernoulli(0.5)) ? images : rows);
  return random.bernoulli(0.85) ? usual : shapeLike(random, usual);
}

/** An input, mostly of float32. */
export function input(random: Generator, expects: Expects): string {
  const sizes = shape(random, expects);
  if (expects === 'indices' && random.bernoulli(0.8))
    return `t.randint(${pick(random, ['0', '0', '0', '-1'])}, ${size(random)}, [${sizes.join(', ')}])`;
  return weigh(random, [
    [7, () => `t.randn([${sizes.join(', ')}])`],
    [2, () => `t.randn([${sizes.join(', ')}], { requiresGrad: true })`],
    [2, () => tensorSource(random, { shape: sizes, dtype: random.bernoulli(0.6) ? 'float32' : dtypeName(random) }, '')],
  ])();
}

type Maker = (random: Generator) => string;

const makers: Readonly<Record<string, readonly [Expects, Maker]>> = {
  Linear: ['rows', (r) => `${channels(r)}, ${size(r)}, ${options(r, { bias: flag(r), ...placement(r) })}`],
  Embedding: ['indices', (r) => `${size(r)}, ${size(r)}, ${options(r, { paddingIdx: size(r), ...placement(r) })}`],
  Conv2d: [
    'images',
    (r) =>
      `${channels(r)}, ${size(r)}, ${pair(r)}, ${options(r, {
        stride: pair(r),
        padding: r.bernoulli(0.2) ? word(r, 'same', 'valid') : pair(r),
        dilation: pair(r),
        groups: r.bernoulli(0.7) ? '1' : size(r),
        bias: flag(r),
        paddingMode: word(r, 'zeros', 'reflect', 'circular', 'replicate'),
        ...placement(r),
      })}`,
  ],
  ConvTranspose2d: [
    'images',
    (r) =>
      `${channels(r)}, ${size(r)}, ${pair(r)}, ${options(r, {
        stride: pair(r),
        padding: pair(r),
        outputPadding: pair(r),
        dilation: pair(r),
        groups: r.bernoulli(0.7) ? '1' : size(r),
        ...placement(r),
      })}`,
  ],
  BatchNorm1d: ['rows', (r) => normalised(r)],
  BatchNorm2d: ['images', (r) => normalised(r)],
  InstanceNorm2d: ['images', (r) => normalised(r)],
  GroupNorm: [
    'images',
    (r) => `${pick(r, ['1', '3', size(r)])}, ${channels(r)}, ${options(r, { eps: number(r), affine: flag(r) })}`,
  ],
  LayerNorm: [
    'any',
    (r) => `${r.bernoulli(0.7) ? channels(r) : `[6, ${size(r)}]`}, ${options(r, { eps: number(r), bias: flag(r) })}`,
  ],
  MaxPool2d: [
    'images',
    (r) => `${pair(r)}, ${options(r, { stride: pair(r), padding: pair(r), dilation: pair(r), ceilMode: flag(r) })}`,
  ],
  AvgPool2d: [
    'images',
    (r) =>
      `${pair(r)}, ${options(r, { stride: pair(r), padding: pair(r), ceilMode: flag(r), countIncludePad: flag(r) })}`,
  ],
  AdaptiveAvgPool2d: ['images', (r) => pair(r)],
  AdaptiveMaxPool2d: ['images', (r) => pair(r)],
  ReflectionPad2d: ['images', (r) => edges(r)],
  ReplicationPad2d: ['images', (r) => edges(r)],
  CircularPad2d: ['images', (r) => edges(r)],
  ConstantPad2d: ['images', (r) => `${edges(r)}, ${number(r)}`],
  Upsample: [
    'images',
    (r) =>
      options(r, {
        size: pair(r),
        scaleFactor: r.bernoulli(0.8) ? pick(r, ['2', '0.5', '[1, 2]']) : number(r),
        mode: word(r, 'nearest', 'bilinear', 'bicubic', 'area', 'nearest-exact'),
        alignCorners: flag(r),
        antialias: flag(r),
      }),
  ],
  PixelShuffle: ['images', (r) => size(r)],
  PixelUnshuffle: ['images', (r) => size(r)],
  Unflatten: ['any', (r) => `${size(r)}, [${size(r)}, ${size(r)}]`],
  Flatten: ['any', (r) => options(r, { startDim: size(r), endDim: size(r) })],
  Dropout: ['any', (r) => options(r, { p: number(r) })],
  Dropout2d: ['images', (r) => options(r, { p: number(r) })],
  Softmax: ['any', (r) => size(r)],
  PReLU: ['any', (r) => options(r, { numParameters: size(r), init: number(r), ...placement(r) })],
  GLU: ['any', (r) => options(r, { dim: size(r) })],
  LeakyReLU: ['any', (r) => options(r, { slope: number(r) })],
  ELU: ['any', (r) => options(r, { alpha: number(r) })],
  Hardtanh: ['any', (r) => options(r, { min: number(r), max: number(r) })],
  Softplus: ['any', (r) => options(r, { beta: number(r), threshold: number(r) })],
  GeneralReLU: ['any', (r) => options(r, { leak: number(r), sub: number(r), maxv: number(r) })],
  ConvLayer: [
    'images',
    (r) => `${channels(r)}, ${size(r)}, ${options(r, { kernelSize: size(r), stride: size(r), bn: flag(r) })}`,
  ],
  GELU: ['any', (r) => options(r, { approximate: word(r, 'none', 'tanh') })],
  SiLU: ['any', () => ''],
  LogSoftmax: ['any', (r) => size(r)],
};

function normalised(random: Generator): string {
  return `${channels(random)}, ${options(random, {
    eps: number(random),
    momentum: random.bernoulli(0.2) ? 'null' : number(random),
    affine: flag(random),
    trackRunningStats: flag(random),
    ...placement(random),
  })}`;
}

function edges(random: Generator): string {
  if (random.bernoulli(0.5)) return size(random);
  return `[${[0, 1, 2, 3].map(() => (random.bernoulli(0.2) ? '-1' : size(random))).join(', ')}]`;
}

export const layerNames = Object.keys(makers);

/** A layer, and what it expects. */
export function layer(random: Generator, name = pick(random, layerNames)): { source: string; expects: Expects } {
  const [expects, maker] = makers[name]!;
  return { source: `new t.nn.${name}(${maker(random)})`, expects };
}

const reductions = ['mean', 'sum', 'none'];

/** Losses by the letters of their arguments: x an input, y another, c classes, s signs, and their options. */
const losses: Readonly<Record<string, readonly [string, Maker]>> = {
  crossEntropy: ['xc', (r) => options(r, { ...weighted(r), ignoreIndex: size(r), labelSmoothing: number(r) })],
  nllLoss: ['xc', (r) => options(r, { ...weighted(r), ignoreIndex: size(r) })],
  mseLoss: ['xy', (r) => options(r, reduced(r))],
  l1Loss: ['xy', (r) => options(r, reduced(r))],
  smoothL1Loss: ['xy', (r) => options(r, { ...reduced(r), beta: number(r) })],
  huberLoss: ['xy', (r) => options(r, { ...reduced(r), delta: number(r) })],
  binaryCrossEntropy: ['xy', (r) => options(r, weighted(r))],
  binaryCrossEntropyWithLogits: ['xy', (r) => options(r, { ...weighted(r), posWeight: input(r, 'rows') })],
  klDiv: ['xy', (r) => options(r, { reduction: word(r, 'batchmean', ...reductions), logTarget: flag(r) })],
  cosineEmbeddingLoss: ['xys', (r) => options(r, { ...reduced(r), margin: number(r) })],
  marginRankingLoss: ['xys', (r) => options(r, { ...reduced(r), margin: number(r) })],
  hingeEmbeddingLoss: ['xs', (r) => options(r, { ...reduced(r), margin: number(r) })],
  softMarginLoss: ['xs', (r) => options(r, reduced(r))],
  tripletMarginLoss: ['xyy', (r) => options(r, { ...reduced(r), p: number(r), swap: flag(r) })],
};

function reduced(random: Generator): Record<string, string> {
  return { reduction: word(random, ...reductions) };
}

function weighted(random: Generator): Record<string, string> {
  return { ...reduced(random), weight: random.bernoulli(0.5) ? 't.rand([3])' : input(random, 'rows') };
}

/** A target of classes: mostly of the right shape and range. */
function classes(random: Generator, [first = 1, , ...rest]: readonly number[]): string {
  const sizes = `[${[first, ...rest].join(', ')}]`;
  return weigh(random, [
    [6, () => `t.randint(0, 3, ${sizes})`],
    [1, () => `t.randint(-5, 9, ${sizes})`],
    [1, () => `t.full(${sizes}, ${pick(random, hostileIntegers.slice(0, 9))}, { dtype: 'int64' })`],
    [1, () => `t.randint(0, 3, ${sizes}).to('${dtypeName(random)}')`],
    [1, () => input(random, 'rows')],
  ])();
}

export const lossNames = Object.keys(losses);

/** A call of a loss; `x` is the text of its input when there is one already. */
export function loss(random: Generator, name = pick(random, lossNames), x?: string): string {
  const [letters, maker] = losses[name]!;
  const sizes = shape(random, 'rows');
  const like = (): string =>
    random.bernoulli(0.85) ? `t.rand([${sizes.join(', ')}], { requiresGrad: true })` : input(random, 'rows');
  const args = letters.split('').map((letter) => {
    if (letter === 'x') return x ?? like();
    if (letter === 'c') return classes(random, sizes);
    if (letter === 's')
      return `t.randint(0, 2, [${(random.bernoulli(0.5) ? sizes : sizes.slice(0, 1)).join(', ')}]).mul(2).sub(1)`;
    return like();
  });
  return `t.F.${name}(${args.join(', ')}, ${maker(random)})`;
}
