/** The DataLoader turns a data set into batches, a few of them ahead of the one in use. */

import { inspect } from 'node:util';
import type { Device, Tensor } from '../tensor/index.js';
import { needCount, needFlag, needFunction, needInstance, needOneOf, needOptions, needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { collateParts, type Batch } from './collate.js';
import { EpochFailures, gather, onErrorWords, type ItemFailure, type OnError } from './failures.js';
import { inTurn, needDataset, type Dataset } from './itemList.js';
import { itemCount } from './listContainer.js';
import { occurrencesIn } from './occurrences.js';
import { canPin, placedBatch } from './placement.js';
import { Generator, needPositions } from './random.js';
import { RandomSampler, SequentialSampler, checkedOrder, needSampler, type Sampler } from './samplers.js';
import { Stop, release, settled, type EpochStart, type Loaded } from './walk.js';

/** Makes a batch of samples in the user's own way. */
export type Collate<B> = (samples: unknown[], names: readonly string[]) => B | Promise<B>;

/** Options of {@link DataLoader}. */
export interface LoaderOptions<B = Batch> {
  /** Samples a batch. Default 64. */
  batchSize?: number;
  /** A new order in every epoch. Default false. */
  shuffle?: boolean;
  /** Which positions an epoch visits, and in which order; instead of `shuffle`. */
  sampler?: Sampler;
  /** Leave out a last batch that is smaller. Default false. */
  dropLast?: boolean;
  /** How many batches are being made while one is in use; 0 makes each when it is asked for. Default 4. */
  prefetch?: number;
  /** Fixes the order and every draw of the transforms. Default 0. */
  seed?: number | bigint;
  /** Where batches are moved to. Default: they stay where they were made. */
  device?: Device;
  /**
   * Batches land in page-locked memory, from which they are copied to a CUDA device beside the program: `xb.to('cuda', { nonBlocking: true })`, which
   * `CudaCallback` does, or `device` here. Without a CUDA device a warning of the process (`TENCH_NO_CUDA`) says that it changes nothing. Default
   * false.
   */
  pinMemory?: boolean;
  /** Makes a batch of samples. Default: one tensor for each part of a sample, see `collate`. */
  collate?: Collate<B>;
  /** What becomes of an item that cannot be had, such as a damaged file. Default `throw`; see {@link DataLoader.failures} for the others. */
  onError?: OnError;
  /**
   * How many threads read and transform images for this loader at a time; 0: the one that asks. Default: as many as the process has cores. The
   * values do not depend on it.
   */
  numThreads?: number;
  /** Stops every walk at once when it is aborted: the walk throws the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Batches of a data set, as an async iterable.
 *
 *     for await (const [xb, yb] of loader) { ... }
 *
 * Each walk through it is one epoch, numbered from 0 on (see {@link setEpoch}). Order and draws depend on seed and epoch alone. Batches come in
 * order; one that fails throws in its turn. Leaving the loop early stops what is under way and frees what nobody has taken.
 *
 * Training blocks JavaScript, so several batches are begun before they are needed. Chains of built-in image transforms run on native threads of the
 * lowest priority (`numThreads`); what sharp decodes runs on libuv's, of which there are four (UV_THREADPOOL_SIZE changes it and must be set before
 * Node starts).
 */
export class DataLoader<B = Batch> implements AsyncIterable<B> {
  readonly dataset: Dataset;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly sampler: Sampler;
  readonly dropLast: boolean;
  readonly prefetch: number;
  readonly seed: number | bigint;
  readonly device: Device | undefined;
  /** Whether batches land in page-locked memory: it was asked for, and there is a CUDA device. */
  readonly pinMemory: boolean;
  readonly onError: OnError;
  readonly numThreads: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly #collate: Collate<B> | undefined;
  readonly #sampled: boolean;
  #nextEpoch = 0;
  #nextBatch = 0;
  #failures: EpochFailures | undefined;

  constructor(dataset: Dataset, options: LoaderOptions<B> = {}) {
    needOptions('DataLoader', options);
    const { batchSize = 64, shuffle = false, dropLast = false, prefetch = 4, seed = 0, device } = options;
    needFlag('shuffle', shuffle);
    if (options.sampler !== undefined && shuffle)
      throw invalid('shuffle', 'false beside a sampler, which decides the order', shuffle);
    const { sampler = shuffle ? new RandomSampler() : new SequentialSampler() } = options;
    this.sampler = needSampler(sampler);
    this.dataset = needDataset('dataset', dataset);
    this.batchSize = needCount('batchSize', batchSize, 1);
    this.shuffle = shuffle;
    this.dropLast = needFlag('dropLast', dropLast);
    this.prefetch = needCount('prefetch', prefetch);
    this.seed = new Generator(seed).seed;
    this.device = device === undefined ? device : needText('device', device, "the name of a device, e.g. 'cpu'");
    this.pinMemory = canPin(options.pinMemory);
    this.#collate = options.collate === undefined ? undefined : needFunction('collate', options.collate);
    this.#sampled = options.sampler !== undefined;
    const { onError = 'throw', numThreads, signal } = options;
    this.onError = needOneOf('onError', onError, onErrorWords);
    this.numThreads = numThreads === undefined ? numThreads : needCount('numThreads', numThreads);
    this.signal = signal === undefined ? signal : needInstance('signal', signal, AbortSignal);
  }

  /** The number of batches in an epoch. */
  get length(): number {
    const batches = needPositions('sampler.size', this.sampler.size(this.dataset.length)) / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /** Which epoch the next walk is. */
  get nextEpoch(): number {
    return this.#nextEpoch;
  }

  /**
   * Says which epoch the next walk is, and with which batch it begins, e.g. when training resumes in the middle of an epoch: those batches are
   * equal to the ones that an uninterrupted walk would have come to. Without it walks count on and begin at the beginning.
   */
  setEpoch(epoch: number, start: EpochStart = {}): void {
    needOptions('setEpoch', start);
    this.#nextEpoch = needCount('epoch', epoch);
    this.#nextBatch = needCount('batch', start.batch ?? 0);
  }

  /**
   * The items that the current walk, or else the last one, has left out or replaced (`onError`), in the order of the epoch. At the end of a walk
   * that had any, a warning of the process gives their number and the first.
   */
  get failures(): readonly ItemFailure[] {
    return this.#failures?.list ?? [];
  }

  /** The positions of the data set that an epoch visits, in its order: the same for the same seed and epoch. */
  order(epoch: number): readonly number[] {
    needCount('epoch', epoch);
    return checkedOrder(this.sampler, this.dataset.length, { seed: this.seed, epoch });
  }

  /** The first batch of the epoch that comes next; looking at it does not count as a walk. */
  async oneBatch(): Promise<B> {
    if (this.length === 0) throw new TenchError(`the loader has no batch: ${itemCount(this.dataset.length)}`);
    const epoch = this.#nextEpoch;
    const order = this.order(epoch);
    const signal = this.signal ?? new AbortController().signal;
    signal.throwIfAborted();
    const failures = new EpochFailures(this.onError, { seed: this.seed, epoch }, order);
    const occurrences = occurrencesIn(order, this.dataset.length);
    for (let start = 0; start < order.length; start += this.batchSize) {
      const batch = await this.#load({ order, occurrences, start, epoch, failures, signal });
      if (batch !== undefined) return batch;
    }
    failures.report(order.length);
    throw new TenchError('the loader has no batch');
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<B, void, undefined> {
    const epoch = this.#nextEpoch++;
    const first = this.#nextBatch;
    this.#nextBatch = 0;
    const order = this.order(epoch);
    const occurrences = occurrencesIn(order, this.dataset.length);
    const failures = new EpochFailures(this.onError, { seed: this.seed, epoch }, order);
    this.#failures = failures;
    const stop = new Stop(this.signal);
    const ahead: Promise<Loaded<B>>[] = [];
    const count = this.length;
    let begun = first;
    const begin = (wanted: number): void => {
      while (begun < count && ahead.length < wanted) {
        const start = begun++ * this.batchSize;
        ahead.push(settled(this.#load({ order, occurrences, start, epoch, failures, signal: stop.signal })));
      }
    };
    try {
      for (let done = first; done < count; done++) {
        begin(Math.max(1, this.prefetch));
        const loaded = await stop.before(ahead[0]!);
        if ('error' in loaded) throw loaded.error;
        begin(this.prefetch + 1);
        // A consumer that never leaves JavaScript would keep finished reads and decodes from taking their next step.
        await new Promise(setImmediate);
        this.signal?.throwIfAborted();
        void ahead.shift();
        if (loaded.batch !== undefined) yield loaded.batch;
      }
      failures.report(Math.min(order.length, count * this.batchSize) - first * this.batchSize);
    } finally {
      stop.now();
      if (this.#collate === undefined) release(ahead);
    }
  }

  /** One batch; undefined if none of its items could be had. */
  async #load({ order, occurrences: all, start, epoch, failures, signal }: BatchToLoad): Promise<B | undefined> {
    const { dataset, seed, device, pinMemory } = this;
    const indices = order.slice(start, start + this.batchSize);
    const occurrences = all && [...all.subarray(start, start + this.batchSize)];
    const onFailure = failures.handler(start);
    if (this.#collate === undefined && dataset.getBatch) {
      const request = { seed, epoch, occurrences, device, pinMemory, signal, onFailure, threads: this.numThreads };
      const parts = placedBatch(await dataset.getBatch(indices, request), { pinMemory }) as Tensor[];
      return onFailure !== undefined && parts.length === 0 ? undefined : (parts as B);
    }
    const nameOf = (index: number): string => dataset.nameOf?.(index) ?? `item ${index}`;
    const get = async (index: number, place: number): Promise<unknown> =>
      dataset.get(index, { seed, epoch, occurrence: occurrences?.[place] ?? 0 });
    const { values, kept } =
      onFailure === undefined
        ? { values: await inTurn(indices.map(get)), kept: indices }
        : await gather(indices, get, { onFailure, nameOf, signal });
    if (kept.length === 0) return undefined;
    const batch: unknown = await (this.#collate ?? collateParts)(values, kept.map(nameOf));
    return placedBatch(batch, { device, pinMemory }) as B;
  }

  [inspect.custom](): string {
    const settings = [
      `batchSize: ${this.batchSize}`,
      this.#sampled ? `sampler: ${inspect(this.sampler)}` : `shuffle: ${this.shuffle}`,
      `prefetch: ${this.prefetch}`,
      `seed: ${this.seed}`,
    ];
    if (this.dropLast) settings.push('dropLast: true');
    if (this.onError !== 'throw') settings.push(`onError: ${this.onError}`);
    if (this.numThreads !== undefined) settings.push(`numThreads: ${this.numThreads}`);
    if (this.device !== undefined) settings.push(`device: ${this.device}`);
    if (this.pinMemory) settings.push('pinMemory: true');
    return `DataLoader (${this.length} ${this.length === 1 ? 'batch' : 'batches'} of ${itemCount(this.dataset.length)}; ${settings.join(', ')})`;
  }
}

/** What one batch is made of. */
interface BatchToLoad {
  readonly order: readonly number[];
  /** How often each place's item has come before; undefined where none comes twice. */
  readonly occurrences: Uint32Array | undefined;
  /** Its first place in the order. */
  readonly start: number;
  readonly epoch: number;
  readonly failures: EpochFailures;
  readonly signal: AbortSignal;
}
