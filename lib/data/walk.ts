/** What the walks of all loaders have in common: where they begin, how they end, and the batches that wait in between. */

import { Tensor } from '../tensor/index.js';

/** Where a walk begins; see `setEpoch` of the loaders. */
export interface EpochStart {
  /** How many batches of the epoch are left out because they were had before. Default 0. */
  batch?: number;
}

/** The end of a walk, or of other work, before its time: because it was left, or because the user's signal says so. */
export class Stop {
  readonly #controller = new AbortController();
  readonly #user: AbortSignal | undefined;
  readonly #whenAborted: Promise<never>;
  #fail: (reason: unknown) => void = () => undefined;
  readonly #onAbort = (): void => {
    this.#controller.abort(this.#user?.reason);
    this.#fail(this.#user?.reason);
  };

  constructor(user: AbortSignal | undefined) {
    user?.throwIfAborted();
    this.#user = user;
    this.#whenAborted = new Promise((_, fail) => (this.#fail = fail));
    this.#whenAborted.catch(() => undefined);
    user?.addEventListener('abort', this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits, but no longer than until the user's signal is aborted, which throws its reason. */
  before<T>(waiting: Promise<T>): Promise<T> {
    return this.#user === undefined ? waiting : Promise.race([waiting, this.#whenAborted]);
  }

  now(): void {
    this.#user?.removeEventListener('abort', this.#onAbort);
    this.#controller.abort();
  }
}

/** Lets go of batches that nobody takes any more, those that come later included. */
export function release(waiting: readonly Promise<Loaded<unknown>>[]): void {
  for (const loading of waiting) {
    void loading.then((loaded) => {
      if ('error' in loaded || !Array.isArray(loaded.batch)) return;
      for (const part of loaded.batch as unknown[]) if (part instanceof Tensor) part.dispose();
    });
  }
}

/** A batch or its failure: a promise that waits in the queue must not count as an unhandled rejection. */
export type Loaded<B> = { readonly batch: B | undefined } | { readonly error: unknown };

/** A batch with its failure caught. */
export function settled<B>(loading: Promise<B | undefined>): Promise<Loaded<B>> {
  return loading.then(
    (batch) => ({ batch }),
    (error: unknown) => ({ error }),
  );
}
