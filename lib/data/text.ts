/** Texts as numbers, in two processors: one cuts texts into tokens, one numbers the tokens by the training set's vocabulary. */

import { needArray, needCount, needFlag, needOptions, needText } from '../tensor/checks.js';
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
    needOptions('TokenizeProcessor', options);
    this.lowerCase = needFlag('lowerCase', options.lowerCase ?? true);
  }

  proc1(text: string): string[] {
    needText('text', text);
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
  /** The token that makes short texts as long as others, see `padCollate`; its number is 1. Default: there is none. */
  padding?: string;
}

/** Numbers tokens by the training set's vocabulary: the unknown token and the one for padding first, then from the most to the least frequent one. */
export class NumericalizeProcessor extends Processor<
  readonly string[],
  number[],
  { readonly vocab: readonly string[] }
> {
  readonly minCount: number;
  readonly maxVocab: number;
  readonly unknown: string;
  readonly padding: string | undefined;
  readonly #numberOf = new Map<string, number>();

  constructor(options: NumericalizeOptions = {}) {
    super(options);
    needOptions('NumericalizeProcessor', options);
    const { minCount = 2, maxVocab = 60_000, unknown = 'xxunk', padding } = options;
    this.minCount = needCount('minCount', minCount, 1);
    this.maxVocab = needCount('maxVocab', maxVocab, 1);
    this.unknown = needText('unknown', unknown);
    if (padding !== undefined && needText('padding', padding) === unknown)
      throw invalid('padding', 'another token than the unknown one', padding);
    this.padding = padding;
  }

  /** The tokens by number, or null before the first use. */
  get vocab(): readonly string[] | null {
    return this.isReady ? this.state.vocab : null;
  }

  protected override learn(texts: readonly (readonly string[])[]): { vocab: string[] } {
    const counts = new Map<string, number>();
    for (const token of texts.flatMap((text) => needTokens('tokens', text)))
      counts.set(token, (counts.get(token) ?? 0) + 1);
    const special = [this.unknown, ...(this.padding === undefined ? [] : [this.padding])];
    for (const token of special) counts.delete(token);
    const frequent = [...counts].filter(([, count]) => count >= this.minCount).sort(([, a], [, b]) => b - a);
    return { vocab: [...special, ...frequent.map(([token]) => token)].slice(0, this.maxVocab) };
  }

  protected override remember(state: { readonly vocab: readonly string[] }): void {
    needOptions('NumericalizeProcessor: state', state);
    needTokens('vocab', state.vocab);
    super.remember(state);
    this.#numberOf.clear();
    state.vocab.forEach((token, number) => this.#numberOf.set(token, number));
  }

  proc1(tokens: readonly string[]): number[] {
    this.requireReady();
    return needTokens('tokens', tokens).map((token) => this.#numberOf.get(token) ?? 0);
  }

  override deproc1(numbers: readonly number[]): string[] {
    const { vocab } = this.state;
    return needArray('numbers', numbers).map((number) => {
      const token = typeof number === 'number' ? vocab[number] : undefined;
      if (token === undefined) throw invalid('number', `a whole number from 0 to ${vocab.length - 1}`, number);
      return token;
    });
  }

  protected override summary(): string {
    return `${this.state.vocab.length} tokens`;
  }
}

function needTokens(argument: string, tokens: readonly string[]): readonly string[] {
  for (const token of needArray(argument, tokens, 'an array of strings')) needText(argument, token);
  return tokens;
}
