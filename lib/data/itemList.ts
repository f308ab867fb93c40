/** An ItemList holds what items are (paths, texts, rows), opens them when they are asked for, and transforms them on every get. */

import { inspect } from 'node:util';
import type { Tensor } from '../tensor/index.js';
import { needArray, needCount, needFunction, needOptions, needText } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { Budget } from './budget.js';
import { Chain, guard, needDraw, type Draw, type ItemDraw } from './chain.js';
import { transformLabel, type Transforms } from './compose.js';
import { gather, type FailureHandler } from './failures.js';
import { ListContainer, type Selection } from './listContainer.js';
import { needPlacement, type Placement } from './placement.js';
import { needPositions } from './random.js';
import { revivedItem, savedItem } from './savedItems.js';

/** Enough for hundreds of small photographs at once; with copies that wait for the collector it may become twice as much. */
const BYTES_UNDER_WAY = 64 * 2 ** 20;

/** What a data set needs to know to make a batch. */
export interface BatchRequest extends Draw, Placement {
  /** Aborted when nobody waits for the batch any more. */
  readonly signal?: AbortSignal;
  /** Asked about every item that cannot be had, with its place in the batch; without it the first failure is thrown. */
  readonly onFailure?: FailureHandler | undefined;
  /** How many threads may work on it at a time where native code does; 0: the calling one; default: as many as there are cores. */
  readonly threads?: number | undefined;
  /** For each place of the batch, how often the epoch has come to the item before; default: never. What replaces an item has its number. */
  readonly occurrences?: readonly number[] | undefined;
}

/** Checks what a batch is asked for with. */
export function needRequest(request: BatchRequest): BatchRequest {
  needDraw(request);
  needPlacement('request', request);
  if (request.onFailure !== undefined) needFunction('onFailure', request.onFailure);
  if (request.threads !== undefined) needCount('threads', request.threads);
  if (request.occurrences !== undefined)
    for (const one of needArray('occurrences', request.occurrences)) needCount('occurrences', one);
  return request;
}

/** What every data set has: a length, and samples by position. A plain object with both will do. */
export interface Dataset {
  readonly length: number;
  /** One sample (an array of its parts, such as `[x, y]`, or its only part), or a promise of it. */
  get(index: number, draw: ItemDraw): unknown;
  /** The name of an item for messages. */
  nameOf?(index: number): string;
  /** One sample for people to look at. Where it is missing, a sample's first part is shown as x and its second as y. */
  show?(index: number, draw: Draw): Promise<{ x: unknown; y: unknown }>;
  /**
   * A whole batch at once, one new tensor for each part, which the loader disposes of if nobody takes it; none where no item could be had. Where it is missing, the loader collates samples. This is
   * where a data set may be quicker than item after item.
   */
  getBatch?(indices: readonly number[], request: BatchRequest): Promise<Tensor[]>;
}

/** Anything with a length and a `get`, which may be the user's own. */
export function needDataset<D extends Dataset | undefined>(argument: string, dataset: D): D {
  const given = dataset as Partial<Dataset> | null | undefined;
  if (!Number.isInteger(given?.length) || typeof given?.get !== 'function')
    throw invalid(argument, 'a data set with `length` and `get`', dataset);
  needPositions(`${argument}.length`, given.length!);
  for (const method of ['nameOf', 'getBatch'] as const)
    if (given[method] !== undefined && typeof given[method] !== 'function')
      throw invalid(`${argument}.${method}`, 'a function', given[method]);
  return dataset;
}

/** A class of lists, as `list.new(items, cls)` takes it. */
export type ItemListClass<T, O, L extends ItemList<T, O> = ItemList<T, O>> = new (
  items: Iterable<T>,
  path?: string,
  tfms?: Transforms,
) => L;

/** An ItemList as plain data; transforms are code and stay out. Typed arrays are kept as their bytes. */
export interface ItemListJSON {
  readonly kind: string;
  readonly path: string;
  readonly items: unknown[];
  /** What the class's constructor takes besides; only where it takes more. */
  readonly settings?: unknown[];
}

/**
 * A list of items of type T whose `get` gives them opened and transformed, as O.
 *
 * Subclasses override {@link open}. Transforms run in their order, on every get; nothing is kept.
 */
export class ItemList<T = unknown, O = T> extends ListContainer<T> implements Dataset {
  readonly path: string;
  readonly tfms: Transforms;
  readonly chain: Chain;
  readonly #budget = new Budget(BYTES_UNDER_WAY);
  #gets = 0;

  /**
   * @param items what `open` knows how to open
   * @param path where the items came from
   * @param tfms one transform, a list of them, or null
   */
  constructor(items: Iterable<T> | T, path = '.', tfms: Transforms = null) {
    super(items);
    this.path = needText('path', path);
    this.tfms = tfms;
    this.chain = new Chain(tfms);
  }

  /** Turns an item into what the first transform gets. Here: the item itself. May return a promise. */
  open(item: T): unknown {
    return item;
  }

  /** A list of other items with the same path and transforms, of the same class or of `cls`. */
  new(items: Iterable<T>): this;
  new<U, P, L extends ItemList<U, P>>(items: Iterable<U>, cls: ItemListClass<U, P, L>): L;
  new(items: Iterable<unknown>, cls: unknown = this.constructor): unknown {
    if (typeof cls !== 'function' || (cls !== ItemList && !(cls.prototype instanceof ItemList)))
      throw invalid('cls', 'a class of lists that extends ItemList', cls);
    const more = cls === this.constructor ? this.settings() : [];
    return new (cls as new (...args: unknown[]) => unknown)(items, this.path, this.tfms, ...more);
  }

