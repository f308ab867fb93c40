/** How a model was made: the name and the plain options by which `createModel` makes another one of the same architecture. */

import { isDeepStrictEqual } from 'node:util';

import { Module, type AnyModule } from '../../nn/index.js';
import { needInstance } from '../../tensor/checks.js';

/** Plain data: JSON gives it back as it was. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

/** An architecture as plain data; the weights are not in it. */
export interface ModelDescription {
  /** What `createModel` calls the architecture. */
  readonly name: string;
  /** Those that were given, but for `device` and `dtype`: where a model lives is no part of what it is. */
  readonly options: Readonly<Record<string, Plain>>;
}

const descriptions = new WeakMap<AnyModule, ModelDescription>();

/**
 * The name and options by which `createModel` makes a model of the same architecture, with other weights.
 *
 * They say how the model was made, and nothing of what was changed in it since. Null for a model that neither `createModel` nor a function of the
 * library made, and for one with options that are no plain data, such as a function that makes layers.
 */
export function describeModel(model: AnyModule): ModelDescription | null {
  needInstance('describeModel: model', model, Module);
  return descriptions.get(model) ?? null;
}

/** Writes down how a model was made, in place of what was known of it before. @param options null: it cannot be described */
export function described<M extends AnyModule>(model: M, name: string, options: object | null): M {
  const plain = options === null ? null : plainOptions(options);
  if (plain === null) descriptions.delete(model);
  else descriptions.set(model, { name, options: plain });
  return model;
}

/** A copy of options for a description, or null where JSON would not give them back as they are. */
export function plainOptions(options: object): ModelDescription['options'] | null {
  const given = Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== undefined && name !== 'device' && name !== 'dtype'),
  );
  try {
    const copy = JSON.parse(JSON.stringify(given)) as ModelDescription['options'];
    return isDeepStrictEqual(copy, given) ? copy : null;
  } catch {
    // BigInts, and objects that contain themselves.
    return null;
  }
}
