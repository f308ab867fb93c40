/** The Predictor: what an exported learner says of images, for one caller or for many at once. */

import { inspect } from 'node:util';

import type { Label, ProcessorClass } from '../data/index.js';
import { reviveProcessors } from '../data/labeledData.js';
import { Stop } from '../data/walk.js';
import { needVersions, type TtaVersions } from '../learner/tta.js';
import { needArray, needInstance, needOneOf, needOptions } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import type { ImageSource } from '../vision/index.js';
import type { LearnerDescription, PredictionKind } from './description.js';
import { nameOf, type Outcome, type PredictionEngine } from './engine.js';
import { Gatherer } from './gatherer.js';
import { isAugmented } from './openLearner.js';
import { PredictionMaker, type LabelPrediction, type Prediction } from './predictions.js';
import { needSource, readSource, type PredictSource } from './sources.js';

/** Options of {@link Predictor.predict}. */
export interface PredictOptions {
  /** Test-time augmentation by the learner's BatchAugment, as `Learner.tta` does it; default: none. */
  readonly tta?: TtaVersions;
  /** Gives up: the promise is rejected with the signal's reason, and images that still wait are left out. */
  readonly signal?: AbortSignal;
}

/** Options of {@link Predictor.predictBatch}. */
export interface PredictBatchOptions extends PredictOptions {
  /** `'throw'` (default): the first error, by position, rejects the whole. `'return'`: each error stands in the place of its prediction. */
  readonly onError?: 'throw' | 'return';
}

/** How a predictor is made. */
export interface PredictorParts {
  readonly path: string;
  readonly engine: PredictionEngine;
  readonly processors: readonly ProcessorClass[];
  readonly batchSize: number;
  readonly maxBytes: number;
}

/**
 * Predicts images by a learner that {@link loadLearner} has read. P is what it says of one, which the file decides (`kind`).
 *
 * Images of all callers are gathered into batches: those that are asked for in one turn of the event loop, and those that come while the engine is
 * busy. Nobody waits for a batch to fill.
 */
export class Predictor<P extends Prediction = LabelPrediction> implements AsyncDisposable {
  readonly path: string;
  readonly description: LearnerDescription;
  readonly #engine: PredictionEngine;
  readonly #gatherer: Gatherer;
  readonly #maker: PredictionMaker;
  readonly #maxBytes: number;
  readonly #open = new Set<Promise<unknown>>();
  #closing: Promise<void> | null = null;

  /** @internal Made by `loadLearner`. */
  constructor({ path, engine, processors, batchSize, maxBytes }: PredictorParts) {
    this.path = path;
    this.description = engine.description;
    this.#engine = engine;
    this.#gatherer = new Gatherer(engine, batchSize);
    const { kind, processors: saved } = engine.description;
    this.#maker = new PredictionMaker(kind, reviveProcessors(saved, processors));
    this.#maxBytes = maxBytes;
  }

  /** What is predicted of an image. */
  get kind(): PredictionKind {
    return this.#maker.kind;
  }

  /** The labels by number, or null where numbers are predicted. */
  get vocab(): readonly Label[] | null {
    return this.#maker.vocab;
  }

  /** How many images wait for their turn; a server may refuse more. */
  get waiting(): number {
    return this.#gatherer.waiting;
  }

  /**
   * Predicts one image, or each of an array, by the learner's own transforms of validation data.
   *
   * @throws TenchError that names the image that cannot be read or predicted; of several the first
   */
  predict(source: PredictSource, options?: PredictOptions): Promise<P>;
  predict(sources: readonly PredictSource[], options?: PredictOptions): Promise<P[]>;
  async predict(sources: PredictSource | readonly PredictSource[], options: PredictOptions = {}): Promise<P | P[]> {
    if (Array.isArray(sources)) return this.predictBatch(sources as readonly PredictSource[], options);
    const [only] = await this.#settle('source', [sources as PredictSource], options);
    if (only instanceof Error) throw only;
    return only!;
  }

  /** Predicts each image of an array. With `onError: 'return'` each place holds its prediction or its error. */
  predictBatch(
    sources: readonly PredictSource[],
    options?: PredictOptions & { readonly onError?: 'throw' },
  ): Promise<P[]>;
  predictBatch(sources: readonly PredictSource[], options: PredictBatchOptions): Promise<(P | TenchError)[]>;
  async predictBatch(
    sources: readonly PredictSource[],
    options: PredictBatchOptions = {},
  ): Promise<(P | TenchError)[]> {
    needArray('sources', sources, 'an array of images');
    needOptions('predictBatch', options);
    const { onError = 'throw' } = options;
    needOneOf('onError', onError, ['throw', 'return']);
    const made = await this.#settle('sources', sources, options);
    const failed = onError === 'throw' ? made.find((one) => one instanceof Error) : undefined;
    if (failed !== undefined) throw failed;
    return made;
  }

  /** Answers what has been asked, and then ends the thread; later calls are refused. */
  close(): Promise<void> {
    return (this.#closing ??= Promise.allSettled([...this.#open]).then(() => this.#engine.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #settle(argument: string, sources: readonly PredictSource[], options: PredictOptions): Promise<(P | TenchError)[]> {
    needOptions('predict', options);
    const { tta, signal } = options;
    for (const source of sources) needSource(argument, source);
    if (signal !== undefined) needInstance('signal', signal, AbortSignal);
    const versions = tta === undefined ? null : this.#versions(tta);
    if (this.#closing !== null) throw new TenchError('this predictor has been closed', { code: 'ERR_TENCH_CLOSED' });
    const stop = new Stop(signal);
    const work = this.#answer(sources, versions, signal);
    this.#open.add(work);
    return stop.before(work).finally(() => {
      stop.now();
      this.#open.delete(work);
    });
  }

  async #answer(
    sources: readonly PredictSource[],
    tta: Required<TtaVersions> | null,
    signal: AbortSignal | undefined,
  ): Promise<(P | TenchError)[]> {
    const read = await Promise.all(
      sources.map(async (source, i) => {
        const name = sources.length === 1 ? 'that was given' : `number ${i} of ${sources.length}`;
        return readSource(source, name, this.#maxBytes).catch((error: unknown) => error as TenchError);
      }),
    );
    return Promise.all(
      read.map(async (image) =>
        image instanceof TenchError ? image : this.#make(image, await this.#gatherer.ask(image, tta, signal)),
      ),
    );
  }

  #make(image: ImageSource, outcome: Outcome): P | TenchError {
    if (outcome instanceof TenchError) return outcome;
    try {
      return this.#maker.make(outcome, nameOf(image)) as P;
    } catch (error) {
      if (error instanceof TenchError) return error;
      throw error;
    }
  }

  #versions(tta: TtaVersions): Required<TtaVersions> {
    needOptions('tta', tta);
    if (isAugmented(this.description)) return needVersions(tta);
    throw new TenchError(
      `${this.path} has no BatchAugment, so there are no versions to look at: train with a BatchAugmentCallback, or leave \`tta\` out`,
      { code: 'ERR_TENCH_ARGUMENT' },
    );
  }

  [inspect.custom](): string {
    const { model } = this.description;
    const what = 'module' in model ? model.module : model.name;
    const says =
      this.vocab === null ? 'values' : `${this.kind === 'label' ? 'one' : 'any'} of ${this.vocab.length} labels`;
    return `Predictor(${this.path}: ${what}, ${says})`;
  }
}
