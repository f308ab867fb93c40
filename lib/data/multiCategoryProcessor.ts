/** Several labels an item: each becomes a row of zeros with a one for every label that the item has. */

import { needArray, needNumber } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { CategoryProcessor, type CategoryOptions, type CategoryState, type Label } from './categoryProcessor.js';
import { Processor } from './processors.js';

/**
 * Turns lists of labels into rows of 0 and 1 (float32, as `binaryCrossEntropyWithLogits` wants its targets), one column for each label in the
 * order in which the training set first shows them.
 *
 *     const tags = new MultiCategoryProcessor();
 *     tags.process([['sea', 'sun'], ['sun'], []]);   // [1, 1], [0, 1], [0, 0]
 *     tags.deproc1([0.2, 0.9]);                       // ['sun']
 *
 * Options and errors are those of {@link CategoryProcessor}; `minCount` counts the items that have a label.
 */
export class MultiCategoryProcessor<L extends Label = string> extends Processor<
  readonly L[],
  Float32Array,
  CategoryState<L>
> {
  #category: CategoryProcessor<L>;

  constructor(options: CategoryOptions<NoInfer<L>> = {}) {
    super(options);
    this.#category = new CategoryProcessor<L>(options);
    if (this.#category.isReady) super.remember(this.#category.state);
  }

  /** The labels by column, or null before the first use. */
  get vocab(): readonly L[] | null {
    return this.#category.vocab;
  }

  protected override learn(items: readonly (readonly L[])[]): CategoryState<L> {
    this.#category.process(items.flatMap((labels) => [...different(labels)]));
    return this.#category.state;
  }

  protected override remember(state: CategoryState<L>): void {
    super.remember(state);
    this.#category = CategoryProcessor.fromJSON<CategoryProcessor<L>>({
      kind: 'CategoryProcessor',
      options: this.options,
      state,
    });
  }

  proc1(labels: readonly L[]): Float32Array {
    const row = new Float32Array(this.state.vocab.length);
    for (const label of different(labels)) row[this.#category.proc1(label)] = 1;
    return row;
  }

  /** The labels whose numbers are at least a half: so that probabilities can be read, too. */
  override deproc1(row: ArrayLike<number>): L[] {
    const { vocab } = this.state;
    const isRow: boolean = Array.isArray(row) || ArrayBuffer.isView(row);
    if (!isRow || row.length !== vocab.length) throw invalid('row', `${vocab.length} numbers, one for each label`, row);
    return vocab.filter((_, column) => needNumber('row', row[column]!) >= 0.5);
  }

  protected override summary(): string {
    const { vocab } = this.state;
    return `${vocab.length} labels: ${vocab.slice(0, 10).join(', ')}${vocab.length > 10 ? ', ...' : ''}`;
  }
}

function different<L>(labels: readonly L[]): ReadonlySet<L> {
  return new Set(needArray('labels', labels, 'an array of labels'));
}
