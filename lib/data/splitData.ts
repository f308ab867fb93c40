/** SplitData: one data set to train on, one to validate on, and perhaps one to test on. */

import { inspect } from 'node:util';
import { needArray, needFlag, needInstance, needOptions } from '../tensor/checks.js';
import { TenchError, describe } from '../tensor/errors.js';
import { databunchify, type DataBunch, type DataBunchOptions } from './dataBunch.js';
import type { Transforms } from './compose.js';
import { ItemList, needDataset, type Dataset, type ItemListJSON } from './itemList.js';
import {
  LabeledData,
  needJSON,
  needRevival,
  reviveList,
  type LabelOptions,
  type LabeledDataJSON,
  type ReviveOptions,
} from './labeledData.js';
import type { Labeler } from './labelers.js';
import { itemCount } from './listContainer.js';
import { processAll, processorList, type AnyProcessor } from './processors.js';
import { splitByFunc, type Splitter } from './splitters.js';

/** A {@link SplitData} as plain data. */
export interface SplitDataJSON {
  readonly kind: 'SplitData';
  readonly train: ItemListJSON | LabeledDataJSON;
  readonly valid: ItemListJSON | LabeledDataJSON;
  readonly test: ItemListJSON | LabeledDataJSON | null;
  readonly leftOut: readonly unknown[];
}

/** Data sets that can be split, labelled and saved. */
type Part = ItemList | LabeledData;

/** Two data sets that a splitter made of one list, or labelled ones; perhaps with a third to test on. */
export class SplitData<D extends Dataset = Part> {
  readonly train: D;
  readonly valid: D;
  readonly test: Dataset | undefined;
  /** Items that the splitter put into neither set. */
  readonly leftOut: readonly unknown[];

  constructor(train: D, valid: D, options: { test?: Dataset | undefined; leftOut?: readonly unknown[] } = {}) {
    needOptions('SplitData', options);
    const { test, leftOut = [] } = options;
    this.train = needDataset('train', train);
    this.valid = needDataset('valid', valid);
    this.test = test === undefined ? test : needDataset('test', test);
    this.leftOut = needArray('leftOut', leftOut);
  }

  /**
   * Splits a list by a function of its items that returns true for valid, false for train and null for neither.
   *
   * Both parts are lists of the same class with the same path and transforms. How many items fell into neither is printed with the result and
   * stands in `leftOut`.
   */
  static splitByFunc<T, O, L extends ItemList<T, O>>(list: L & ItemList<T, O>, splitter: Splitter<T>): SplitData<L> {
    needInstance('list', list, ItemList);
    const { train, valid, leftOut } = splitByFunc(list.items, splitter);
    return new SplitData(list.new(train), list.new(valid), { leftOut });
  }

  /** The same split with a test set, which is neither trained nor validated on. */
  withTest(test: Dataset): SplitData<D> {
    return new SplitData(this.train, this.valid, { test: needDataset('test', test), leftOut: this.leftOut });
  }

  // What the training set knows, the split knows: written out, so that nothing else is passed on by accident.

  /** The path of the training set. */
  get path(): string | undefined {
    return (this.train as Partial<Part>).path;
  }

  /** The transforms of the training set. */
  get tfms(): Transforms {
    return (this.train as Partial<Part>).tfms;
  }

  /** The processors of the training set's items. */
  get procX(): readonly AnyProcessor[] {
    return (this.train as Partial<LabeledData>).procX ?? [];
  }

  /** The processors of the training set's labels. */
  get procY(): readonly AnyProcessor[] {
    return (this.train as Partial<LabeledData>).procY ?? [];
  }

  /** The labels by number, or null without a processor that numbers them. */
  get vocab(): readonly unknown[] | null {
    return (this.train as Partial<LabeledData>).vocab ?? null;
  }

