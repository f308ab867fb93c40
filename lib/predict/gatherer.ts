/** Gathers the images of many callers into batches: while the engine is busy, what comes waits and goes together. */

import type { TtaVersions } from '../learner/tta.js';
import { TenchError } from '../tensor/errors.js';
import type { ImageSource } from '../vision/index.js';
import type { Outcome, PredictionEngine } from './engine.js';

/** An image that waits. */
interface Waiting {
  readonly source: ImageSource;
  /** Images of one batch have the very same: null, or those of one call. */
  readonly tta: Required<TtaVersions> | null;
  readonly signal: AbortSignal | undefined;
  readonly settle: (outcome: Outcome) => void;
}

export class Gatherer {
  readonly #engine: PredictionEngine;
  readonly #batchSize: number;
  #waiting: Waiting[] = [];
  #running = 0;
  #scheduled = false;

  constructor(engine: PredictionEngine, batchSize: number) {
    this.#engine = engine;
    this.#batchSize = batchSize;
  }

  /** How many images wait for a batch. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The outcome of one image; an image whose signal is aborted while it waits is never answered. */
  ask(source: ImageSource, tta: Required<TtaVersions> | null, signal?: AbortSignal): Promise<Outcome> {
    return new Promise((settle) => {
      this.#waiting.push({ source, tta, signal, settle });
      this.#schedule();
    });
  }

  /** Once this turn of the event loop is over, so that all who ask in it go together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#running < this.#engine.lanes && this.#start());
    });
  }

  /** @returns whether there was anything to start */
  #start(): boolean {
    this.#waiting = this.#waiting.filter(({ signal }) => signal?.aborted !== true);
    const [first] = this.#waiting;
    if (first === undefined) return false;
    const batch = this.#waiting.filter(({ tta }) => tta === first.tta).slice(0, this.#batchSize);
    const taken = new Set(batch);
    this.#waiting = this.#waiting.filter((one) => !taken.has(one));
    void this.#run(batch, first.tta);
    return true;
  }

  async #run(batch: readonly Waiting[], tta: Required<TtaVersions> | null): Promise<void> {
    this.#running += 1;
    try {
      const outcomes = await this.#engine.run(
        batch.map(({ source }) => source),
        tta,
      );
      batch.forEach(({ settle }, place) => settle(outcomes[place]!));
    } catch (error) {
      const known = error instanceof TenchError ? error : new TenchError(String(error), { cause: error });
      for (const { settle } of batch) settle(known);
    } finally {
      this.#running -= 1;
      this.#schedule();
    }
  }
}
