/** Where several overloads could answer a call, tench chooses the one that PyTorch chooses in Python, or its twin for numbers, and gives the same. */

import t from 'tap';

import * as T from '../../lib/tensor/index.js';
import { native } from '../../lib/tensor/native.js';
import { goldenCases, largestDifference } from './golden.js';

interface Case {
  name: string;
  args: unknown[];
  options: Record<string, unknown>;
  overload: string;
  results: { dtype: T.DType; values: unknown }[];
}

type AnyFunction = (...args: unknown[]) => unknown;

const tensors: Readonly<Record<string, () => T.Tensor>> = {
  floats: () => T.tensor([0.5, 1.5, -2, 3, -0.25, 1], { shape: [2, 3] }),
  ints: () => T.tensor([1, 2, 3, 4, 5, 6], { shape: [2, 3], dtype: 'int64' }),
  flags: () => T.tensor([true, false, true, false, true, true], { shape: [2, 3] }),
};

const camelCase = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The recorder writes NaN as null. */
const readable = (values: unknown): unknown => (Array.isArray(values) ? values.map(readable) : (values ?? NaN));

/** Python turns numbers into tensors before it chooses; here the overload for numbers is taken, which does the same inside LibTorch. */
function isTwin(found: string, { overload, args }: Case): boolean {
  if (!args.some((arg) => typeof arg === 'number')) return false;
  const plain = (name: string): string => name.replace(/_?(Scalar|Tensor)/g, '').replace(/\.$/, '');
  return plain(found) === plain(overload);
}

/** Overloads that are one another with other defaults: the bias of a spread, written as `unbiased` or as `correction`. */
const spreads = /^aten::(std|var|std_mean|var_mean)(\.\w+)?$/;

/** What torch.norm and torch.split do in Python before LibTorch is asked. */
const renamed: Readonly<Record<string, string>> = {
  'aten::norm.Scalar': 'aten::linalg_vector_norm',
  'aten::split.sizes': 'aten::split_with_sizes',
};

function isSame(found: string, one: Case): boolean {
  if (found === one.overload || renamed[found] === one.overload || isTwin(found, one)) return true;
  const [mine, theirs] = [spreads.exec(found), spreads.exec(one.overload)];
  return mine !== null && mine[1] === theirs?.[1];
}

t.test('calls with several answers', async (t) => {
  for (const one of goldenCases<Case>('overloads')) {
    const title = `${one.name}(${one.args.join(', ')}${Object.keys(one.options).length > 0 ? `, ${JSON.stringify(one.options)}` : ''})`;
    const args = one.args.map((arg) => (typeof arg === 'string' ? tensors[arg]?.() : arg));
    const options = Object.fromEntries(Object.entries(one.options).map(([key, value]) => [camelCase(key), value]));
    const call = (T as unknown as Record<string, AnyFunction>)[one.name === 'var' ? 'var_' : camelCase(one.name)];
    native.startWitness();
    let ran: string[];
    let result: unknown;
    try {
      result = Object.keys(options).length > 0 ? call?.(...args, options) : call?.(...args);
    } finally {
      ran = native.stopWitness();
    }
    const found = ran[0] ?? '';
    t.ok(isSame(found, one), `${title}: ${found}, in PyTorch ${one.overload}`);
    const results = (Array.isArray(result) ? result : [result]) as T.Tensor[];
    t.equal(results.length, one.results.length, `${title}: results`);
    for (const [i, { dtype, values }] of one.results.entries()) {
      t.equal(results[i]?.dtype, dtype, `${title}: dtype`);
      t.ok(largestDifference(results[i]?.toList(), readable(values)) < 1e-5, `${title}: values`);
    }
  }
});
