/** LabeledData: items and their labels side by side, each processed, as the samples `[x, y]` of a data set. */

import { inspect } from 'node:util';
import type { Tensor } from '../tensor/index.js';
import { needArray, needFunction, needInstance, needOptions } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { CategoryProcessor } from './categoryProcessor.js';
import { guard, type Draw, type ItemDraw } from './chain.js';
import type { Transforms } from './compose.js';
import type { FailureHandler } from './failures.js';
import { FillMissingProcessor } from './fillMissing.js';
import { ItemList, needRequest, type BatchRequest, type Dataset, type ItemListJSON } from './itemList.js';
import type { Labeler } from './labelers.js';
import { NumberFieldsProcessor, PickProcessor } from './fields.js';
import type { Selection } from './listContainer.js';
import { MultiCategoryProcessor } from './multiCategoryProcessor.js';
import {
  deprocessFar,
  deprocessOne,
  processAll,
  processorList,
  type AnyProcessor,
  type ProcessorClass,
  type ProcessorJSON,
  type Processors,
} from './processors.js';
import { NumericalizeProcessor, TokenizeProcessor } from './text.js';

/** Options of {@link labelByFunc}. */
export interface LabelOptions {
  /** Processors of the items, in the order in which they run. */
  procX?: Processors;
  /** Processors of the labels, in the order in which they run. */
  procY?: Processors;
}

/** A {@link LabeledData} as plain data. */
export interface LabeledDataJSON {
  readonly kind: 'LabeledData';
  readonly x: ItemListJSON;
  readonly y: ItemListJSON;
  readonly procX: readonly ProcessorJSON[];
  readonly procY: readonly ProcessorJSON[];
}

/** A class of lists, to load one of them. */
export interface ListClass {
  readonly name: string;
  fromJSON(json: ItemListJSON, tfms?: Transforms): ItemList;
}

/** What plain data cannot hold: the code that goes with it. */
export interface ReviveOptions {
  /** The classes of the lists in the data, besides ItemList. */
  lists?: readonly ListClass[];
  /** The classes of the user's own processors in the data; the built-in ones are known. */
  processors?: readonly ProcessorClass[];
  /** The transforms of the items. */
  tfms?: Transforms;
}

const builtInProcessors: readonly ProcessorClass[] = [
  CategoryProcessor,
  FillMissingProcessor,
  MultiCategoryProcessor,
  NumberFieldsProcessor,
  NumericalizeProcessor,
  PickProcessor,
  TokenizeProcessor,
];

/** Items and their labels, each with its processors; a sample is `[x, y]`. */
export class LabeledData<X = unknown, Y = unknown> implements Dataset {
  readonly x: ItemList<unknown, X>;
  readonly y: ItemList<unknown, Y>;
  #procX: AnyProcessor[];
  #procY: AnyProcessor[];

