/** The DataLoader turns a data set into batches, a few of them ahead of the one in use. */

import { inspect } from 'node:util';
import { Tensor, type Device } from '../tensor/index.js';
import { needCount, needFlag, needFunction, needOptions, needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { collateParts, type Batch } from './collate.js';
import { inTurn, needDataset, type Dataset } from './itemList.js';
import { itemCount } from './listContainer.js';
import { Generator, needPositions } from './random.js';
import { RandomSampler, SequentialSampler, checkedOrder, needSampler, type Sampler } from './samplers.js';

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
  /** Makes a batch of samples. Default: one tensor for each part of a sample, see `collate`. */
  collate?: Collate<B>;
}

/**
 * Batches of a data set, as an async iterable.
 *
 *     for await (const [xb, yb] of loader) { ... }
 *
 * Each walk through it is one epoch, numbered from 0 on (see {@link setEpoch}). Order and draws depend on seed and epoch alone. Batches come in
 * order; one that fails throws in its turn. Leaving the loop early stops what is under way.
 *
 * Training blocks JavaScript, so several batches are begun before they are needed: whatever reads and decodes on libuv's threads goes on
 * meanwhile. There are four of these threads; UV_THREADPOOL_SIZE changes it and must be set before Node starts.
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
  readonly #collate: Collate<B> | undefined;
  readonly #sampled: boolean;
  #nextEpoch = 0;

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
    this.#collate = options.collate === undefined ? undefined : needFunction('collate', options.collate);
    this.#sampled = options.sampler !== undefined;
  }

  /** The number of batches in an epoch. */
  get length(): number {
    const batches = needPositions('sampler.size', this.sampler.size(this.dataset.length)) / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /** Says which epoch the next walk is, e.g. when training resumes. Without it walks count on. */
  setEpoch(epoch: number): void {
    this.#nextEpoch = needCount('epoch', epoch);
  }

  /** The positions of the data set that an epoch visits, in its order: the same for the same seed and epoch. */
  order(epoch: number): readonly number[] {
    needCount('epoch', epoch);
    return checkedOrder(this.sampler, this.dataset.length, { seed: this.seed, epoch });
  }

  /** The first batch of the epoch that comes next; looking at it does not count as a walk. */
  async oneBatch(): Promise<B> {
    if (this.length === 0) throw new TenchError(`the loader has no batch: ${itemCount(this.dataset.length)}`);
    const indices = this.order(this.#nextEpoch).slice(0, this.batchSize);
    return this.#load(indices, this.#nextEpoch, new AbortController().signal);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<B, void, undefined> {
    const epoch = this.#nextEpoch++;
    const order = this.order(epoch);
    const abandoned = new AbortController();
    const ahead: Promise<Loaded<B>>[] = [];
    const count = this.length;
    let begun = 0;
    const begin = (wanted: number): void => {
      while (begun < count && ahead.length < wanted) {
        const start = begun++ * this.batchSize;
        ahead.push(settled(this.#load(order.slice(start, start + this.batchSize), epoch, abandoned.signal)));
      }
    };
    try {
      for (let done = 0; done < count; done++) {
        begin(Math.max(1, this.prefetch));
        const loaded = await ahead.shift()!;
        if ('error' in loaded) throw loaded.error;
        begin(this.prefetch);
        // A consumer that never leaves JavaScript would keep finished reads and decodes from taking their next step.
        await new Promise(setImmediate);
        yield loaded.batch;
      }
    } finally {
      abandoned.abort();
    }
  }

  async #load(indices: readonly number[], epoch: number, signal: AbortSignal): Promise<B> {
    const { dataset, seed, device } = this;
    if (this.#collate === undefined && dataset.getBatch)
      return (await dataset.getBatch(indices, { seed, epoch, device, signal })) as B;
    const names = indices.map((index) => dataset.nameOf?.(index) ?? `item ${index}`);
    const samples = await inTurn(indices.map(async (index): Promise<unknown> => dataset.get(index, { seed, epoch })));
    const batch: unknown = await (this.#collate ?? collateParts)(samples, names);
    return moved(batch, device) as B;
  }

  [inspect.custom](): string {
    const settings = [
      `batchSize: ${this.batchSize}`,
      this.#sampled ? `sampler: ${inspect(this.sampler)}` : `shuffle: ${this.shuffle}`,
      `prefetch: ${this.prefetch}`,
      `seed: ${this.seed}`,
    ];
    if (this.dropLast) settings.push('dropLast: true');
    if (this.device !== undefined) settings.push(`device: ${this.device}`);
    return `DataLoader (${this.length} ${this.length === 1 ? 'batch' : 'batches'} of ${itemCount(this.dataset.length)}; ${settings.join(', ')})`;
  }
}

/** A batch or its failure: a promise that waits in the queue must not count as an unhandled rejection. */
type Loaded<B> = { readonly batch: B } | { readonly error: unknown };

function settled<B>(loading: Promise<B>): Promise<Loaded<B>> {
  return loading.then(
    (batch) => ({ batch }),
    (error: unknown) => ({ error }),
  );
}

function moved(batch: unknown, device: Device | undefined): unknown {
  if (device === undefined) return batch;
  if (batch instanceof Tensor) return batch.to(device);
  return Array.isArray(batch) ? batch.map((part) => moved(part, device)) : batch;
}