  /**
   * Loaders for the sets: train shuffled, valid and test in order and with twice the batch size, since they need no gradients.
   *
   * @param batchSize items a batch in training; the last batch holds what is left
   * @throws TenchError if there is nothing to train on, or valid is empty because the splitter left items out
   */
  toDatabunch(batchSize: number, options: DataBunchOptions = {}): DataBunch {
    needOptions('toDatabunch', options);
    if (this.train.length === 0) throw new TenchError(`the training set is empty${this.#whyEmpty()}`);
    if (this.valid.length === 0 && this.leftOut.length > 0)
      throw new TenchError(`the validation set is empty${this.#whyEmpty()}`);
    return databunchify(this.train, this.valid, this.test, batchSize, {
      ...options,
      cOut: options.cOut ?? this.vocab?.length,
    });
  }

  #whyEmpty(): string {
    if (this.leftOut.length === 0) return '';
    const [first] = this.leftOut;
    return `: the splitter left out ${itemCount(this.leftOut.length)}, such as ${typeof first === 'string' ? first : describe(first)}; check the names it looks for`;
  }

  toJSON(): SplitDataJSON {
    const json = (part: Dataset): ItemListJSON | LabeledDataJSON => {
      if (part instanceof ItemList || part instanceof LabeledData) return part.toJSON();
      throw new TenchError(`${describe(part)} cannot be saved; an ItemList and a LabeledData can`);
    };
    const test = this.test === undefined ? null : json(this.test);
    return { kind: 'SplitData', train: json(this.train), valid: json(this.valid), test, leftOut: this.leftOut };
  }

  /** The split that `toJSON` described, also after a way through text. All sets share the processors of train. */
  static fromJSON(json: SplitDataJSON, options: ReviveOptions = {}): SplitData {
    needJSON('SplitData', json);
    needRevival('SplitData.fromJSON', options);
    const revive = (part: ItemListJSON | LabeledDataJSON, like?: Part): Part => {
      if (!isLabeled(part)) return reviveList(part, options);
      return LabeledData.fromJSON(part, options, like instanceof LabeledData ? like : undefined);
    };
    const train = revive(json.train);
    const test = json.test === null ? undefined : revive(json.test, train);
    return new SplitData<Part>(train, revive(json.valid, train), { test, leftOut: json.leftOut });
  }

  [inspect.custom](): string {
    const parts: [string, Dataset | undefined][] = [
      ['Train', this.train],
      ['Valid', this.valid],
      ['Test', this.test],
    ];
    const lines = parts.filter(([, part]) => part !== undefined).map(([name, part]) => `${name}: ${inspect(part)}`);
    if (this.leftOut.length > 0) lines.push(`Left out: ${itemCount(this.leftOut.length)} in neither set`);
    return ['SplitData', ...lines.map((line) => indent(line))].join('\n');
  }
}

/**
 * Labels every set of a split with a function of the items; the processors learn from train alone.
 *
 * @param options `procX`, `procY`: processors; `testLabels`: also label the test set, which otherwise keeps items only. Default false
 * @throws TenchError that names item, label and vocabulary for a label that training lacks (see CategoryProcessor for other ways)
 */
export function labelByFunc<T, O, Y>(
  split: SplitData<ItemList<T, O>>,
  labeler: Labeler<T, Y>,
  options: LabelOptions & { testLabels?: boolean } = {},
): SplitData<LabeledData<O>> {
  needInstance('split', split, SplitData);
  needOptions('labelByFunc', options);
  const { testLabels = false, procX, procY } = options;
  needFlag('testLabels', testLabels);
  const label = (list: ItemList<T, O>): LabeledData<O> => LabeledData.labelByFunc(list, labeler, { procX, procY });
  const train = label(split.train);
  const valid = label(split.valid);
  const { leftOut } = split;
  if (!(split.test instanceof ItemList)) return new SplitData(train, valid, { test: split.test, leftOut });
  const list = split.test as ItemList<T, O>;
  const test = testLabels
    ? label(list)
    : list.new(processAll(list.items, processorList(procX), (index) => list.nameOf(index)) as T[]);
  return new SplitData(train, valid, { test, leftOut });
}

function isLabeled(json: ItemListJSON | LabeledDataJSON): json is LabeledDataJSON {
  return needJSON(null, json).kind === 'LabeledData';
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