  /** What a subclass's constructor takes after items, path and transforms, so that `new` makes lists like this one. */
  protected settings(): unknown[] {
    return [];
  }

  /** Those of the `settings` that are plain data, and so are saved with the list. */
  protected savedSettings(): unknown[] {
    return [];
  }

  /**
   * One item opened and transformed (negative positions count from the end), or an array of them for a range, a mask or a list of positions.
   *
   * @param draw seed and epoch of the transforms' random numbers; without it each call is a new epoch of seed 0
   */
  get(index: number, draw?: ItemDraw): Promise<O>;
  get(index: Selection, draw?: ItemDraw): Promise<O[]>;
  async get(index: number | Selection, draw: ItemDraw = { seed: 0, epoch: this.#gets++ }): Promise<O | O[]> {
    needDraw(draw);
    if (typeof index === 'number')
      return (await this.#transformed(this.position(index), draw, this.chain.transforms.length)) as O;
    return (await inTurn(
      this.positions(index).map((one) => this.#transformed(one, draw, this.chain.transforms.length)),
    )) as O[];
  }

  /** The items at `indices` in one tensor; see {@link Dataset.getBatch}. */
  async getBatch(indices: readonly number[], request: BatchRequest): Promise<Tensor[]> {
    needRequest(request);
    needArray('indices', indices);
    const { onFailure, signal } = request;
    if (onFailure !== undefined) {
      const get = (index: number, place: number): unknown => this.#withinBudget(this.position(index), place, request);
      const nameOf = (index: number): string => this.nameOf(this.position(index));
      const { values, kept } = await gather(indices, get, { onFailure, nameOf, signal });
      return kept.length === 0 ? [] : [this.chain.batch(values, kept.map(nameOf), request)];
    }
    const values = indices.map((index, place) => this.#withinBudget(this.position(index), place, request));
    const ready = values.some((value) => value instanceof Promise) ? await inTurn(values) : values;
    return [
      this.chain.batch(
        ready,
        indices.map((index) => this.nameOf(index)),
        request,
      ),
    ];
  }

  /** What to call an item in a message: a text is its own name, anything else goes by position. */
  nameOf(index: number): string {
    if (!Number.isInteger(index)) throw invalid('index', 'a whole number', index);
    const item = this.items[index];
    return typeof item === 'string' && item.length <= 400 ? item : `item ${index} of ${this.path}`;
  }

  /**
   * About how many bytes the item holds between being opened and being transformed; 0 (the default) for next to nothing. Of what is heavier,
   * a batch has only so much under way at once.
   */
  protected weigh(_item: T): number {
    return 0;
  }

  #withinBudget(index: number, place: number, { seed, epoch, occurrences, signal }: BatchRequest): unknown {
    const bytes = this.weigh(this.items[index]!);
    const draw = { seed, epoch, occurrence: occurrences?.[place] };
    if (bytes === 0) return this.#transformed(index, draw, this.chain.perItem, signal);
    return this.#budget.run(bytes, () => {
      signal?.throwIfAborted();
      return this.#transformed(index, draw, this.chain.perItem, signal);
    });
  }

  /** The item after the first `count` transforms, or a promise of it; what fails is a rejected promise, never thrown. */
  #transformed(index: number, { seed, epoch, occurrence }: ItemDraw, count: number, signal?: AbortSignal): unknown {
    const item = { seed, epoch, occurrence, index, name: this.nameOf(index), signal };
    try {
      const opened = guard(
        () => this.open(this.items[index]!),
        item.name,
        () => 'opening it',
      );
      if (opened instanceof Promise) return opened.then((value) => this.chain.run(value, item, count));
      return this.chain.run(opened, item, count);
    } catch (cause) {
      return Promise.reject(cause instanceof Error ? cause : new Error(String(cause)));
    }
  }

  toJSON(): ItemListJSON {
    const settings = this.savedSettings();
    const saved = { kind: this.constructor.name, path: this.path, items: this.items.map(savedItem) };
    return settings.length === 0 ? saved : { ...saved, settings };
  }

  /** The list that `toJSON` described, as an instance of the class that this is called on. */
  static fromJSON<L>(
    this: new (items: Iterable<never>, path?: string, tfms?: Transforms, ...settings: never[]) => L,
    json: ItemListJSON,
    tfms: Transforms = null,
  ): L {
    needOptions(`${this.name}.fromJSON: json`, json);
    needText('json.kind', json.kind);
    needArray('json.items', json.items);
    const settings = needArray('json.settings', json.settings ?? []);
    return new this(json.items.map(revivedItem) as never[], json.path, tfms, ...(settings as never[]));
  }

  override [inspect.custom](): string {
    const lines = [super[inspect.custom](), `Path: ${this.path}`];
    if (this.chain.transforms.length > 0)
      lines.push(`Transforms: ${this.chain.transforms.map(transformLabel).join(', ')}`);
    return lines.join('\n');
  }
}

/** Awaits all of them. Of several failures the first by position is thrown, so that a run fails the same way every time. */
export async function inTurn(values: readonly unknown[]): Promise<unknown[]> {
  try {
    return await Promise.all(values);
  } catch (first) {
    const settled = await Promise.allSettled(values);
    throw settled.find((result) => result.status === 'rejected')?.reason ?? first;
  }
}
