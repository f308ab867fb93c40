/**
 * The transforms of a list, made ready to run: which run on every item, and which may wait until a whole batch is together.
 *
 * The steps at the chain's end that are `elementwise` run once a batch; the one before them may make the batch tensor itself (`batch`).
 * The values are the same either way: this only saves work.
 */

import type { Tensor } from '../tensor/index.js';
import { needArray, needCount, needTensor, needText } from '../tensor/checks.js';
import { TenchError, describe, invalid } from '../tensor/errors.js';
import { collate, needNames } from './collate.js';
import {
  inOrder,
  stepOf,
  through,
  transformLabel,
  type AnyTransform,
  type StepInRow,
  type TransformContext,
  type Transforms,
} from './compose.js';
import { needPlacement, placed, type Placement } from './placement.js';
import { Generator } from './random.js';

/** What the draws of a transform hang on besides the item and the transform: the same pair gives the same draws. */
export interface Draw {
  readonly seed: number | bigint;
  readonly epoch: number;
}

/** The draw of one item. */
export interface ItemDraw extends Draw {
  /** How often the epoch has come to the item before; so an item that comes twice, as a WeightedSampler may have it, is drawn anew. Default 0. */
  readonly occurrence?: number | undefined;
}

/** Checks a draw, once for each item or batch. */
export function needDraw(draw: ItemDraw & { readonly signal?: AbortSignal | undefined }): Draw {
  const given = draw as Partial<Draw> | null | undefined;
  if (typeof given !== 'object' || given === null) throw invalid('draw', 'an object with seed and epoch', draw);
  const { seed, epoch } = given;
  if (!Number.isSafeInteger(seed) && typeof seed !== 'bigint')
    throw invalid('seed', 'a whole number or a bigint', seed);
  if (!Number.isSafeInteger(epoch)) throw invalid('epoch', 'a whole number', epoch);
  if (draw.occurrence !== undefined) needCount('occurrence', draw.occurrence);
  const { signal } = draw;
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid('signal', 'an AbortSignal', signal);
  return draw;
}

/** One item on its way through a chain. */
export interface ChainItem extends ItemDraw {
  readonly index: number;
  readonly name: string;
  /** Aborted when nobody waits for the item any more: the remaining steps are not taken then. */
  readonly signal?: AbortSignal | undefined;
}

/** First number of every stream of transforms; 0 is the shuffling of an epoch. */
const TRANSFORM_STREAM = 1;

export class Chain {
  readonly transforms: readonly AnyTransform[];
  /** How many transforms run on each item before a batch is made. */
  readonly perItem: number;
  /** The transform after those that makes the batch tensor; undefined where values are collated as they are. */
  readonly collates: AnyTransform | undefined;

  constructor(tfms: Transforms) {
    this.transforms = inOrder(tfms);
    let tail = this.transforms.length;
    while (tail > 0 && this.transforms[tail - 1]!.elementwise === true) tail -= 1;
    const before = this.transforms[tail - 1];
    this.collates = before?.batch === undefined ? undefined : before;
    this.perItem = this.collates === undefined ? tail : tail - 1;
  }

  /**
   * Runs a value through the first `count` transforms.
   *
   * @returns the result, or a promise of it as soon as one step returned a promise
   * @throws TenchError that names the item and the transform that failed
   */
  run(value: unknown, item: ChainItem, count = this.transforms.length): unknown {
    needItem(item);
    needCount('count', count);
    const steps = inRows(this.transforms.slice(0, count)).map(({ first, row }) => (x: unknown) => {
      item.signal?.throwIfAborted();
      const taken = row.map((transform, i) => stepInRow(transform, item, first + i));
      const [{ transform, context, named }] = taken as [StepInRow];
      if (taken.length > 1) return transform.together!(x, taken);
      return named(() => stepOf(transform)(x, context));
    });
    return through(value, steps);
  }

