/** Parameter groups: from whatever holds parameters to lists of them, each parameter once. */

import { invalid, isTensor, type Tensor } from '../tensor/index.js';

/** Parameters of one group, or of several groups with hyper-parameters of their own; lists, generators, sets. */
export type ParameterSource = Iterable<Tensor> | Iterable<Iterable<Tensor>>;

/**
 * The groups of a source.
 *
 * A parameter that comes twice (tied weights) stays where it came first, so that it is stepped once.
 *
 * @throws ArgumentError for no parameters at all, and for what is no tensor
 */
export function toGroups(source: ParameterSource): Tensor[][] {
  if (!isIterable(source)) throw invalid('params', 'tensors, or lists of tensors', source);
  const entries: unknown[] = [...source];
  const nested = entries.length > 0 && entries.every((entry) => !isTensor(entry) && isIterable(entry));
  const lists = nested ? entries.map((entry) => [...(entry as Iterable<unknown>)]) : [entries];
  const seen = new Set<Tensor>();
  const groups = lists.map((list, group) =>
    list.filter((tensor, i): tensor is Tensor => {
      if (!isTensor(tensor))
        throw invalid(
          nested ? `params[${group}][${i}]` : `params[${i}]`,
          nested ? 'a Tensor' : 'a Tensor, as the others are',
          tensor,
        );
      if (seen.has(tensor)) return false;
      seen.add(tensor);
      return true;
    }),
  );
  if (seen.size === 0) throw invalid('params', 'at least one parameter', 'none');
  return groups;
}

/** One or many, as a list. */
export function toList<T>(value: T | readonly T[] | null | undefined): readonly T[] {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
