/** Batches of a stream: of samples that come one after another, with no way to ask for the n-th. */

import { inspect } from 'node:util';
import type { Device } from '../tensor/index.js';
import { needCount, needFlag, needFunction, needInstance, needOneOf, needOptions, needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { Chain, type Draw } from './chain.js';
import { collate, type Batch } from './collate.js';
import type { Transforms } from './compose.js';
import { EpochFailures, type ItemFailure } from './failures.js';
import type { Collate } from './loader.js';
import { canPin, placedBatch } from './placement.js';
import { processorList, type AnyProcessor, type Processors } from './processors.js';
import { Generator } from './random.js';
import {
  openEach,
  openTogether,
  type BatchOpener,
  type Part,
  type SampleOpener,
  type StreamSample,
} from './streamBatch.js';
import { Stop, release, settled, type EpochStart, type Loaded } from './walk.js';

export type { BatchOpener, SampleOpener, StreamSample } from './streamBatch.js';

/** What can be streamed; `TarShards` is one. */
export interface SampleStream<S extends StreamSample> {
  /** The samples of an epoch in its order. Equal draws must give equal samples. */
  samples(draw: Draw, options: { signal: AbortSignal }): AsyncIterable<S>;
}

/** A stream that has ended says so only when it is asked, so batches are asked for in advance without knowing whether they come. */
const MOST_AHEAD = 1024;

/** Options of {@link StreamLoader}. */
export interface StreamLoaderOptions<S, B = Batch> {
  /** What goes into a model: opens a sample; for images see `openImages`. May return a promise. */
  x: SampleOpener<S>;
  /** What should come out. May return a promise. Default: batches have no labels. */
  y?: (sample: S) => unknown;
  /** Processors of what `x` returns; they must have learned, or have been loaded. */
  procX?: Processors;
  /** Processors of what `y` returns, likewise. */
  procY?: Processors;
  /** Transforms of what `procX` made. */
  tfms?: Transforms;
  /** Samples a batch. Default 64. */
  batchSize?: number;
  /** How many samples an epoch has. A learner must know; more are left for other epochs, fewer are an error. Default: all that come. */
  samples?: number;
  /** Leave out a last batch that is smaller. Default false. */
  dropLast?: boolean;
  /** How many batches are being made while one is in use. Default 4. */
  prefetch?: number;
  /** How many threads read and transform images for this loader at a time, as for a `DataLoader`. Default: as many as the process has cores. */
  numThreads?: number;
  /** Fixes the order and every draw of the transforms. Default 0. */
  seed?: number | bigint;
  /** Where batches are moved to. Default: they stay where they were made. */
  device?: Device;
  /** Batches land in page-locked memory, as for a `DataLoader`. Default false. */
  pinMemory?: boolean;
  /** Stops a walk, which then throws the signal's reason. */
  signal?: AbortSignal;
  /** Makes a batch of samples `[x, y]`. Default: one tensor for each part. */
  collate?: Collate<B>;
  /**
   * What becomes of a sample that cannot be opened or labelled: `throw` (default) fails the batch, `skip` leaves it out; see
   * {@link StreamLoader.failures}. A damaged stream, such as an archive that ends too early, is an error all the same.
   */
  onError?: StreamOnError;
}

const streamWords = ['throw', 'skip'] as const;

/** The policies of a stream, which cannot be asked for another sample instead. */
export type StreamOnError = (typeof streamWords)[number];

/** The samples of a batch, and how many of the epoch came before them. */
interface Group<S> {
  readonly samples: readonly S[];
  readonly first: number;
}

/** What one walk shares among its batches. */
interface Walk {
  readonly epoch: number;
  /** Samples of batches that were had before. */
  readonly skipped: number;
  readonly failures: EpochFailures;
  readonly signal: AbortSignal;
}

/** A batch, null where none of its samples could be had, or the end. */
type Next<B> = { readonly batch: B | null } | { readonly visited: number };

async function batchOf(loading: Promise<Loaded<Next<unknown>>>): Promise<Loaded<unknown>> {
  const loaded = await loading;
  return 'error' in loaded || !('batch' in loaded.batch!) ? { batch: undefined } : loaded.batch;
}

/**
 * Batches of a stream, as an async iterable; a learner takes it as it takes a `DataLoader`.
 *
 *     const loader = new StreamLoader(shards, {
 *       x: openImages((sample) => sample.bytes('jpg', 'png')),
 *       y: (sample) => sample.text('cls'),
 *       procY: new CategoryProcessor({ vocab: ['church', 'tench'] }),
 *       tfms: [makeRgb, new ResizeFixed(128), toByteTensor],
 *     });
 *
 * Reading goes on while samples are opened and batches are used. Leaving a loop early closes what is open.
 */
export class StreamLoader<S extends StreamSample, B = Batch> implements AsyncIterable<B> {
  readonly stream: SampleStream<S>;
  readonly batchSize: number;
  readonly dropLast: boolean;
  readonly prefetch: number;
  readonly seed: number | bigint;
  readonly device: Device | undefined;
  /** Whether batches land in page-locked memory: it was asked for, and there is a CUDA device. */
  readonly pinMemory: boolean;
  /** Samples an epoch, or undefined for all that come. */
  readonly samples: number | undefined;
  readonly procX: readonly AnyProcessor[];
  readonly procY: readonly AnyProcessor[];
  readonly signal: AbortSignal | undefined;
  readonly onError: StreamOnError;
  readonly numThreads: number | undefined;
  readonly #chain: Chain;
  readonly #x: Part<S>;
  readonly #y: Part<S> | undefined;
  readonly #opener: BatchOpener<S> | undefined;
  readonly #collate: Collate<B> | undefined;
  #nextEpoch = 0;
  #nextBatch = 0;
  #failures: EpochFailures | undefined;

  constructor(stream: SampleStream<S>, options: StreamLoaderOptions<S, B>) {
    const given = stream as Partial<SampleStream<S>> | null | undefined;
    if (typeof given?.samples !== 'function') throw invalid('stream', 'an object with the method `samples`', stream);
    needOptions('StreamLoader', options);
    const { batchSize = 64, dropLast = false, prefetch = 4, seed = 0, device, samples } = options;
    this.stream = stream;
    this.batchSize = needCount('batchSize', batchSize, 1);
    this.dropLast = needFlag('dropLast', dropLast);
    if (needCount('prefetch', prefetch) > MOST_AHEAD) throw invalid('prefetch', `at most ${MOST_AHEAD}`, prefetch);
    this.prefetch = prefetch;
    this.seed = new Generator(seed).seed;
    this.device = device === undefined ? device : needText('device', device, "the name of a device, e.g. 'cpu'");
    this.pinMemory = canPin(options.pinMemory);
    this.samples = samples === undefined ? samples : needCount('samples', samples, 1);
    this.procX = processorList(options.procX);
    this.procY = processorList(options.procY);
    this.signal = options.signal === undefined ? undefined : needInstance('signal', options.signal, AbortSignal);
    this.onError = needOneOf('onError', options.onError ?? 'throw', streamWords);
    this.#chain = new Chain(options.tfms);
    this.numThreads = options.numThreads === undefined ? undefined : needCount('numThreads', options.numThreads);
    this.#x = { make: needFunction('x', options.x), processors: this.procX };
    this.#y = options.y === undefined ? undefined : { make: needFunction('y', options.y), processors: this.procY };
    this.#collate = options.collate === undefined ? undefined : needFunction('collate', options.collate);
    const takesAll = this.#collate === undefined && this.procX.length === 0;
    this.#opener = takesAll ? options.x.batches?.(this.#chain) : undefined;
  }

  /** The number of batches in an epoch. @throws TenchError where nobody said how many samples it has */
  get length(): number {
    if (this.samples === undefined)
      throw new TenchError(
        'a stream does not know how many samples it has; give the loader `samples` (for tar archives `await shards.count()`)',
      );
    const batches = this.samples / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /** Which epoch the next walk is. */
  get nextEpoch(): number {
    return this.#nextEpoch;
  }

  /**
   * Says which epoch the next walk is, and with which batch it begins, e.g. when training resumes in the middle of an epoch: those batches are
   * equal to the ones that an uninterrupted walk would have come to. The stream is read from its beginning, but what comes before is not opened.
   * Without it walks count on and begin at the beginning.
   */
  setEpoch(epoch: number, start: EpochStart = {}): void {
    needOptions('setEpoch', start);
    this.#nextEpoch = needCount('epoch', epoch);
    this.#nextBatch = needCount('batch', start.batch ?? 0);
  }

  /**
   * The samples that the current walk, or else the last one, has left out (`onError`), in the order of the epoch. At the end of a walk that had any,
   * a warning of the process gives their number and the first.
   */
  get failures(): readonly ItemFailure[] {
    return this.#failures?.list ?? [];
  }

  /** The first batch of the epoch that comes next; looking at it does not count as a walk. */
  async oneBatch(): Promise<B> {
    for await (const batch of this.#batches(this.#newFailures(this.#nextEpoch), 0, 0)) return batch;
    throw new TenchError('the stream has no sample');
  }

  [Symbol.asyncIterator](): AsyncGenerator<B, void, undefined> {
    const first = this.#nextBatch;
    this.#nextBatch = 0;
    this.#failures = this.#newFailures(this.#nextEpoch++);
    return this.#batches(this.#failures, first, this.prefetch);
  }

  #newFailures(epoch: number): EpochFailures {
    return new EpochFailures(this.onError, { seed: this.seed, epoch }, []);
  }

  async *#batches(failures: EpochFailures, first: number, prefetch: number): AsyncGenerator<B, void, undefined> {
    const stop = new Stop(this.signal);
    const walk = { epoch: failures.draw.epoch, skipped: first * this.batchSize, failures, signal: stop.signal };
    const groups = this.#groups(walk);
    const ahead: Promise<Loaded<Next<B>>>[] = [];
    const begin = (wanted: number): void => {
      // An async generator answers its calls in turn, so asking ahead reads ahead.
      while (ahead.length < wanted) ahead.push(settled(this.#next(groups, walk)));
    };
    try {
      for (;;) {
        begin(Math.max(1, prefetch));
        const loaded = await stop.before(ahead[0]!);
        this.signal?.throwIfAborted();
        if ('error' in loaded) throw loaded.error;
        const next = loaded.batch!;
        if ('visited' in next) {
          failures.report(next.visited);
          return;
        }
        begin(prefetch + 1);
        // A consumer that never leaves JavaScript would keep finished reads and decodes from taking their next step.
        await new Promise(setImmediate);
        this.signal?.throwIfAborted();
        void ahead.shift();
        if (next.batch !== null) yield next.batch;
      }
    } finally {
      stop.now();
      if (this.#collate === undefined) release(ahead.map(batchOf));
      await groups.return(0);
    }
  }

  async #next(groups: AsyncGenerator<Group<S>, number>, walk: Walk): Promise<Next<B>> {
    const { done, value } = await groups.next();
    return done === true ? { visited: value } : { batch: await this.#load(value, walk) };
  }

  /** The samples of each batch; returns how many there were. */
  async *#groups({ epoch, skipped, signal }: Walk): AsyncGenerator<Group<S>, number, undefined> {
    const { samples: wanted = Infinity, batchSize, seed } = this;
    let group: S[] = [];
    let count = 0;
    for await (const sample of this.stream.samples({ seed, epoch }, { signal })) {
      count += 1;
      if (count > skipped) group.push(sample);
      if (group.length === batchSize) {
        yield { samples: group, first: count - group.length };
        group = [];
      }
      if (count === wanted) break;
    }
    if (count < wanted && wanted !== Infinity)
      throw new TenchError(`the stream ended after ${count} samples, but an epoch should have ${wanted} (\`samples\`)`);
    if (group.length > 0 && !this.dropLast) yield { samples: group, first: count - group.length };
    return Math.max(0, count - skipped);
  }

  async #load({ samples, first }: Group<S>, { epoch, failures, signal }: Walk): Promise<B | null> {
    const { seed, numThreads: threads } = this;
    const to = { device: this.device, pinMemory: this.pinMemory };
    const request = { ...to, seed, epoch, signal, threads, onFailure: failures.handler(first) };
    const batch = { samples, x: this.#x, y: this.#y, chain: this.#chain, request };
    const count = this.#collate === undefined ? this.#chain.perItem : this.#chain.transforms.length;
    const { xs, ys, kept } = await (this.#opener === undefined
      ? openEach(batch, count)
      : openTogether(batch, this.#opener));
    if (kept.length === 0) return null;
    const names = kept.map((place) => samples[place]!.name);
    if (this.#collate !== undefined) {
      const items = xs as unknown[];
      return placedBatch(
        await this.#collate(this.#y === undefined ? items : items.map((x, i) => [x, ys[i]]), names),
        to,
      ) as B;
    }
    const parts: Batch = [Array.isArray(xs) ? this.#chain.batch(xs, names, to) : xs];
    if (this.#y !== undefined) parts.push(placedBatch(collate(ys, names), to) as Batch[number]);
    return parts as B;
  }

  [inspect.custom](): string {
    const count = this.samples === undefined ? 'all samples' : `${this.samples} samples`;
    return `StreamLoader (${count} of ${inspect(this.stream)}; batchSize: ${this.batchSize}, prefetch: ${this.prefetch}, seed: ${this.seed})`;
  }
}