  /**
   * Makes one batch tensor of the values that the first `perItem` transforms gave.
   *
   * @param to where the batch goes before the elementwise steps run; it travels as bytes where the chain allows it
   */
  batch(values: readonly unknown[], names: readonly string[], to: Placement = {}): Tensor {
    needArray('values', values);
    needNames(names);
    const batch = this.collates === undefined ? collate(values, names) : this.collates.batch!(values as never[], names);
    return this.finish(batch, to);
  }

  /** The transforms that run once a batch. */
  get perBatch(): readonly AnyTransform[] {
    return this.transforms.slice(this.collates === undefined ? this.perItem : this.perItem + 1);
  }

  /** Takes a batch tensor to its place and runs the elementwise steps on it there, but for the first `done`. */
  finish(batch: Tensor, to: Placement = {}, done = 0): Tensor {
    needTensor('batch', batch);
    const { device, pinMemory } = needPlacement('to', to);
    needCount('done', done);
    let finished = device !== undefined && batch.device !== device ? placed(batch, to) : batch;
    for (const transform of this.perBatch.slice(done)) finished = stepOf(transform)(finished) as Tensor;
    return placed(finished, { pinMemory });
  }

  /** What the transform at a position is given besides its input. */
  context(item: ChainItem, position: number): TransformContext {
    needItem(item);
    return new ItemContext(item, needCount('position', position));
  }
}

function needItem(item: ChainItem): void {
  needDraw(item);
  needCount('index', item.index);
  needText('name', item.name);
}

/** Steps in rows: those side by side that are taken together, and every other by itself. */
function inRows(transforms: readonly AnyTransform[]): { first: number; row: AnyTransform[] }[] {
  const rows: { first: number; row: AnyTransform[] }[] = [];
  transforms.forEach((transform, position) => {
    const last = rows.at(-1)?.row;
    if (transform.together !== undefined && last?.[0]?.together === transform.together) last.push(transform);
    else rows.push({ first: position, row: [transform] });
  });
  return rows;
}

function stepInRow(transform: AnyTransform, item: ChainItem, position: number): StepInRow {
  return {
    transform,
    context: new ItemContext(item, position),
    named: <R>(work: () => R) => guard(work, item.name, () => transformLabel(transform)) as R,
  };
}

/** The context of one transform of one item; its generator is made only if it is asked for. */
class ItemContext {
  readonly index: number;
  readonly epoch: number;
  readonly path: string;
  readonly #item: ChainItem;
  readonly #position: number;
  #random: Generator | undefined;

  constructor(item: ChainItem, position: number) {
    this.index = item.index;
    this.epoch = item.epoch;
    this.path = item.name;
    this.#item = item;
    this.#position = position;
  }

  get random(): Generator {
    if (this.#random !== undefined) return this.#random;
    const { seed, epoch, index, occurrence = 0 } = this.#item;
    const stream = [TRANSFORM_STREAM, epoch, index, this.#position];
    // A longer path for repeats alone, so that who comes once is drawn by epoch and item and nothing else.
    if (occurrence > 0) stream.push(occurrence);
    return (this.#random = new Generator(seed, ...stream));
  }
}

/** Runs `step`, now or when its promise settles, and gives whatever it throws the item's name. */
export function guard(step: () => unknown, name: string, doing: () => string): unknown {
  try {
    const result = step();
    if (!(result instanceof Promise)) return result;
    return result.catch((cause: unknown) => {
      throw namedError(cause, name, doing());
    });
  } catch (cause) {
    throw namedError(cause, name, doing());
  }
}

/** What was thrown as an error that says of which item, and during what. */
export function namedError(cause: unknown, name: string, doing: string): Error {
  const message = cause instanceof Error ? cause.message : typeof cause === 'string' ? cause : describe(cause);
  if (cause instanceof TenchError && message.includes(name)) return cause;
  const code = cause instanceof TenchError ? cause.code : 'ERR_TENCH_ITEM';
  return new TenchError(`${name}: ${doing} failed: ${message}`, { code, cause });
}
