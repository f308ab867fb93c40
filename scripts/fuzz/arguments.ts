/** Arguments by the types of a schema: mostly what it asks for, partly what it does not expect. */

import * as t from '../../lib/index.js';
import type { Argument, Schema } from '../schema.js';
import { pick, weigh } from './choice.js';
import {
  disposingValues,
  hostileDevices,
  hostileIntegers,
  hostileNumbers,
  hostileStrings,
  hostileValue,
} from './hostile.js';
import { dtypeName, familyOf, shapeLike, tensorSource, type Family } from './tensors.js';

/** How often one argument is hostile on purpose; one call in three then has some. */
const HOSTILITY = 0.08;

function integer(random: t.Generator, name: string, family: Family): string {
  if (random.bernoulli(HOSTILITY)) return pick(random, hostileIntegers);
  const rank = Math.max(1, family.shape.length);
  if (/^(dim|axis|start_dim|end_dim|batch_dim|source|destination)/.test(name))
    return String(random.integer(2 * rank) - rank);
  if (/kernel|stride|dilation|groups|factor|chunks|sections|splits|num|output_size/.test(name))
    return String(1 + random.integer(3));
  if (name.includes('reduction')) return String(random.integer(3));
  return String(random.integer(6) - (random.bernoulli(0.2) ? 3 : 0));
}

function number(random: t.Generator): string {
  if (random.bernoulli(HOSTILITY)) return pick(random, hostileNumbers);
  return pick(random, ['0', '0.5', '1', '2', '-1', '1e-5', '0.1', '3.7', '1']);
}

const words: Record<string, readonly string[]> = {
  reduce: ['sum', 'mean', 'prod', 'amax', 'amin', 'max', 'min'],
  reduction: ['mean', 'sum', 'none'],
  mode: ['reduced', 'complete', 'r', 'constant', 'reflect', 'bilinear', 'trunc'],
  approximate: ['none', 'tanh'],
  padding: ['same', 'valid'],
  rounding_mode: ['floor', 'trunc'],
  indexing: ['ij', 'xy'],
  UPLO: ['L', 'U'],
  ord: ['fro', 'nuc'],
  side: ['left', 'right'],
  interpolation: ['linear', 'lower', 'nearest', 'midpoint'],
  equation: ['ij,jk->ik', 'i,i->', 'ij->ji', '...i,...j->...', 'ii->i'],
  pad_mode: ['constant', 'reflect', 'circular', 'replicate'],
  norm: ['forward', 'backward', 'ortho'],
};

function text(random: t.Generator, name: string): string {
  if (random.bernoulli(HOSTILITY)) return pick(random, hostileStrings);
  const known = words[name];
  return known === undefined ? pick(random, hostileStrings) : `'${pick(random, known)}'`;
}

/** One value of a base type. */
function single(random: t.Generator, argument: Argument, family: Family): string {
  const { type, name } = argument;
  switch (type) {
    case 'Tensor':
      return tensorSource(random, family, name);
    case 'int':
    case 'SymInt':
      return integer(random, name, family);
    case 'float':
      return number(random);
    case 'bool':
      return pick(random, ['true', 'false']);
    case 'Scalar':
    case 'complex':
      return weigh(random, [
        [6, () => number(random)],
        [1, () => pick(random, ['true', '3n', '{ re: 1, im: -1 }'])],
        [0.3, () => pick(random, hostileIntegers)],
      ])();
    case 'str':
      return text(random, name);
    case 'ScalarType':
      return random.bernoulli(0.9) ? `'${dtypeName(random)}'` : `'${pick(random, [...t.dtypes, 'garbage'])}'`;
    case 'Layout':
      return pick(random, ["'strided'", "'strided'", "'strided'", "'sparse'", "'sparse_csr'", "'mkldnn'", "'garbage'"]);
    case 'MemoryFormat':
      return pick(random, ["'contiguous_format'", "'preserve_format'", "'channels_last'", "'channels_last_3d'"]);
    case 'Device':
      return random.bernoulli(0.8) ? "'cpu'" : pick(random, hostileDevices);
    default:
      return 'null';
  }
}

