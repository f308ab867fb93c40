/** What becomes of items that cannot be had: they fail the epoch, are left out, or others take their place. */

import { warn } from '../runtime/warn.js';
import { TenchError } from '../tensor/errors.js';
import { Generator } from './random.js';

/** `throw`: the batch fails; `skip`: it has fewer items; `replace`: another item of the epoch, drawn by the seed, takes the place. */
export type OnError = 'throw' | 'skip' | 'replace';

/** The words of {@link OnError}. */
export const onErrorWords: readonly OnError[] = ['throw', 'skip', 'replace'];

/** One item that could not be had. */
export interface ItemFailure {
  /** Its position in the data set. */
  readonly index: number;
  /** Its name: a path where it has one. */
  readonly path: string;
  /** Why. */
  readonly cause: Error;
}

/** A failure in a batch that is being made. */
export interface BatchFailure extends ItemFailure {
  /** The place in the batch. */
  readonly place: number;
}

/** Decides about a failure: the position of the item to take instead, or undefined for none. May throw. */
export type FailureHandler = (failure: BatchFailure) => number | undefined;

/** First number of the stream from which replacements are drawn; see chain.ts and samplers.ts for the others. */
const REPLACEMENT_STREAM = 4;

/** So many draws in a row that all fail are no bad luck. */
const MOST_REPLACEMENTS = 20;

/** The failures of one epoch, and the decision about each. */
export class EpochFailures {
  readonly #noted: (ItemFailure & { readonly place: number })[] = [];
  readonly #attempts = new Map<number, number>();

  /**
   * @param policy what becomes of an item that fails
   * @param draw what replacements depend on
   * @param order the positions that the epoch visits
   */
  constructor(
    readonly policy: OnError,
    readonly draw: { readonly seed: number | bigint; readonly epoch: number },
    readonly order: readonly number[],
  ) {}

  /** The handler for the batch whose first item is the `first` of the epoch; undefined where failures are thrown. */
  handler(first: number): FailureHandler | undefined {
    if (this.policy === 'throw') return undefined;
    return ({ place, index, path, cause }) => {
      this.#noted.push({ index, path, cause, place: first + place });
      return this.policy === 'skip' ? undefined : this.#replacement(first + place, cause);
    };
  }

  /** By the place in the epoch and the attempt alone, so that no other failure has a say in it. */
  #replacement(place: number, cause: Error): number {
    const attempt = this.#attempts.get(place) ?? 0;
    if (attempt === MOST_REPLACEMENTS) {
      throw new TenchError(`none of ${MOST_REPLACEMENTS} items drawn as a replacement can be had: ${cause.message}`, {
        code: 'ERR_TENCH_ITEM',
        cause,
      });
    }
    this.#attempts.set(place, attempt + 1);
    const { seed, epoch } = this.draw;
    const random = new Generator(seed, REPLACEMENT_STREAM, epoch, place, attempt);
    return this.order[random.integer(this.order.length)]!;
  }

  /** In the order of the epoch. */
  get list(): ItemFailure[] {
    const sorted = [...this.#noted].sort((a, b) => a.place - b.place);
    return sorted.map(({ index, path, cause }) => ({ index, path, cause }));
  }

  /**
   * Says at the end of an epoch that something was amiss, as a warning of the process.
   *
   * @param visited how many items the epoch has asked for
   * @throws TenchError if none of them could be had
   */
  report(visited: number): void {
    const [first] = this.list;
    if (first === undefined) return;
    const count = this.#noted.length;
    const { cause } = first;
    if (this.policy === 'skip' && count >= visited)
      throw new TenchError(`none of the ${visited} items of the epoch can be had; the first: ${cause.message}`, {
        code: 'ERR_TENCH_ITEM',
        cause,
      });
    const what = this.policy === 'skip' ? 'left out' : 'replaced';
    warn(
      'TENCH_BAD_ITEMS',
      `${count} of ${visited} items of epoch ${this.draw.epoch} could not be had and ${count === 1 ? 'was' : 'were'} ${what}; ` +
        `the first: ${cause.message} (the loader's \`failures\` has them all)`,
    );
  }
}

/** What came of the items of a batch: the values that could be had, and the positions that they are of. */
export interface Gathered {
  readonly values: unknown[];
  readonly kept: number[];
}

/** Gets items, asking `onFailure` about each that cannot be had. Order is kept. */
export async function gather(
  indices: readonly number[],
  get: (index: number, place: number) => unknown,
  { onFailure, nameOf, signal }: { onFailure: FailureHandler; nameOf: (index: number) => string; signal?: AbortSignal },
): Promise<Gathered> {
  const one = async (wanted: number, place: number): Promise<{ index: number; value: unknown } | undefined> => {
    for (let index: number | undefined = wanted; index !== undefined;) {
      try {
        return { index, value: await get(index, place) };
      } catch (thrown) {
        signal?.throwIfAborted();
        const cause = thrown instanceof Error ? thrown : new Error(String(thrown));
        index = onFailure({ place, index, path: nameOf(index), cause });
      }
    }
    return undefined;
  };
  const found = (await Promise.all(indices.map(one))).filter((item) => item !== undefined);
  return { values: found.map(({ value }) => value), kept: found.map(({ index }) => index) };
}
