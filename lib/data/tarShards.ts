/**
 * Data sets in tar archives that are read from end to end, for sets too large for single files: thousands of small reads become a few long ones.
 *
 * A sample is what lies together in an archive under one path up to the first dot of its last part, as WebDataset has it: `a/0001.jpg`,
 * `a/0001.cls` and `a/0001.meta.json` are the parts `jpg`, `cls` and `meta.json` of the sample `a/0001`.
 */

import { inspect } from 'node:util';
import { tarFiles } from '../runtime/archives/tarStream.js';
import { needCount, needFlag, needInstance, needOptions, needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { needDraw, type Draw } from './chain.js';
import { Generator, needPositions } from './random.js';
import type { SampleStream, StreamSample } from './streamLoader.js';

/** Options of {@link TarShards}. */
export interface TarShardsOptions {
  /** Read the archives in an order that is drawn anew for every epoch. Default false. */
  shuffleShards?: boolean;
  /** How many samples are held to draw the next one from; 0, the default, keeps their order. */
  shuffleBuffer?: number;
  /** Which of several processes this one is, from 0 on. Each reads its own archives. Default 0. */
  rank?: number;
  /** How many processes there are. Default 1. */
  worldSize?: number;
  /** The largest part that is read. Default 1 GiB. */
  maxPartBytes?: number;
}

/** First number of the streams that shards are shuffled by, and its two uses; see chain.ts for the others. */
const SHARD_STREAM = 4;
const ORDER = 0;
const BUFFER = 1;

/** Samples of one archive; positions in the whole stream must stay whole numbers. */
const MOST_SAMPLES = 2 ** 32;

/** One sample: the files that share a name. */
export class TarSample implements StreamSample {
  /** Archive and key, for messages. */
  readonly name: string;
  /** What the files' paths have in common. */
  readonly key: string;
  /** The sample's number in the unshuffled stream; numbers begin anew, far apart, in each archive. */
  readonly index: number;
  /** The files by what follows the first dot of their names, lower case. */
  readonly parts: ReadonlyMap<string, Uint8Array>;

  constructor(name: string, key: string, index: number, parts: ReadonlyMap<string, Uint8Array>) {
    this.name = name;
    this.key = key;
    this.index = index;
    this.parts = parts;
  }

  /**
   * The bytes of a part: of the first of `endings` that is there.
   *
   * @throws TenchError that names the sample and the parts that it has
   */
  bytes(...endings: string[]): Uint8Array {
    const found = endings.map((ending) => this.parts.get(needText('endings', ending))).find((one) => one !== undefined);
    if (found !== undefined) return found;
    throw new TenchError(
      `${this.name} has no part ${endings.join(' or ')}; it has: ${[...this.parts.keys()].join(', ')}`,
    );
  }

  /** A part as text, without white space around it. */
  text(ending: string): string {
    return new TextDecoder().decode(this.bytes(ending)).trim();
  }

  /** A part as the value that it has in JSON. */
  json(ending: string): unknown {
    try {
      return JSON.parse(this.text(ending)) as unknown;
    } catch (cause) {
      if (cause instanceof TenchError) throw cause;
      throw new TenchError(`${this.name}: its part ${ending} is no JSON: ${(cause as Error).message}`, { cause });
    }
  }

  [inspect.custom](): string {
    const parts = [...this.parts].map(([ending, { length }]) => `${ending}: ${length} bytes`);
    return `TarSample ${this.name} (${parts.join(', ')})`;
  }
}

/** Tar archives as plain data. */
export interface TarShardsJSON {
  readonly kind: 'TarShards';
  readonly paths: readonly string[];
  readonly options: TarShardsOptions;
}

/**
 * The samples of tar archives, plain or compressed by gzip.
 *
 *     const shards = new TarShards(getFiles('shards', { extensions: ['.tar', '.tgz'] }), { shuffleShards: true, shuffleBuffer: 1000 });
 *     for await (const sample of shards) console.log(sample.key, sample.text('cls'));
 *
 * For batches see {@link StreamLoader}. Orders depend on seed and epoch alone.
 */
export class TarShards implements SampleStream<TarSample> {
  readonly paths: readonly string[];
  readonly options: Readonly<Required<TarShardsOptions>>;

  /**
   * @param paths one archive or several
   * @throws ArgumentError for no archive, or fewer than there are processes
   */
  constructor(paths: string | Iterable<string>, options: TarShardsOptions = {}) {
    this.paths = typeof paths === 'string' ? [paths] : [...needPaths(paths)];
    for (const path of this.paths) needText('paths', path);
    needOptions('TarShards', options);
    const { shuffleShards = false, shuffleBuffer = 0, rank = 0, worldSize = 1, maxPartBytes = 2 ** 30 } = options;
    needFlag('shuffleShards', shuffleShards);
    needPositions('shuffleBuffer', shuffleBuffer);
    needCount('worldSize', worldSize, 1);
    needCount('rank', rank);
    needCount('maxPartBytes', maxPartBytes, 1);
    if (rank >= worldSize) throw invalid('rank', `a whole number from 0 to ${worldSize - 1}`, rank);
    if (this.paths.length < worldSize)
      throw invalid('paths', `at least ${worldSize} archives, one for each process`, this.paths.length);
    this.options = { shuffleShards, shuffleBuffer, rank, worldSize, maxPartBytes };
  }

  /** The archives that an epoch reads here, in its order. All processes draw alike and share them out. */
  order(draw: Draw): string[] {
    return this.#numbers(needDraw(draw)).map((shard) => this.paths[shard]!);
  }

  /** The samples of an epoch. */
  async *samples(draw: Draw, options: { signal?: AbortSignal } = {}): AsyncGenerator<TarSample, void, undefined> {
    needOptions('TarShards#samples', options);
    const { signal } = options;
    if (signal !== undefined) needInstance('signal', signal, AbortSignal);
    const { shuffleBuffer } = this.options;
    const inOrder = this.#inOrder(needDraw(draw), signal);
    if (shuffleBuffer === 0) return yield* inOrder;
    const random = new Generator(draw.seed, SHARD_STREAM, BUFFER, draw.epoch);
    const held: TarSample[] = [];
    for await (const sample of inOrder) {
      if (held.length < shuffleBuffer) {
        held.push(sample);
        continue;
      }
      const chosen = random.integer(held.length);
      const drawn = held[chosen]!;
      held[chosen] = sample;
      yield drawn;
    }
    yield* random.shuffle(held);
  }

  /** The samples of seed 0 and epoch 0. */
  [Symbol.asyncIterator](): AsyncGenerator<TarSample, void, undefined> {
    return this.samples({ seed: 0, epoch: 0 });
  }

  /** How many samples there are in epoch 0, counted by reading all. Where several processes share out the archives, epochs may differ. */
  async count(): Promise<number> {
    let count = 0;
    const samples = this.#inOrder({ seed: 0, epoch: 0 });
    while (!(await samples.next()).done) count += 1;
    return count;
  }

  #numbers({ seed, epoch }: Draw): number[] {
    const { shuffleShards, rank, worldSize } = this.options;
    const all = this.paths.map((_, shard) => shard);
    const order = shuffleShards ? new Generator(seed, SHARD_STREAM, ORDER, epoch).shuffle(all) : all;
    return order.filter((_, place) => place % worldSize === rank);
  }

  async *#inOrder(draw: Draw, signal?: AbortSignal): AsyncGenerator<TarSample, void, undefined> {
    for (const shard of this.#numbers(draw)) yield* this.#samplesOf(shard, signal);
  }

  async *#samplesOf(shard: number, signal: AbortSignal | undefined): AsyncGenerator<TarSample, void, undefined> {
    const path = this.paths[shard]!;
    const seen = new Set<string>();
    let key: string | undefined;
    let parts = new Map<string, Uint8Array>();
    const finished = (): TarSample =>
      new TarSample(`${path}: ${key}`, key!, shard * MOST_SAMPLES + seen.size - 1, parts);
    for await (const file of tarFiles(path, { maxFileBytes: this.options.maxPartBytes, signal })) {
      const named = partOf(file.path);
      if (named === undefined) continue;
      if (named.key !== key) {
        if (key !== undefined) yield finished();
        if (seen.has(named.key)) throw new TenchError(`${path}: the parts of ${named.key} do not lie together`);
        [key, parts] = [named.key, new Map<string, Uint8Array>()];
        seen.add(key);
      }
      if (parts.has(named.ending)) throw new TenchError(`${path}: ${key} has two parts ${named.ending}`);
      parts.set(named.ending, file.bytes);
    }
    if (key !== undefined) yield finished();
  }

  toJSON(): TarShardsJSON {
    return { kind: 'TarShards', paths: this.paths, options: this.options };
  }

  static fromJSON(json: TarShardsJSON): TarShards {
    needOptions('TarShards.fromJSON: json', json);
    if (needText('json.kind', json.kind) !== 'TarShards') throw invalid('json.kind', "'TarShards'", json.kind);
    return new TarShards(json.paths, json.options);
  }

  [inspect.custom](): string {
    const { shuffleShards, shuffleBuffer, rank, worldSize } = this.options;
    const settings = [`shuffleShards: ${shuffleShards}`, `shuffleBuffer: ${shuffleBuffer}`];
    if (worldSize > 1) settings.push(`rank: ${rank} of ${worldSize}`);
    return `TarShards (${this.paths.length} archives; ${settings.join(', ')})`;
  }
}

/** Key and ending of a file; undefined for one whose name begins with a dot, as in `getFiles`. */
function partOf(path: string): { key: string; ending: string } | undefined {
  const start = path.lastIndexOf('/') + 1;
  const dot = path.indexOf('.', start);
  if (dot === start) return undefined;
  if (dot < 0) return { key: path, ending: '' };
  return { key: path.slice(0, dot), ending: path.slice(dot + 1).toLowerCase() };
}

function needPaths(paths: Iterable<string>): Iterable<string> {
  const given = paths as Partial<Iterable<string>> | null;
  if (typeof given === 'object' && given !== null && typeof given[Symbol.iterator] === 'function') return paths;
  throw invalid('paths', 'the path of a tar archive, or several', paths);
}
