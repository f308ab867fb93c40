/** What the compiler checks of an optimizer: that every key its parts take is a default, a state or given in the options. */

import type { Tensor, TensorList } from '../tensor/index.js';
import type { Stat, Stepper } from './parts.js';

type Named<T> = { [Key in keyof T as string extends Key ? never : Key]: T[Key] };

/** Of a part that is typed only as a Stepper or Stat, nothing is known and nothing asked. */
type Known<T> = [T] extends [never] ? unknown : Named<T>;

/** The contexts of all steppers at once: what stands in a parameter's place is intersected, not united. */
type ContextOf<S> = [S] extends [(p: TensorList, context: infer Context) => void] ? Known<Context> : unknown;

/** Steppers that are typed only as such may take anything, so anything may be given. */
type Untyped<S> = [S] extends [(p: TensorList, context: infer Context) => void]
  ? [Context] extends [never]
    ? Readonly<Record<string, unknown>>
    : unknown
  : unknown;

/** What all stats take, at once. */
type HypersOf<T> = (
  T extends { update(p: TensorList, state: never, hypers: infer Own): void } ? (all: Known<Own>) => void : never
) extends (all: infer All) => void
  ? All
  : unknown;

type DefaultKey<Part> = Part extends { readonly defaults: infer Defaults } ? keyof Named<Defaults> : never;

type StateKey<T> = T extends { initState(p: TensorList): infer Own } ? keyof Named<Own> : never;

/** Stands in an error message where a stepper takes a state that no stat keeps. */
export interface NoStatProvides<Key> {
  readonly missing: Key;
}

type Required<Needs, Provided> = {
  [Key in Exclude<keyof Needs, Provided>]: Needs[Key] extends number ? number : NoStatProvides<Key>;
};

/** Keys that several stats keep: each stat's that one of another class keeps too. */
type KeptTwice<T, Other = T> = T extends unknown ? StateKey<T> & StateKey<Exclude<Other, T>> : never;

/** Keys that steppers take as a number and as a list, or as the one where a stat keeps the other. */
type OtherKind<Needs, T> = {
  [Key in keyof Needs]: Needs[Key] extends number & TensorList
    ? Key
    : T extends { initState(p: TensorList): infer Own }
      ? Key extends keyof Named<Own>
        ? Named<Own>[Key] extends Needs[Key]
          ? never
          : Key
        : never
      : never;
}[keyof Needs];

/** Stands in an error message where two parts mean different things by one key. */
export interface HasTwoMeanings<Key> {
  readonly ambiguous: Key;
}

type Clashing<Needs, T, Default> = {
  [Key in KeptTwice<T> | (StateKey<T> & Default) | OtherKind<Needs, T>]: HasTwoMeanings<Key>;
};

/**
 * The third argument of `new Optimizer`: stats, gradient steppers, and hyper-parameters for all groups. Those that a part takes and
 * nobody has a default for must be given, and none can be given where two parts mean different things by one key.
 */
export type OptimizerOptions<S extends Stepper, T extends Stat, G extends Stepper> = {
  /** What is remembered from step to step; updated in this order, before the steppers. */
  stats?: T | readonly T[];
  /** What changes the gradients before the stats see them, e.g. `l2Reg`. */
  gradSteppers?: G | readonly G[];
  /**
   * Buffers, e.g. `model.buffers()`, that a stepper averages as it does the weights, `emaStep` for one: `eval` puts in both averages. From the first
   * step on, with the hyper-parameters of the first group. Those that are no floating-point numbers, counts for one, stay as they are.
   */
  buffers?: Iterable<Tensor>;
} & Required<ContextOf<S> & ContextOf<G> & HypersOf<T>, DefaultKey<S | T | G> | StateKey<T>> &
  Partial<Record<DefaultKey<S | T | G>, number>> &
  Clashing<ContextOf<S> & ContextOf<G>, T, DefaultKey<S | T | G>> &
  Untyped<S>;
