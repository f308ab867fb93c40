/** What a file of PyTorch can hold, in JavaScript's words. */

import { needText } from '../../tensor/checks.js';
import { TenchError, describe } from '../../tensor/errors.js';
import { isTensor, type Complex, type Tensor } from '../../tensor/index.js';
import type { StateDict } from '../../nn/index.js';

/**
 * A value of a file of PyTorch.
 *
 * Dicts are Maps, so that keys that are integers, as an optimizer's state has, stay integers, and the order stays. Tuples are frozen arrays,
 * lists are arrays. Integers beyond 2^53 are bigints; a whole float, such as 1.0, is the same number as the integer.
 */
export type TorchValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Complex
  | Uint8Array
  | Tensor
  | readonly TorchValue[]
  | ReadonlyMap<TorchValue, TorchValue>
  | ReadonlySet<TorchValue>
  | { readonly [key: string]: TorchValue };

/**
 * The state of a module out of a value that `readTorch` returned: `model.loadStateDict(stateDictOf(await readTorch(path)))`.
 *
 * @param key for a checkpoint that holds several things, the key of the state, e.g. `'model'`
 * @throws TenchError when the value is no Map of tensors by name
 */
export function stateDictOf(value: unknown, key?: string): StateDict {
  if (key !== undefined) needText('key', key);
  const state: unknown = key === undefined ? value : value instanceof Map ? value.get(key) : undefined;
  const what = key === undefined ? 'the value' : `the value of ${key}`;
  if (!(state instanceof Map))
    throw new TenchError(`${what} is no dict of tensors by name`, { code: 'ERR_TENCH_STATE_DICT' });
  for (const [name, tensor] of state as ReadonlyMap<unknown, unknown>) {
    if (typeof name !== 'string' || !isTensor(tensor))
      throw new TenchError(
        `${what} is no dict of tensors by name: ${typeof name === 'string' ? name : describe(name)} is none`,
        {
          code: 'ERR_TENCH_STATE_DICT',
        },
      );
  }
  return state as StateDict;
}

/** Turns dicts whose keys are all texts into plain objects; see `readTorch`. What is shared, or holds itself, stays so. */
export function toObjects(value: unknown, made = new Map<object, unknown>()): unknown {
  if (typeof value !== 'object' || value === null || isTensor(value) || value instanceof Uint8Array) return value;
  const known = made.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    made.set(value, list);
    for (const item of value) list.push(toObjects(item, made));
    return Object.isFrozen(value) ? Object.freeze(list) : list;
  }
  if (!(value instanceof Map)) return value;
  if ([...value.keys()].every((key) => typeof key === 'string')) {
    const object: Record<string, unknown> = {};
    made.set(value, object);
    for (const [key, item] of value as ReadonlyMap<string, unknown>) {
      // Assigning to __proto__ would set the prototype.
      const property = { value: toObjects(item, made), writable: true, enumerable: true, configurable: true };
      Object.defineProperty(object, key, property);
    }
    return object;
  }
  const map = new Map<unknown, unknown>();
  made.set(value, map);
  for (const [key, item] of value) map.set(key, toObjects(item, made));
  return map;
}
