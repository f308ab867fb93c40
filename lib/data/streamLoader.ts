/** Batches of a stream: of samples that come one after another, with no way to ask for the n-th. */

import { inspect } from 'node:util';
import type { Device } from '../tensor/index.js';
import { needCount, needFlag, needFunction, needInstance, needOptions, needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { Chain, guard, type Draw } from './chain.js';
import { collate, type Batch } from './collate.js';
import type { Transforms } from './compose.js';
import { inTurn } from './itemList.js';
import { moved, settled, type Collate, type Loaded } from './loader.js';
import { processorList, type AnyProcessor, type Processors } from './processors.js';
import { Generator } from './random.js';

/** What a stream's samples must have. */
export interface StreamSample {
  /** What to call the sample in messages. */
  readonly name: string;
  /** A number of its own in the stream, whatever the order: the draws of transforms hang on it. */
  readonly index: number;
}

/** What can be streamed; `TarShards` is one. */
export interface SampleStream<S extends StreamSample> {
  /** The samples of an epoch in its order. Equal draws must give equal samples. */
  samples(draw: Draw, options: { signal: AbortSignal }): AsyncIterable<S>;
}

/** A stream that has ended says so only when it is asked, so batches are asked for in advance without knowing whether they come. */
const MOST_AHEAD = 1024;

/** Options of {@link StreamLoader}. */
export interface StreamLoaderOptions<S, B = Batch> {
  /** What goes into a model: opens a sample. May return a promise. */
  x: (sample: S) => unknown;
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
  /** Fixes the order and every draw of the transforms. Default 0. */
  seed?: number | bigint;
  /** Where batches are moved to. Default: they stay where they were made. */
  device?: Device;
  /** Stops a walk, which then throws the signal's reason. */
  signal?: AbortSignal;
  /** Makes a batch of samples `[x, y]`. Default: one tensor for each part. */
  collate?: Collate<B>;
}

/**
 * Batches of a stream, as an async iterable; a learner takes it as it takes a `DataLoader`.
 *
 *     const loader = new StreamLoader(shards, {
 *       x: (sample) => decodeImage({ name: sample.name, bytes: sample.bytes('jpg', 'png') }),
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
  /** Samples an epoch, or undefined for all that come. */
  readonly samples: number | undefined;
  readonly procX: readonly AnyProcessor[];
  readonly procY: readonly AnyProcessor[];
  readonly signal: AbortSignal | undefined;
  readonly #chain: Chain;
  readonly #x: (sample: S) => unknown;
  readonly #y: ((sample: S) => unknown) | undefined;
  readonly #collate: Collate<B> | undefined;
  #nextEpoch = 0;

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
    this.samples = samples === undefined ? samples : needCount('samples', samples, 1);
    this.procX = processorList(options.procX);
    this.procY = processorList(options.procY);
    this.signal = options.signal === undefined ? undefined : needInstance('signal', options.signal, AbortSignal);
    this.#chain = new Chain(options.tfms);
    this.#x = needFunction('x', options.x);
    this.#y = options.y === undefined ? undefined : needFunction('y', options.y);
    this.#collate = options.collate === undefined ? undefined : needFunction('collate', options.collate);
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

  /** Says which epoch the next walk is, e.g. when training resumes. Without it walks count on. */
  setEpoch(epoch: number): void {
    this.#nextEpoch = needCount('epoch', epoch);
  }

  /** The first batch of the epoch that comes next; looking at it does not count as a walk. */
  async oneBatch(): Promise<B> {
    for await (const batch of this.#batches(this.#nextEpoch, 0)) return batch;
    throw new TenchError('the stream has no sample');
  }

  [Symbol.asyncIterator](): AsyncGenerator<B, void, undefined> {
    return this.#batches(this.#nextEpoch++, this.prefetch);
  }

  async *#batches(epoch: number, prefetch: number): AsyncGenerator<B, void, undefined> {
    const abandoned = new AbortController();
    const { signal: user } = this;
    const stop = (): void => abandoned.abort(user?.reason);
    user?.throwIfAborted();
    user?.addEventListener('abort', stop, { once: true });
    const groups = this.#groups(epoch, abandoned.signal);
    const ahead: Promise<Loaded<B>>[] = [];
    const begin = (wanted: number): void => {
      // An async generator answers its calls in turn, so asking ahead reads ahead.
      while (ahead.length < wanted) ahead.push(settled(this.#next(groups, epoch, abandoned.signal)));
    };
    try {
      for (;;) {
        begin(Math.max(1, prefetch));
        const loaded = await ahead.shift()!;
        user?.throwIfAborted();
        if ('error' in loaded) throw loaded.error;
        if (loaded.batch === undefined) return;
        begin(prefetch);
        // A consumer that never leaves JavaScript would keep finished reads and decodes from taking their next step.
        await new Promise(setImmediate);
        yield loaded.batch;
      }
    } finally {
      user?.removeEventListener('abort', stop);
      abandoned.abort();
      await groups.return();
    }
  }

  async #next(groups: AsyncGenerator<S[]>, epoch: number, signal: AbortSignal): Promise<B | undefined> {
    const { done, value } = (await groups.next()) as IteratorResult<S[], undefined>;
    return done === true ? undefined : this.#load(value, epoch, signal);
  }

  /** The samples of each batch. */
  async *#groups(epoch: number, signal: AbortSignal): AsyncGenerator<S[], void, undefined> {
    const { samples: wanted = Infinity, batchSize, seed } = this;
    let group: S[] = [];
    let count = 0;
    for await (const sample of this.stream.samples({ seed, epoch }, { signal })) {
      group.push(sample);
      count += 1;
      if (group.length === batchSize || count === wanted) {
        if (group.length === batchSize || !this.dropLast) yield group;
        group = [];
      }
      if (count === wanted) return;
    }
    if (wanted !== Infinity)
      throw new TenchError(`the stream ended after ${count} samples, but an epoch should have ${wanted} (\`samples\`)`);
    if (group.length > 0 && !this.dropLast) yield group;
  }

  async #load(group: readonly S[], epoch: number, signal: AbortSignal): Promise<B> {
    const { seed, device } = this;
    const names = group.map(({ name }) => name);
    const count = this.#collate === undefined ? this.#chain.perItem : this.#chain.transforms.length;
    const xs = inTurn(
      group.map(async (sample): Promise<unknown> => {
        const { name, index } = sample;
        const opened = await prepared(sample, this.#x, this.procX, 'opening it');
        return this.#chain.run(opened, { seed, epoch, index, name, signal }, count);
      }),
    );
    const y = this.#y;
    const ys =
      y === undefined ? undefined : inTurn(group.map((sample) => prepared(sample, y, this.procY, 'labelling it')));
    const [xItems, yItems] = await Promise.all([xs, ys]);
    if (this.#collate !== undefined) {
      const samples = xItems.map((item, index) => (yItems === undefined ? item : [item, yItems[index]]));
      return moved(await this.#collate(samples, names), device) as B;
    }
    const batch: Batch = [this.#chain.batch(xItems, names, device)];
    if (yItems !== undefined) batch.push(moved(collate(yItems, names), device) as Batch[number]);
    return batch as B;
  }

  [inspect.custom](): string {
    const count = this.samples === undefined ? 'all samples' : `${this.samples} samples`;
    return `StreamLoader (${count} of ${inspect(this.stream)}; batchSize: ${this.batchSize}, prefetch: ${this.prefetch}, seed: ${this.seed})`;
  }
}

/** What a function makes of a sample, through processors; what fails names the sample. */
async function prepared<S extends StreamSample>(
  sample: S,
  make: (sample: S) => unknown,
  processors: readonly AnyProcessor[],
  doing: string,
): Promise<unknown> {
  return guard(
    async () => {
      const made: unknown = await make(sample);
      return processors.reduce<unknown>((item, processor) => processor.proc1(item as never), made);
    },
    sample.name,
    () => doing,
  );
}
