/** Reading and writing parts of tensors: indices that are too large, too many, of the wrong kind, or that alias what they write to. */

import type { Generator } from '../../../lib/index.js';
import { pick, weigh } from '../choice.js';
import { disposingValues, hostileIntegers, hostileNumbers, hostileValue } from '../hostile.js';
import type { CallKind } from '../kind.js';
import { dtypeName, familyOf, shapeLike, tensorSource, type Family } from '../tensors.js';

/** How often one number is hostile on purpose. */
const HOSTILITY = 0.04;

/** Draws one argument; the table of methods below spells signatures by the letters of `draws`. */
type Draw = (random: Generator, family: Family) => string;

function place(random: Generator, { shape }: Family): string {
  if (random.bernoulli(HOSTILITY)) return pick(random, hostileIntegers);
  const size = shape.length === 0 ? 1 : pick(random, shape);
  return String(random.integer(2 * size + 3) - size - 1);
}

function axis(random: Generator, { shape }: Family): string {
  if (random.bernoulli(HOSTILITY / 2)) return pick(random, hostileIntegers);
  if (random.bernoulli(0.6)) return '0';
  const rank = Math.max(1, shape.length);
  return String(random.integer(2 * rank) - rank);
}

function scalar(random: Generator): string {
  return random.bernoulli(HOSTILITY) ? pick(random, hostileNumbers) : pick(random, ['0', '1', '-1', '2.5', 'true']);
}

/** Indices as a tensor: mostly as many as the first axis is long, now and then one too large, far outside, or of the wrong dtype or shape. */
function indexTensor(random: Generator, { shape }: Family): string {
  const size = Math.max(1, shape[0] ?? 1);
  const form = shapeLike(random, shape).join(', ');
  return weigh(random, [
    [9, () => `t.randint(0, ${size}, [${size}])`],
    [2, () => `t.randint(${-size}, ${size + 1}, [${size}])`],
    [2, () => `t.randint(0, ${size}, [${1 + random.integer(4)}])`],
    [1, () => `t.randint(0, ${size}, [${form}])`],
    [1, () => `t.randint(0, ${size}, [${form}]).to('${pick(random, ['int32', 'int16', 'uint8', 'int8', 'bool'])}')`],
    [1, () => `t.tensor([${place(random, { shape, dtype: '' })}], { dtype: 'int64' })`],
    [1, () => `t.full([${form}], ${pick(random, hostileIntegers.slice(0, 12))}, { dtype: 'int64' })`],
    [1, () => `t.randint(0, ${size}, [1]).expand([${form}])`],
    [0.5, () => `t.zeros([0], { dtype: 'int64' })`],
    [0.5, () => `t.randint(0, 2, [2], { device: 'meta' })`],
    [0.3, () => `((x) => (x.dispose(), x))(t.zeros([1], { dtype: 'int64' }))`],
  ])();
}

/** Indices of the shape of what they index, as gather and scatter take them. */
function indicesLike(random: Generator, family: Family): string {
  const smallest = Math.max(1, Math.min(...family.shape, 9));
  const form = family.shape.join(', ');
  return weigh(random, [
    [7, () => `t.randint(0, ${smallest}, [${form}])`],
    [2, () => `t.randint(-1, ${smallest + 1}, [${form}])`],
    [1, () => `t.randint(0, ${smallest}, [${form}]).transpose(0, -1)`],
    [3, () => indexTensor(random, family)],
  ])();
}

function mask(random: Generator, { shape }: Family): string {
  return weigh(random, [
    [6, () => `t.randint(0, 2, [${shape.join(', ')}]).to('bool')`],
    [2, () => `t.randint(0, 2, [${shapeLike(random, shape).join(', ')}]).to('bool')`],
    [1, () => `t.zeros([${shape.slice(0, 1).join(', ')}], { dtype: 'bool' })`],
    [1, () => `t.ones([1], { dtype: 'uint8' }).expand([${shape.join(', ')}])`],
    [0.5, () => 'a.ne(0)'],
  ])();
}

function other(random: Generator, family: Family): string {
  if (random.bernoulli(0.55)) return pick(random, ['a.clone()', 't.onesLike(a)', 'a.detach()', 'a']);
  return random.bernoulli(0.5)
    ? pick(random, ['a.t()', 'a.flip([0])', 'a.narrow(0, 0, 1)', 'a.select(0, 0)', 't.ones([1], { dtype: a.dtype })'])
    : tensorSource(random, family, 'src');
}

/** One entry of `x.get(...)`. */
function index(random: Generator, family: Family): string {
  const bound = (): string => (random.bernoulli(0.4) ? 'null' : place(random, family));
  return weigh(random, [
    [6, () => place(random, family)],
    [5, () => `t.slice(${bound()}, ${bound()}, ${random.bernoulli(0.8) ? '1' : place(random, family)})`],
    [3, () => indexTensor(random, family)],
    [2, () => mask(random, family)],
    [2, () => `[${Array.from({ length: random.integer(4) }, () => place(random, family)).join(', ')}]`],
    [1.5, () => 'null'],
    [1.5, () => "'...'"],
    [1, () => pick(random, ['true', 'false'])],
    [0.3, () => pick(random, hostileNumbers)],
    [0.5, () => hostileValue(random)],
    [0.2, () => pick(random, disposingValues)],
    [0.1, () => `...new Array(${pick(random, [70, 3000])}).fill(null)`],
  ])();
}

