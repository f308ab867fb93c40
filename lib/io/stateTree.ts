/** Plain data with tensors in it, taken apart into a JSON text and named tensors, and put together again. */

import { needTensor } from '../tensor/checks.js';
import { TenchError, describe } from '../tensor/errors.js';
import { isTensor, type Tensor } from '../tensor/index.js';
import type { Saved } from '../learner/index.js';
import { isOptions } from '../tensor/types.js';

/** The keys by which the text stands for what JSON cannot say. */
const tensorKey = '$tensor';
const numberKey = '$number';
const bigintKey = '$bigint';
const keys = [tensorKey, numberKey, bigintKey];

/** A tree in two parts. */
export interface Apart {
  readonly text: string;
  /** By their places in the tree, e.g. `model/0.weight`. */
  readonly tensors: Map<string, Tensor>;
}

/**
 * @param what names the file in messages
 * @throws TenchError that names the place of what is neither plain data nor a tensor
 */
export function takeApart(tree: unknown, what: string): Apart {
  const tensors = new Map<string, Tensor>();
  const walk = (value: unknown, place: readonly string[]): unknown => {
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
    if (typeof value === 'number') return toWritten(value);
    if (typeof value === 'bigint') return { [bigintKey]: String(value) };
    if (isTensor(value)) {
      let name = place.join('/');
      while (tensors.has(name)) name += '+';
      tensors.set(name, value);
      return { [tensorKey]: name };
    }
    if (Array.isArray(value)) return value.map((item, i) => walk(item, [...place, String(i)]));
    if (!isOptions(value) || keys.some((key) => Object.hasOwn(value, key)))
      throw new TenchError(
        `${what} cannot hold ${place.join('.')}: it is neither plain data nor a tensor, but ${describe(value)}`,
      );
    // Equal states give equal texts.
    const pairs = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(pairs.map(([key, item]) => [key, walk(item, [...place, key])]));
  };
  const text = JSON.stringify(walk(tree, []));
  return { text, tensors };
}

/** @throws TenchError or SyntaxError for a text that `takeApart` did not write for these tensors */
export function putTogether({ text, tensors }: Apart): Saved {
  const walk = (value: unknown): Saved => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value as Saved;
    if (Object.hasOwn(value, tensorKey)) {
      const name = String((value as Record<string, unknown>)[tensorKey]);
      return needTensor(name, tensors.get(name)!);
    }
    if (Object.hasOwn(value, numberKey)) return Number((value as Record<string, unknown>)[numberKey]);
    if (Object.hasOwn(value, bigintKey)) return toBigint((value as Record<string, unknown>)[bigintKey]);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
  };
  return walk(JSON.parse(text));
}

function toWritten(value: number): unknown {
  if (Object.is(value, -0)) return { [numberKey]: '-0' };
  return Number.isFinite(value) ? value : { [numberKey]: String(value) };
}

function toBigint(text: unknown): bigint {
  if (typeof text === 'string' && /^-?\d{1,1000}$/.test(text)) return BigInt(text);
  throw new SyntaxError(`${describe(text)} is no bigint`);
}
