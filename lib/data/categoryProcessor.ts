/** Labels as numbers: the vocabulary is made of the training set's labels, and every other set is numbered by it. */

import { needArray, needCount, needOptions } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { Processor } from './processors.js';

/** What may be a class: a value that compares by itself and survives JSON. */
export type Label = string | number | boolean;

/** The usual name of the class that stands for all labels without one of their own. */
export const UNKNOWN_LABEL = '#na#';

/** Options of {@link CategoryProcessor}. */
export interface CategoryOptions<L extends Label = string> {
  /** A class for labels that the vocabulary lacks; it comes first. Without it such a label is an error. */
  unknown?: L;
  /** Labels seen less often than this in training belong to the unknown class (`#na#` if no other is named). Default 1. */
  minCount?: number;
  /** The labels in their order, if they are not to be learned. */
  vocab?: readonly L[];
}

/** What a {@link CategoryProcessor} has learned: the labels in the order of their numbers. */
export interface CategoryState<L extends Label = string> {
  readonly vocab: readonly L[];
}

/** A label that no training item had, with the vocabulary that it is missing from. */
export class UnseenLabelError extends TenchError {
  readonly label: Label;
  readonly vocab: readonly Label[];

  constructor(label: Label, vocab: readonly Label[]) {
    const shown = vocab.slice(0, 10).map((one) => JSON.stringify(one));
    super(
      `the label ${JSON.stringify(label)} is not in the vocabulary of ${vocab.length} (${shown.join(', ')}${vocab.length > 10 ? ', ...' : ''}) ` +
        `that was made of the training set; pass { unknown: '${UNKNOWN_LABEL}' } to CategoryProcessor to give such labels a class of their own`,
      { code: 'ERR_TENCH_LABEL' },
    );
    this.label = label;
    this.vocab = vocab;
  }
}

/**
 * Numbers labels from 0 on, in the order in which the training set first shows them.
 *
 *     const category = new CategoryProcessor();
 *     category.process(['tench', 'church', 'tench']);   // [0, 1, 0]
 *     category.deprocess([1, 0]);                        // ['church', 'tench']
 */
export class CategoryProcessor<L extends Label = string> extends Processor<L, number, CategoryState<L>> {
  readonly unknown: L | undefined;
  readonly minCount: number;
  readonly #numberOf = new Map<L, number>();

  constructor(options: CategoryOptions<NoInfer<L>> = {}) {
    super(options);
    needOptions('CategoryProcessor', options);
    const { minCount = 1, unknown, vocab } = options;
    this.minCount = needCount('minCount', minCount, 1);
    if (unknown !== undefined) needLabel('unknown', unknown);
    this.unknown = unknown ?? (minCount > 1 ? (UNKNOWN_LABEL as L) : undefined);
    if (vocab === undefined) return;
    if (new Set(needVocab(vocab)).size !== vocab.length) throw invalid('vocab', 'an array of different labels', vocab);
    this.remember({ vocab: this.#withUnknown(vocab) });
  }

  /** The labels by number, or null before the first use. */
  get vocab(): readonly L[] | null {
    return this.isReady ? this.state.vocab : null;
  }

  protected override learn(items: readonly L[]): CategoryState<L> {
    const counts = new Map<L, number>();
    for (const label of items) counts.set(needLabel('label', label), (counts.get(label) ?? 0) + 1);
    const frequent = [...counts].filter(([, count]) => count >= this.minCount).map(([label]) => label);
    return { vocab: this.#withUnknown(frequent) };
  }

  protected override remember(state: CategoryState<L>): void {
    needOptions('CategoryProcessor: state', state);
    needVocab(state.vocab);
    super.remember(state);
    this.#numberOf.clear();
    state.vocab.forEach((label, number) => this.#numberOf.set(label, number));
  }

  proc1(label: L): number {
    const { vocab } = this.state;
    needLabel('label', label);
    const number =
      this.#numberOf.get(label) ?? (this.unknown === undefined ? undefined : this.#numberOf.get(this.unknown));
    if (number === undefined) throw new UnseenLabelError(label, vocab);
    return number;
  }

  override deproc1(number: number): L {
    const { vocab } = this.state;
    const label = typeof number === 'number' ? vocab[number] : undefined;
    if (label === undefined) throw invalid('number', `a whole number from 0 to ${vocab.length - 1}`, number);
    return label;
  }

  protected override summary(): string {
    const { vocab } = this.state;
    return `${vocab.length} labels: ${vocab.slice(0, 10).join(', ')}${vocab.length > 10 ? ', ...' : ''}`;
  }

  #withUnknown(labels: readonly L[]): L[] {
    return this.unknown === undefined
      ? [...labels]
      : [this.unknown, ...labels.filter((label) => label !== this.unknown)];
  }
}

/** What is no label would be lost, or become another one, on its way through JSON. */
function needLabel<L extends Label>(argument: string, label: L): L {
  if (typeof label === 'string' || typeof label === 'boolean' || Number.isFinite(label)) return label;
  throw invalid(argument, 'a string, a finite number or a boolean', label);
}

function needVocab<L extends Label>(vocab: readonly L[]): readonly L[] {
  for (const label of needArray('vocab', vocab, 'an array of labels')) needLabel('vocab', label);
  return vocab;
}
