/** Texts as numbers, in two processors: one cuts texts into tokens, one numbers the tokens by the training set's vocabulary. */

import { invalid } from '../tensor/errors.js';
import { Processor } from './processors.js';

/** Options of {@link TokenizeProcessor}. */
export interface TokenizeOptions {
  /** Default true. */
  lowerCase?: boolean;
}

/** Words (letters and digits of any script, with inner apostrophes) and single signs. */
const TOKENS = /[\p{L}\p{N}]+(?:['’]\p{L}+)*|[^\s\p{L}\p{N}]/gu;

/** Cuts a text into words and signs. There is nothing to learn and no way back. */
export class TokenizeProcessor extends Processor<string, string[]> {
  readonly lowerCase: boolean;

  constructor(options: TokenizeOptions = {}) {
    super(options);
    this.lowerCase = options.lowerCase ?? true;
  }

  proc1(text: string): string[] {
    if (typeof text !== 'string') throw invalid('text', 'a string', text);
    return (this.lowerCase ? text.toLowerCase() : text).match(TOKENS) ?? [];
  }
}

/** Options of {@link NumericalizeProcessor}. */
export interface NumericalizeOptions {
  /** Tokens seen less often in training are unknown. Default 2. */
  minCount?: number;
  /** The most tokens to keep, the unknown one included. Default 60,000. */
  maxVocab?: number;
  /** The token that stands for all unknown ones; its number is 0. Default `xxunk`. */
  unknown?: string;
}

/** Numbers tokens by the training set's vocabulary: the unknown token first, then from the most to the least frequent one. */
export class NumericalizeProcessor extends Processor<
  readonly string[],
  number[],
  { readonly vocab: readonly string[] }
> {
  readonly minCount: number;
  readonly maxVocab: number;
  readonly unknown: string;
  readonly #numberOf = new Map<string, number>();

  constructor(options: NumericalizeOptions = {}) {
    super(options);
    this.minCount = options.minCount ?? 2;
    this.maxVocab = options.maxVocab ?? 60_000;
    this.unknown = options.unknown ?? 'xxunk';
    if (!Number.isInteger(this.minCount) || this.minCount < 1)
      throw invalid('minCount', 'a whole number of at least 1', this.minCount);
    if (!Number.isInteger(this.maxVocab) || this.maxVocab < 1)
      throw invalid('maxVocab', 'a whole number of at least 1', this.maxVocab);
  }

  /** The tokens by number, or null before the first use. */
  get vocab(): readonly string[] | null {
    return this.isReady ? this.state.vocab : null;
  }

  protected override learn(texts: readonly (readonly string[])[]): { vocab: string[] } {
    const counts = new Map<string, number>();
    for (const token of texts.flat()) counts.set(token, (counts.get(token) ?? 0) + 1);
    counts.delete(this.unknown);
    const frequent = [...counts].filter(([, count]) => count >= this.minCount).sort(([, a], [, b]) => b - a);
    return { vocab: [this.unknown, ...frequent.map(([token]) => token)].slice(0, this.maxVocab) };
  }

  protected override remember(state: { readonly vocab: readonly string[] }): void {
    super.remember(state);
    this.#numberOf.clear();
    state.vocab.forEach((token, number) => this.#numberOf.set(token, number));
  }

  proc1(tokens: readonly string[]): number[] {
    this.requireReady();
    return tokens.map((token) => this.#numberOf.get(token) ?? 0);
  }

  override deproc1(numbers: readonly number[]): string[] {
    const { vocab } = this.state;
    return numbers.map((number) => {
      const token = vocab[number];
      if (token === undefined) throw invalid('number', `a whole number from 0 to ${vocab.length - 1}`, number);
      return token;
    });
  }

  protected override summary(): string {
    return `${this.state.vocab.length} tokens`;
  }
}