function list(random: t.Generator, argument: Argument, family: Family): string {
  if (
    (argument.type === 'SymInt' || argument.type === 'int') &&
    /^(size|shape|sizes)$|_size$|_shape$/.test(argument.name)
  ) {
    if (argument.size === null && random.bernoulli(0.7)) {
      const sizes = shapeLike(random, family.shape).map(String);
      if (sizes.length > 0 && random.bernoulli(HOSTILITY))
        sizes[random.integer(sizes.length)] = pick(random, hostileIntegers);
      return `[${sizes.join(', ')}]`;
    }
  }
  const usual = argument.size ?? 1 + random.integer(4);
  const length = weigh(random, [
    [12, usual],
    [1, 0],
    [1, 1],
    [1, usual + 1],
    [0.1, 70],
  ]);
  const parts = Array.from({ length }, () =>
    argument.elementOptional && random.bernoulli(0.25) ? 'null' : single(random, argument, family),
  );
  return `[${parts.join(', ')}]`;
}

function value(random: t.Generator, argument: Argument, family: Family): string {
  if (random.bernoulli(0.02)) return hostileValue(random);
  if (argument.optional && random.bernoulli(0.35)) return 'null';
  return argument.list ? list(random, argument, family) : single(random, argument, family);
}

/** The call by the method or function of the typed surface that reaches an operator, or null. */
function typedCallee(random: t.Generator, operator: string, positional: string[]): string | null {
  const name = operator.replace(/(?!^)_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const [self] = positional;
  const isMethod = typeof Object.getOwnPropertyDescriptor(t.Tensor.prototype, name)?.value === 'function';
  if (isMethod && self !== undefined && /^(t\.|a$)/.test(self) && random.bernoulli(0.5)) {
    positional.shift();
    return `${self}.${name}`;
  }
  return typeof (t as Record<string, unknown>)[name] === 'function' ? `t.${name}` : null;
}

/** The source text of one call of an operator: `t.callOperator(...)`. */
export function callSource(random: t.Generator, schema: Schema): string {
  const family = familyOf(random, schema.name);
  const positional: string[] = [];
  const keywords: string[] = [];
  let trailing = true;
  const shared = random.bernoulli(0.1);
  let disposes = random.bernoulli(0.01);
  for (const argument of schema.arguments) {
    if (argument.default !== null && (!trailing || random.bernoulli(0.4))) {
      if (!argument.keyword) trailing = false;
      continue;
    }
    let source = value(random, argument, family);
    if (shared && argument.type === 'Tensor' && random.bernoulli(0.6)) source = argument.list ? '[a, a]' : 'a';
    if (disposes && argument.type !== 'Tensor') {
      source = pick(random, disposingValues);
      disposes = false;
    }
    if (argument.keyword) keywords.push(`${argument.name}: ${source}`);
    else if (trailing) positional.push(source);
  }
  if (random.bernoulli(0.01)) positional.push(hostileValue(random));
  if (random.bernoulli(0.01)) positional.pop();
  if (random.bernoulli(0.005)) keywords.push(`nonsense: ${hostileValue(random)}`);
  const callee = random.bernoulli(0.5) ? typedCallee(random, schema.name, positional) : null;
  const name = schema.overload === '' ? schema.name : `${schema.name}.${schema.overload}`;
  const options = keywords.length > 0 ? `, { ${keywords.join(', ')} }` : '';
  const call =
    callee === null
      ? `t.callOperator('aten::${name}', [${positional.join(', ')}]${options})`
      : `${callee}(${positional.join(', ')}${positional.length === 0 ? options.slice(2) : options})`;
  if (!/\ba\b(?!')/.test(call)) return call;
  return `((a) => ${call})(${tensorSource(random, family, 'self')})`;
}
