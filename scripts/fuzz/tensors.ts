/** Tensors of every shape, dtype, layout and state, as source text. */

import type { Generator } from '../../lib/index.js';
import { pick, weigh } from './choice.js';

/** What the tensors of one call have in common, so that most calls get past the first check. */
export interface Family {
  shape: readonly number[];
  dtype: string;
}

const floats = ['float32', 'float64'] as const;
const others = ['bool', 'uint8', 'int8', 'int16', 'int32', 'int64', 'float16', 'bfloat16', 'complex64', 'complex128'];
const rare = ['complex32', 'uint16', 'uint32', 'uint64', 'float8_e4m3fn', 'qint8'];

const plainShapes = [[], [1], [3], [2, 3], [3, 3], [4, 4], [2, 3, 3], [3, 3, 3], [2, 3, 4, 5], [2, 1, 3, 3]];
const shapesByRank: Record<string, readonly number[][]> = {
  '1d': [
    [2, 3, 7],
    [3, 7],
    [1, 2, 4],
    [2, 4, 8],
  ],
  '2d': [
    [2, 3, 6, 6],
    [3, 6, 6],
    [1, 1, 4, 5],
    [2, 4, 8, 8],
    [6, 6],
  ],
  '3d': [
    [1, 2, 4, 4, 4],
    [2, 4, 4, 4],
    [1, 4, 3, 2, 5],
  ],
};
const oddShapes = [
  [0],
  [2, 0],
  [0, 3],
  [2, 0, 3],
  [0, 3, 4, 4],
  [2, 0, 4, 4],
  [2, 3, 0, 4],
  [1, 1, 1, 1, 1, 1],
  [7],
  [17],
  [5, 2],
  [100],
  [1, 64],
  [2, 2, 2, 2, 2],
];

export function dtypeName(random: Generator): string {
  return weigh(random, [
    [8, pick(random, floats)],
    [5, pick(random, others)],
    [0.5, pick(random, rare)],
  ]);
}

/** Shapes by what the operator's name says of its rank. */
export function familyOf(random: Generator, operator: string): Family {
  const rank = /([123])d/.exec(operator)?.[0];
  const usual = rank === undefined ? plainShapes : shapesByRank[rank]!;
  const shape = weigh(random, [
    [8, pick(random, usual)],
    [1, pick(random, plainShapes)],
    [1, pick(random, oddShapes)],
  ]);
  return { shape, dtype: dtypeName(random) };
}

export function shapeLike(random: Generator, shape: readonly number[]): readonly number[] {
  return weigh(random, [
    [10, () => shape],
    [1, () => shape.slice(1)],
    [1, () => [1, ...shape]],
    [1, () => shape.map((size) => (random.bernoulli(0.4) ? 1 : size))],
    [1, () => shape.map((size) => (random.bernoulli(0.3) ? size + random.integer(3) : size))],
    [1, () => [...shape].reverse()],
    [1, () => shape.slice(0, 1)],
    [1, () => shape.slice(1, 2)],
    [2, () => pick(random, plainShapes)],
    [1, () => pick(random, oddShapes)],
  ])();
}

function filled(random: Generator, shape: readonly number[], dtype: string): string {
  const size = `[${shape.join(', ')}]`;
  if (/^float(32|64)|^complex(64|128)/.test(dtype)) {
    return weigh(random, [
      [6, () => `t.randn(${size}, { dtype: '${dtype}' })`],
      [1, () => `t.ones(${size}, { dtype: '${dtype}' })`],
      [1, () => `t.zeros(${size}, { dtype: '${dtype}' })`],
      [
        1,
        () =>
          `t.full(${size}, ${pick(random, ['NaN', 'Infinity', '-Infinity', '1e38', '-3', '1e-40'])}, { dtype: '${dtype}' })`,
      ],
    ])();
  }
  if (/^int(16|32|64)$|^int8$|^uint8$/.test(dtype)) {
    return weigh(random, [
      [4, () => `t.randint(0, 3, ${size}, { dtype: '${dtype}' })`],
      [1, () => `t.zeros(${size}, { dtype: '${dtype}' })`],
      [1, () => `t.ones(${size}, { dtype: '${dtype}' })`],
      [
        1.5,
        () =>
          `t.full(${size}, ${pick(random, ['-1', '7', '100', '-128', '2147483647', '-2147483648', '9007199254740991', '-9007199254740991', '9223372036854775807n'])}).to('${dtype}')`,
      ],
    ])();
  }
  return `t.randint(0, 2, ${size}).to('${dtype}')`;
}

/** Views that own no memory of their own, or less than their shape says. */
function viewed(random: Generator, shape: readonly number[]): string {
  const rank = shape.length;
  return weigh(random, [
    [14, () => ''],
    [1, () => (rank > 1 ? '.transpose(0, -1)' : '')],
    [1, () => (rank > 0 ? `.slice({ dim: ${random.integer(rank)}, step: 2 })` : '')],
    [1, () => `.select(0, 0).expand([${shape.join(', ')}])`],
    [1, () => `.asStrided([${shape.join(', ')}], [${shape.map(() => random.integer(2)).join(', ')}])`],
    [0.5, () => '.flip([0])'],
    [0.5, () => '.unsqueeze(0)'],
    [0.3, () => '.narrow(0, 0, 0)'],
    [0.3, () => (rank === 4 ? ".contiguous({ memoryFormat: 'channels_last' })" : '.conj()')],
  ])();
}

/** Layouts, devices and states that a dense operator does not expect. */
function disguised(random: Generator, source: string, dtype: string): string {
  return weigh(random, [
    [60, () => source],
    [6, () => (/^(b?float|complex)/.test(dtype) ? `${source}.detach().requiresGrad_()` : source)],
    [1.5, () => `${source}.to('meta')`],
    [1, () => `t.callOperator('aten::to_sparse', [${source}])`],
    [0.4, () => `t.callOperator('aten::to_sparse_csr', [${source}])`],
    [0.4, () => `t.callOperator('aten::to_mkldnn', [${source}])`],
    [0.4, () => `t.callOperator('aten::quantize_per_tensor', [${source}, 0.1, 3, 'quint8'])`],
    [0.3, () => `t.callOperator('aten::_efficientzerotensor', [[2, 3]])`],
    [0.3, () => `t.callOperator('aten::_neg_view', [${source}])`],
    [0.3, () => `t.callOperator('aten::_nested_tensor_from_tensor_list', [[${source}, ${source}]])`],
    [1, () => `((x) => (x.dispose(), x))(${source})`],
  ])();
}

const indexNames =
  /^(ind|index|indices|target|offset|length|size|repeat|input_l|target_l|batch_s|crow|col|row|ccol|plain|bag_size|segment|kernel_size|boundaries|labels|class)/;

/** A tensor for an argument of this name. */
export function tensorSource(random: Generator, family: Family, argument: string): string {
  const shape = shapeLike(random, family.shape);
  let dtype = random.bernoulli(0.85) ? family.dtype : dtypeName(random);
  if (indexNames.test(argument) && random.bernoulli(0.85)) dtype = pick(random, ['int64', 'int64', 'int64', 'int32']);
  if (argument.includes('mask') && random.bernoulli(0.7)) dtype = 'bool';
  return disguised(random, `${filled(random, shape, dtype)}${viewed(random, shape)}`, dtype);
}
