/**
 * A chain of transforms, each fed with what the one before returned.
 *
 * A transform is a plain function, or an object with an `apply`. Either may also carry a few facts about itself (see
 * {@link TransformTraits}); a user's own transform and the built-in ones are the same thing.
 */

import type { Tensor } from '../tensor/index.js';
import { needFlag, needFunction } from '../tensor/checks.js';
import { describe, invalid } from '../tensor/errors.js';
import type { Generator } from './random.js';

/** What a transform may know besides its input. */
export interface TransformContext {
  /** The transform's own random numbers for this item in this epoch. */
  readonly random: Generator;
  /** The item's position in its list. */
  readonly index: number;
  readonly epoch: number;
  /** The item's name for messages: a path where it has one. */
  readonly path?: string;
}

/** A transform as plain data: its name and its settings. */
export interface TransformDescription {
  readonly name: string;
  readonly [setting: string]: unknown;
}

/** What a transform may say about itself. */
export interface TransformTraits<I = never> {
  /** Where it stands in a chain: smaller numbers run first, equal ones as they were given. Default 0. */
  order?: number;
  /** The transform as plain data, for printing, comparing and saving. */
  describe?(): TransformDescription;
  /**
   * True if it does the same to every number of a tensor, whatever its place: then the loader may run it once on a whole batch (and on the
   * batch's device) instead of once an item. Such a transform must not use its context.
   */
  elementwise?: boolean;
  /**
   * Makes one batch tensor of many items: equal to stacking what the transform makes of each, only quicker.
   * `names` are the items' names for messages.
   */
  batch?(items: I[], names: readonly string[]): Tensor;
  /** Takes steps in a row at once that all carry this very function: equal to taking one after the other, only quicker. */
  together?: TakeTogether | undefined;
}

/** See {@link TransformTraits}. What fails must fail within `named` of its step. */
export type TakeTogether = (x: unknown, steps: readonly StepInRow[]) => unknown;

/** One of several steps that are taken at once. */
export interface StepInRow {
  readonly transform: AnyTransform;
  readonly context: TransformContext;
  /** Does something for the step: what it throws, now or later, names the item and the transform. */
  readonly named: <R>(work: () => R) => R;
}

export interface TransformFunction<I, O> extends TransformTraits<I> {
  (x: I, context: TransformContext): O | Promise<O>;
}

export interface TransformObject<I, O> extends TransformTraits<I> {
  apply(x: I, context: TransformContext): O | Promise<O>;
}

/** A step from I to O that users write: a function, or an object with an `apply`. */
export type Transform<I, O> = TransformFunction<I, O> | TransformObject<I, O>;

/** A transform of whatever comes: what a list of mixed transforms holds. */
export type AnyTransform = Transform<never, unknown>;

/** One transform, several, or none. */
export type Transforms = AnyTransform | readonly (AnyTransform | null | undefined)[] | null | undefined;

type Step = (x: unknown, ...args: unknown[]) => unknown;

/** The transforms as a list in the order in which they run. */
export function inOrder(transforms: Transforms): AnyTransform[] {
  const given =
    transforms === null || transforms === undefined ? [] : Array.isArray(transforms) ? transforms : [transforms];
  const chain = (given as readonly (AnyTransform | null | undefined)[]).filter(
    (one) => one !== null && one !== undefined,
  );
  for (const one of chain) {
    needTransform('tfms', one);
  }
  // Array.prototype.sort is stable since ES2019.
  return [...chain].sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
}

/** Also what a transform says about itself must be what its type says. */
function needTransform(argument: string, one: AnyTransform): void {
  if (!isTransform(one)) throw invalid(argument, 'functions, or objects with a method `apply`', one);
  const traits = one as { readonly [trait in keyof TransformTraits]: unknown };
  const { order, elementwise } = traits;
  if (order !== undefined && (typeof order !== 'number' || Number.isNaN(order)))
    throw invalid(`${argument}: order`, 'a number', order);
  if (elementwise !== undefined) needFlag(`${argument}: elementwise`, elementwise);
  for (const method of ['describe', 'batch'] as const)
    if (traits[method] !== undefined) needFunction(`${argument}: ${method}`, traits[method]);
}

function isTransform(value: unknown): value is AnyTransform {
  if (typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && typeof (value as { apply?: unknown }).apply === 'function';
}

/** The transform as a function. A function has an `apply` of its own (`Function.prototype.apply`), so the type decides. */
export function stepOf(transform: AnyTransform): Step {
  if (typeof transform === 'function') return transform as Step;
  return (x, ...args) => (transform as { apply: Step }).apply(x, ...args);
}

/**
 * Runs `x` through functions or transforms, sorted by their `order` (stable; no order counts as 0).
 *
 *     compose(3, [(x: number) => x + 1, (x: number) => x * 2]);   // 8
 *
 * @param fns one transform, a list of them (null and undefined are left out), or null for none
 * @param args handed to each function after `x`
 * @returns the last result, or a promise of it from the first function on that returned a promise
 */
export function compose<O = unknown>(x: unknown, fns: Transforms, ...args: unknown[]): O | Promise<O> {
  return through(
    x,
    inOrder(fns).map((transform) => (value) => stepOf(transform)(value, ...args)),
  ) as O | Promise<O>;
}

/** Runs `x` through steps, awaiting only where a step returned a promise. */
export function through(x: unknown, steps: readonly ((x: unknown) => unknown)[], from = 0): unknown {
  let value = x;
  for (let i = from; i < steps.length; i++) {
    if (value instanceof Promise) {
      const rest = i;
      return value.then((awaited) => through(awaited, steps, rest));
    }
    value = steps[i]!(value);
  }
  return value;
}

/** A transform in one short line: its description where it has one, else its name. */
export function transformLabel(transform: AnyTransform): string {
  needTransform('transform', transform);
  const described: unknown = transform.describe?.();
  if (typeof described === 'object' && described !== null) return descriptionLabel(described as TransformDescription);
  if (typeof transform === 'function') return textOf(transform.name) || '(a function)';
  return textOf((transform.constructor as { name?: unknown } | undefined)?.name);
}

/** A description in one short line. */
export function descriptionLabel({ name, ...settings }: TransformDescription): string {
  const shown = Object.entries(settings).map(([key, value]) => `${key}: ${settingText(value)}`);
  return shown.length === 0 ? textOf(name) : `${textOf(name)}(${shown.join(', ')})`;
}

/** What JSON cannot hold is named instead. */
function settingText(value: unknown): string {
  try {
    return textOf(JSON.stringify(value));
  } catch {
    return describe(value);
  }
}

function textOf(name: unknown): string {
  return typeof name === 'string' ? name : describe(name);
}