function indices(random: Generator, family: Family): string {
  const length = Math.min(random.integer(4), family.shape.length + 1);
  return Array.from({ length }, () => index(random, family)).join(', ');
}

/** A whole shape, as views take them. */
function sizes(random: Generator, family: Family): string {
  if (random.bernoulli(0.5)) return `[${shapeLike(random, family.shape).join(', ')}]`;
  return `[${Array.from({ length: 1 + random.integer(3) }, () => place(random, family)).join(', ')}]`;
}

function tensorOrNull(random: Generator, family: Family): string {
  return weigh(random, [
    [5, () => indexTensor(random, family)],
    [2, () => mask(random, family)],
    [2, () => 'null'],
    [0.3, () => hostileValue(random)],
  ])();
}

const draws: Readonly<Record<string, Draw>> = {
  a: axis,
  i: place,
  s: scalar,
  x: indexTensor,
  y: indicesLike,
  m: mask,
  o: other,
  z: sizes,
  I: indices,
  v: (random, family) => (random.bernoulli(0.4) ? scalar(random) : other(random, family)),
  L: (random, family) =>
    `[${Array.from({ length: 1 + random.integer(3) }, () => tensorOrNull(random, family)).join(', ')}]`,
  n: (random) => pick(random, ['1', '2', '3', '1', '2', ...hostileIntegers]),
  b: (random) => pick(random, ['true', 'false', 'undefined']),
  r: (random) => pick(random, ["'sum'", "'prod'", "'mean'", "'amax'", "'amin'", "'none'"]),
  d: (random) => `{ sparseGrad: ${random.bernoulli(0.5)} }`,
};

/** Methods, by the letters of their arguments; brackets and braces stand for themselves. */
const methods: Readonly<Record<string, string>> = {
  get: 'I',
  set: '[I], v',
  indexPut: 'L, o, b',
  indexPut_: 'L, o, b',
  indexSelect: 'a, x',
  indexAdd: 'a, x, o',
  indexAdd_: 'a, x, o',
  indexCopy: 'a, x, o',
  indexCopy_: 'a, x, o',
  indexFill: 'a, x, v',
  indexFill_: 'a, x, v',
  gather: 'a, y, d',
  scatter: 'a, y, v',
  scatter_: 'a, y, v',
  scatterAdd: 'a, y, o',
  scatterAdd_: 'a, y, o',
  scatterReduce: 'a, y, o, r',
  scatterReduce_: 'a, y, o, r',
  maskedFill: 'm, v',
  maskedFill_: 'm, v',
  maskedScatter: 'm, o',
  maskedScatter_: 'm, o',
  maskedSelect: 'm',
  take: 'x',
  takeAlongDim: 'y, a',
  select: 'a, i',
  selectScatter: 'o, a, i',
  diagonalScatter: 'o, i, a, a',
  diagonal: 'i, a, a',
  slice: 'a, i, i, n',
  narrow: 'a, i, i',
  unfold: 'a, n, n',
  split: 'n, a',
  chunk: 'n, a',
  tensorSplit: 'z, a',
  unbind: 'a',
  repeatInterleave: 'x, a',
  roll: 'i, a',
  asStrided: 'z, z, i',
  expand: 'z',
  reshape: 'z',
};

/** What is done to a part after it was taken: it must still belong to its tensor. */
const afterwards = ['', '', '', '', '.add_(1)', '.zero_()', '.copy_(a)', '.clone()', '.to(a.dtype)', '.dispose()'];

function call(random: Generator, method: string): string {
  const family = familyOf(random, '');
  const rare = random.bernoulli(0.02);
  const args = methods[method]!.replace(/[a-zA-Z]/g, (letter) =>
    rare && letter !== 'I' && random.bernoulli(0.4) ? hostileValue(random) : draws[letter]!(random, family),
  );
  const options = method.startsWith('scatter') && args.endsWith('5') ? ", { reduce: 'add' }" : '';
  const base = random.bernoulli(0.5)
    ? `t.randn([${family.shape.join(', ')}]).to('${dtypeName(random)}')`
    : tensorSource(random, family, 'self');
  // Leaves that require grad cannot be written to, so that half of the time it is no leaf.
  const self = random.bernoulli(0.5) ? base : `${base}.clone()`;
  const tail = /_$|^set$/.test(method) ? '' : pick(random, afterwards);
  const safe = /^(split|chunk|tensorSplit|unbind)$/.test(method) ? '' : tail;
  return `((a) => a.${method}(${args}${options})${safe})(${self})`;
}

export const indexing: CallKind = {
  name: 'indexing',
  about: 'reading and writing parts of tensors with indices, ranges, masks',
  calls: 30_000,
  batch: 4000,
  limits: { seconds: 20, bytes: 4 * 2 ** 30 },
  subjects: () => Object.keys(methods),
  source: call,
};
