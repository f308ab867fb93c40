/**
 * A processor turns items into what a model can take, with what it learned from the first items it saw.
 *
 * Those first items are the training set's; valid and test are processed with the same state. Labels become numbers this way
 * (`CategoryProcessor`), texts become tokens and tokens numbers, gaps in tables get the training set's median.
 */

import { inspect } from 'node:util';
import { needArray, needFunction, needOptions, needText } from '../tensor/checks.js';
import { TenchError, describe, invalid } from '../tensor/errors.js';

/** A processor as plain data. */
export interface ProcessorJSON {
  readonly kind: string;
  readonly options: unknown;
  /** What was learned; null before the first use. */
  readonly state: unknown;
}

/** Names the item at a position, for messages. */
export type NameOf = (index: number) => string;

/**
 * The one protocol of all processors: `process` and `deprocess` for lists, `proc1` and `deproc1` for single items.
 *
 * A subclass writes `proc1`; `learn` if it has state S (plain data, so that it can be saved), which it then finds in `this.state`; `deproc1`
 * if the way back exists.
 *
 *     class Centre extends Processor<number, number, number> {
 *       protected override learn(items: readonly number[]) { return items.reduce((a, b) => a + b, 0) / items.length; }
 *       proc1(item: number) { return item - this.state; }
 *       override deproc1(item: number) { return item + this.state; }
 *     }
 */
export abstract class Processor<I = unknown, O = unknown, S = null> {
  /** What the constructor was given, as plain data: it is saved with the state. */
  readonly options: unknown;
  #learned: { readonly state: S } | undefined;

  constructor(options: unknown = {}) {
    this.options = options;
  }

  /** True once there is a state: after the first `process`, or after loading. */
  get isReady(): boolean {
    return this.#learned !== undefined;
  }

  /** What was learned. @throws TenchError before the first `process` */
  get state(): S {
    return this.requireReady().state;
  }

  /** Throws before the first `process`; for methods that need what was learned, but not the state itself. */
  protected requireReady(): { readonly state: S } {
    if (this.#learned !== undefined) return this.#learned;
    throw new TenchError(`${this.constructor.name} has not learned anything yet: process the training set first`, {
      code: 'ERR_TENCH_PROCESSOR',
    });
  }

  /** Makes the state from the first items. */
  protected learn(items: readonly I[]): S;
  protected learn(): S {
    return null as S;
  }

  /** Takes over a state: after learning and after loading. Override it to derive what only speeds things up, and call it from there. */
  protected remember(state: S): void {
    this.#learned = { state };
  }

  abstract proc1(item: I): O;

  /** The item that `proc1` made this from. */
  deproc1(item: O): I;
  deproc1(): I {
    throw new TenchError(`${this.constructor.name} has no way back`, { code: 'ERR_TENCH_PROCESSOR' });
  }

  /**
   * Processes a list; the first one ever is learned from.
   *
   * @param nameOf names an item in the message of what it throws
   */
  process(items: readonly I[], nameOf?: NameOf): O[] {
    needArray('items', items);
    if (nameOf !== undefined) needFunction('nameOf', nameOf);
    if (!this.isReady) this.remember(this.learn(items));
    return items.map((item, index) => {
      try {
        return this.proc1(item);
      } catch (cause) {
        if (nameOf === undefined || !(cause instanceof TenchError)) throw cause;
        throw new TenchError(`${textOf(nameOf(index))}: ${cause.message}`, { code: cause.code, cause });
      }
    });
  }

  deprocess(items: readonly O[]): I[] {
    this.requireReady();
    return needArray('items', items).map((item) => this.deproc1(item));
  }

  toJSON(): ProcessorJSON {
    return { kind: this.constructor.name, options: this.options, state: this.#learned?.state ?? null };
  }

  /** The processor that `toJSON` described, as an instance of the class that this is called on. */
  static fromJSON<P>(this: new (options: never) => P, json: ProcessorJSON): P {
    needOptions(`${this.name}.fromJSON: json`, json);
    needText('json.kind', json.kind);
    const processor = new this(json.options as never) as Processor<unknown, unknown, unknown>;
    if (json.state !== null) processor.remember(json.state);
    return processor as P;
  }

  [inspect.custom](): string {
    return `${this.constructor.name} (${this.isReady ? this.summary() : 'nothing learned yet'})`;
  }

  /** What `inspect` shows of the state. */
  protected summary(): string {
    return 'ready';
  }
}

/** A processor of whatever items: what a list of mixed processors holds. */
export interface AnyProcessor {
  readonly isReady: boolean;
  process(items: readonly never[], nameOf?: NameOf): unknown[];
  deprocess(items: readonly never[]): unknown[];
  proc1(item: never): unknown;
  deproc1(item: never): unknown;
  toJSON(): ProcessorJSON;
}

/** One processor, several that run one after another, or none. */
export type Processors = AnyProcessor | readonly AnyProcessor[] | null | undefined;

/** A class of processors, to load one of them. */
export interface ProcessorClass {
  readonly name: string;
  fromJSON(json: ProcessorJSON): AnyProcessor;
}

export function processorList(processors: Processors): AnyProcessor[] {
  const list =
    processors === null || processors === undefined
      ? []
      : Array.isArray(processors)
        ? [...(processors as readonly AnyProcessor[])]
        : [processors as AnyProcessor];
  for (const one of list) {
    if (!(one instanceof Processor)) throw invalid('processor', 'an instance of a subclass of Processor', one);
  }
  return list;
}

/** Runs a list through processors, one after another. */
export function processAll(items: readonly unknown[], processors: readonly AnyProcessor[], nameOf?: NameOf): unknown[] {
  return processors.reduce<unknown[]>(
    (current, processor) => processor.process(current as never[], nameOf),
    [...items],
  );
}

function textOf(name: unknown): string {
  return typeof name === 'string' ? name : describe(name);
}

/** The way back for one item, as far as there is one: tokens stay tokens where nobody knows how to join them. */
export function deprocessFar(item: unknown, processors: readonly AnyProcessor[]): unknown {
  let shown = item;
  for (const processor of [...processors].reverse()) {
    try {
      shown = processor.deproc1(shown as never);
    } catch (cause) {
      if (cause instanceof TenchError && cause.code === 'ERR_TENCH_PROCESSOR') return shown;
      throw cause;
    }
  }
  return shown;
}

/** The way back through processors, for one item. */
export function deprocessOne(item: unknown, processors: readonly AnyProcessor[]): unknown {
  return [...processors].reverse().reduce<unknown>((current, processor) => processor.deproc1(current as never), item);
}