  /**
   * @param x the items and @param y their labels, both as they were before processing
   * @param procX processors of the items; what they have not learned yet, they learn here
   * @param procY processors of the labels, likewise
   * @throws TenchError that names the item whose label a processor does not accept
   */
  constructor(x: ItemList<unknown, X>, y: ItemList<unknown, Y>, procX: Processors = null, procY: Processors = null) {
    needInstance('x', x, ItemList);
    needInstance('y', y, ItemList);
    if (x.length !== y.length) throw invalid('y', `${x.length} labels, one for each item`, `${y.length} labels`);
    this.#procX = processorList(procX);
    this.#procY = processorList(procY);
    const nameOf = (index: number): string => x.nameOf(index);
    this.x = processed(x, this.#procX, nameOf);
    this.y = processed(y, this.#procY, nameOf);
  }

  /** Labels a list with a function of its items. */
  static labelByFunc<T, O, Y>(
    list: ItemList<T, O>,
    labeler: Labeler<T, Y>,
    options: LabelOptions = {},
  ): LabeledData<O> {
    needInstance('list', list, ItemList);
    needFunction('labeler', labeler);
    needOptions('labelByFunc', options);
    const { procX, procY } = options;
    const labels = list.items.map(
      (item, index) =>
        guard(
          () => labeler(item, index),
          list.nameOf(index),
          () => 'labelling it',
        ) as Y,
    );
    return new LabeledData<O>(list, new ItemList<unknown>(labels, list.path), procX, procY);
  }

  get length(): number {
    return this.x.length;
  }

  get path(): string {
    return this.x.path;
  }

  get tfms(): Transforms {
    return this.x.tfms;
  }

  get procX(): readonly AnyProcessor[] {
    return this.#procX;
  }

  get procY(): readonly AnyProcessor[] {
    return this.#procY;
  }

  /** The vocabulary of the labels, or null if no processor of theirs has one. */
  get vocab(): readonly unknown[] | null {
    return vocabOf(this.#procY);
  }

  /** One sample `[x, y]`, opened and transformed, or an array of them for a range, a mask or a list of positions. */
  get(index: number, draw?: ItemDraw): Promise<[X, Y]>;
  get(index: Selection, draw?: ItemDraw): Promise<[X, Y][]>;
  async get(index: number | Selection, draw?: ItemDraw): Promise<[X, Y] | [X, Y][]> {
    if (typeof index === 'number') return [await this.x.get(index, draw), await this.y.get(index, draw)];
    const [xs, ys] = await Promise.all([this.x.get(index, draw), this.y.get(index, draw)]);
    return xs.map((x, position): [X, Y] => [x, ys[position] as Y]);
  }

  async getBatch(indices: readonly number[], request: BatchRequest): Promise<Tensor[]> {
    const { onFailure, ...plain } = needRequest(request);
    needArray('indices', indices);
    if (onFailure === undefined) {
      const [xs, ys] = await Promise.all([this.x.getBatch(indices, request), this.y.getBatch(indices, request)]);
      return [...xs, ...ys];
    }
    // Labels are of the items that there are in the end.
    const chosen: (number | undefined)[] = [...indices];
    const decided: FailureHandler = (failure) => (chosen[failure.place] = onFailure(failure));
    const xs = await this.x.getBatch(indices, { ...request, onFailure: decided });
    if (xs.length === 0) return [];
    const kept = chosen.filter((index) => index !== undefined);
    const occurrences = request.occurrences?.filter((_, place) => chosen[place] !== undefined);
    const ys = await this.y.getBatch(kept, { ...plain, occurrences });
    return [...xs, ...ys];
  }

  nameOf(index: number): string {
    return this.x.nameOf(index);
  }

  /** The item as it was before its processors. */
  objX(index: number): unknown;
  objX(index: Selection): unknown[];
  objX(index: number | Selection): unknown {
    return objectsOf(this.x, index, this.#procX);
  }

  /** The label as it was before its processors, e.g. a class name. */
  objY(index: number): unknown;
  objY(index: Selection): unknown[];
  objY(index: number | Selection): unknown {
    return objectsOf(this.y, index, this.#procY);
  }

  /**
   * One sample for people to look at: the item as a model gets it, transformed, but what processors made of it taken back as far as there is a
   * way (numbers of a text become its words), and the label as it was, e.g. a class name.
   */
  async show(index: number, draw?: Draw): Promise<{ x: unknown; y: unknown }> {
    const isAsProcessed = this.#procX.length > 0 && this.x.chain.transforms.length === 0;
    const x = isAsProcessed ? deprocessFar(this.x.at(index), this.#procX) : await this.x.get(index, draw);
    return { x, y: deprocessFar(this.y.at(index), this.#procY) };
  }

  /** How many items each label has: all labels of the vocabulary in its order, or else those that occur. Of several labels an item, each counts. */
  classCounts(): Map<unknown, number> {
    const counts = new Map<unknown, number>((this.vocab ?? []).map((label) => [label, 0]));
    for (const item of this.y.items) {
      const label = deprocessOne(item, this.#procY);
      for (const one of Array.isArray(label) ? label : [label]) counts.set(one, (counts.get(one) ?? 0) + 1);
    }
    return counts;
  }

  toJSON(): LabeledDataJSON {
    return {
      kind: 'LabeledData',
      x: this.x.toJSON(),
      y: this.y.toJSON(),
      procX: this.#procX.map((processor) => processor.toJSON()),
      procY: this.#procY.map((processor) => processor.toJSON()),
    };
  }

  /**
   * The data set that `toJSON` described: items and labels as they were, and processors that have learned what they had learned.
   *
   * @param like a data set whose processors this one shares, as valid shares those of train
   */
  static fromJSON(json: LabeledDataJSON, options: ReviveOptions = {}, like?: LabeledData): LabeledData {
    needJSON('LabeledData', json);
    needRevival('LabeledData.fromJSON', options);
    for (const part of ['procX', 'procY'] as const)
      for (const saved of needArray(`json.${part}`, json[part])) needJSON(null, saved);
    if (like !== undefined) needInstance('like', like, LabeledData);
    const data = new LabeledData(reviveList(json.x, options), reviveList(json.y, { ...options, tfms: null }));
    const { processors } = options;
    data.#procX = like === undefined ? reviveProcessors(json.procX, processors) : like.#procX;
    data.#procY = like === undefined ? reviveProcessors(json.procY, processors) : like.#procY;
    return data;
  }

  [inspect.custom](): string {
    return `LabeledData\nx: ${this.x[inspect.custom]()}\ny: ${this.y[inspect.custom]()}`;
  }
}

/** The vocabulary of the first processor that has one, or null. */
export function vocabOf(processors: readonly AnyProcessor[]): readonly unknown[] | null {
  const withVocab = processors.find(
    (processor): processor is AnyProcessor & { vocab: readonly unknown[] | null } => 'vocab' in processor,
  );
  return withVocab?.vocab ?? null;
}

/** Checks what `fromJSON` is given to revive data with. */
export function needRevival(where: string, options: ReviveOptions): void {
  needOptions(where, options);
  const { lists = [], processors = [] } = options;
  for (const [name, classes] of Object.entries({ lists, processors }))
    for (const one of needArray<readonly unknown[]>(name, classes))
      if (typeof one !== 'function' || typeof (one as Partial<ListClass>).fromJSON !== 'function')
        throw invalid(name, 'classes with `fromJSON`', one);
}

/** Checks that data is what a `toJSON` gave, and of this kind if one is named. */
export function needJSON<J extends { readonly kind: string }>(kind: string | null, json: J): J {
  needOptions('json', json);
  if (typeof json.kind !== 'string' || (kind !== null && json.kind !== kind))
    throw invalid('json.kind', kind === null ? 'the name of a class' : `'${kind}'`, json.kind);
  return json;
}

/** The list that `toJSON` described, as an instance of its class. */
export function reviveList(json: ItemListJSON, { lists = [], tfms = null }: ReviveOptions): ItemList {
  return needInstance('list', classOf<ListClass>(json, [ItemList, ...lists], 'lists').fromJSON(json, tfms), ItemList);
}

/** The processors that `toJSON` described; `own` are the classes that are not built in. */
export function reviveProcessors(saved: readonly ProcessorJSON[], own: readonly ProcessorClass[] = []): AnyProcessor[] {
  const classes = [...own, ...builtInProcessors];
  return processorList(saved.map((one) => classOf(one, classes, 'processors').fromJSON(one)));
}

/** The class that saved something, which must be one that the caller has named. */
function classOf<C extends { readonly name: string }>(
  json: { readonly kind: string },
  classes: readonly C[],
  option: string,
): C {
  const { kind } = needJSON(null, json);
  const found = classes.find((one) => one.name === kind);
  if (found === undefined)
    throw new TenchError(`the saved data has a ${kind}; pass the class as { ${option}: [${kind}] }`);
  return found;
}

function processed<O>(
  list: ItemList<unknown, O>,
  processors: readonly AnyProcessor[],
  nameOf: (index: number) => string,
): ItemList<unknown, O> {
  return processors.length === 0 ? list : list.new(processAll(list.items, processors, nameOf));
}

function objectsOf(list: ItemList, index: number | Selection, processors: readonly AnyProcessor[]): unknown {
  if (typeof index === 'number') return deprocessOne(list.at(index), processors);
  return list.at(index).map((item) => deprocessOne(item, processors));
}
