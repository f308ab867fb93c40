/**
 * Batches of image files, painted by native threads straight into the batch tensor.
 *
 * First every file is opened, which gives its size; then JavaScript plans each image, which is all that it has to do; then native threads decode,
 * transform and write. Files that are no JPEG are decoded by sharp and join at the last step.
 */

import { Budget } from '../data/budget.js';
import { requireEqualShapes } from '../data/collate.js';
import type { BatchRequest } from '../data/itemList.js';
import { empty, tensor, type Tensor } from '../tensor/index.js';
import { handleOf } from '../tensor/tensor.js';
import { DEFAULT_MAX_PIXELS, decodedBytes, imageError, reasonOf, type DecodeOptions } from './decode.js';
import type { Image } from './image.js';
import { ALL_THREADS, FileKind, nativeImages, type Lane } from './nativeImages.js';
import type { Plan, PlannedChain } from './plannedChain.js';
import type { ImageSize } from './program.js';
import { decodeWithSharp } from './sharpDecoder.js';

/** What sharp may hold decoded at a time. */
const SHARP_BYTES = 128 * 2 ** 20;

/** What a batch is painted from. */
export interface PainterSource {
  readonly chain: PlannedChain;
  readonly decoding: DecodeOptions;
  pathOf(index: number): string;
}

/** One place of a batch that is to be filled. */
interface Place {
  readonly place: number;
  readonly index: number;
}

/** What a file holds, upright. */
interface KnownFile extends Place {
  readonly file: number;
  readonly kind: number;
  readonly size: ImageSize;
}

export class BatchPainter {
  readonly #source: PainterSource;
  readonly #owner: number;
  readonly #budget = new Budget(SHARP_BYTES);

  constructor(source: PainterSource) {
    this.#source = source;
    this.#owner = nativeImages.newLane();
  }

  /** The images at `indices` in one tensor; undefined if none of them could be had. */
  async paint(indices: readonly number[], request: BatchRequest): Promise<Tensor | undefined> {
    const lane = { owner: this.#owner, threads: request.threads ?? ALL_THREADS };
    const painting = new Painting(this.#source, this.#budget, lane, request, indices.length);
    try {
      let wanted: Place[] = indices.map((index, place) => ({ place, index }));
      // What takes the place of a file that cannot be read may be unreadable too.
      while (wanted.length > 0) wanted = await painting.fill(wanted);
      return painting.finish();
    } catch (error) {
      painting.abandon();
      throw error;
    }
  }
}

/** One batch on its way. */
class Painting {
  readonly #source: PainterSource;
  readonly #budget: Budget;
  readonly #lane: Lane;
  readonly #request: BatchRequest;
  readonly #limits: Required<DecodeOptions>;
  readonly #sizes: (ImageSize | undefined)[];
  readonly #names: string[];
  #tensor: Tensor | undefined;

  constructor(source: PainterSource, budget: Budget, lane: Lane, request: BatchRequest, count: number) {
    this.#source = source;
    this.#budget = budget;
    this.#lane = lane;
    this.#request = request;
    const { maxPixels = DEFAULT_MAX_PIXELS, allowTruncated = false } = source.decoding;
    this.#limits = { maxPixels, allowTruncated };
    this.#sizes = new Array<undefined>(count).fill(undefined);
    this.#names = new Array<string>(count).fill('');
  }

  /** Fills places, and returns those that are to be filled once more, with other items. */
  async fill(wanted: readonly Place[]): Promise<Place[]> {
    const { signal } = this.#request;
    signal?.throwIfAborted();
    // Nothing is painted yet, so nothing ties the batch to a size.
    if (this.#sizes.every((size) => size === undefined)) this.abandon();
    const { owner, threads } = this.#lane;
    const { maxPixels, allowTruncated } = this.#limits;
    const paths = wanted.map(({ index }) => this.#source.pathOf(index));
    const [batch, known] = nativeImages.openBatch(paths, owner, threads, maxPixels, allowTruncated);
    const close = (): void => nativeImages.closeBatch(batch);
    signal?.addEventListener('abort', close, { once: true });
    try {
      const figures = await known;
      signal?.throwIfAborted();
      const reasons = await this.#paint(batch, describeFiles(wanted, figures));
      return this.#decide(wanted, paths, reasons);
    } finally {
      signal?.removeEventListener('abort', close);
      if (signal?.aborted !== true) close();
    }
  }

  /** Runs what is planned for each file; returns why some of them failed. */
  async #paint(batch: number, files: readonly KnownFile[]): Promise<(Reason | null)[]> {
    const { signal } = this.#request;
    const jpegs = files.filter(({ kind }) => kind === FileKind.jpeg).map((file) => ({ file, plan: this.#plan(file) }));
    this.#requireOneSize();
    if (jpegs.length > 0) this.#allocate(jpegs[0]!.plan.size);
    const others = files.filter(({ kind }) => kind === FileKind.other);
    const [ofOthers] = await Promise.all([
      Promise.all(others.map((file) => this.#paintOther(file))),
      jpegs.length > 0 ? this.#paintJpegs(batch, jpegs) : undefined,
    ]);
    signal?.throwIfAborted();
    this.#requireOneSize();
    const reasons: (Reason | null)[] = nativeImages
      .batchReasons(batch)
      .map((reason) => (reason === null ? null : { reason }));
    others.forEach(({ file }, i) => (reasons[file] = ofOthers[i]!));
    files.forEach(({ file, place }) => {
      if (reasons[file] !== null) this.#sizes[place] = undefined;
    });
    return reasons;
  }

  #paintJpegs(batch: number, jpegs: readonly { file: KnownFile; plan: Plan }[]): Promise<void> {
    const ends = new Float64Array(jpegs.length);
    let length = 0;
    jpegs.forEach(({ plan }, i) => (ends[i] = length += plan.program.length));
    const programs = new Float64Array(length);
    jpegs.forEach(({ plan }, i) => programs.set(plan.program, ends[i]! - plan.program.length));
    return nativeImages.paintBatch(
      batch,
      handleOf(this.#tensor!),
      Float64Array.from(jpegs, ({ file }) => file.file),
      Float64Array.from(jpegs, ({ file }) => file.place),
      ends,
      programs,
      this.#lane.owner,
      this.#lane.threads,
    );
  }

  /** Decodes a file by sharp and paints it; why that failed, or null. */
  async #paintOther(file: KnownFile): Promise<Reason | null> {
    const { signal } = this.#request;
    const path = this.#source.pathOf(file.index);
    let image: Image | undefined;
    return this.#budget.run(decodedBytes(path), async () => {
      signal?.throwIfAborted();
      try {
        image = await decodeWithSharp(path, path, this.#limits);
      } catch (cause) {
        return { reason: reasonOf(cause, this.#limits.maxPixels), cause };
      }
      signal?.throwIfAborted();
      const { program, size } = this.#plan({ ...file, size: image });
      this.#allocate(size);
      // The error for another size is the whole batch's, once all sizes are known.
      if (!this.#fits(size)) return null;
      const { owner, threads } = this.#lane;
      const { data, width, height, channels } = image;
      const target = handleOf(this.#tensor!);
      await nativeImages.paintPixels(target, file.place, data, width, height, channels, program, owner, threads);
      return null;
    });
  }

  #plan({ place, index, size }: KnownFile): Plan {
    const { seed, epoch, signal, occurrences } = this.#request;
    const name = this.#source.pathOf(index);
    const occurrence = occurrences?.[place];
    const plan = this.#source.chain.plan(size, { seed, epoch, occurrence, index, name, signal });
    this.#sizes[place] = plan.size;
    this.#names[place] = name;
    return plan;
  }

  /** The batch tensor, made when the first size is known. */
  #allocate({ width, height, channels }: ImageSize): void {
    const dtype = this.#source.chain.pixelType(this.#request.device);
    this.#tensor ??= empty([this.#sizes.length, channels, height, width], { dtype });
  }

  #fits({ width, height, channels }: ImageSize): boolean {
    const [, c, h, w] = this.#tensor!.shape;
    return channels === c && height === h && width === w;
  }

  #requireOneSize(): void {
    const known = this.#sizes.flatMap((size, place) =>
      size === undefined ? [] : [{ size, name: this.#names[place]! }],
    );
    requireEqualShapes(
      known.map(({ size }) => sizeText(size)),
      known.map(({ name }) => name),
    );
  }

  /** What becomes of the places that could not be filled. */
  #decide(wanted: readonly Place[], paths: readonly string[], reasons: readonly (Reason | null)[]): Place[] {
    const again: Place[] = [];
    wanted.forEach(({ place, index }, file) => {
      const failed = reasons[file];
      if (failed === null || failed === undefined) return;
      const path = paths[file]!;
      const cause = imageError(path, path, failed.reason, failed.cause);
      if (this.#request.onFailure === undefined) throw cause;
      const other = this.#request.onFailure({ place, index, path, cause });
      if (other !== undefined) again.push({ place, index: other });
    });
    return again;
  }

  /** The tensor of all places that were filled, after the steps on batches. */
  finish(): Tensor | undefined {
    const kept = this.#sizes.flatMap((size, place) => (size === undefined ? [] : [place]));
    if (this.#tensor === undefined || kept.length === 0) {
      this.abandon();
      return undefined;
    }
    const painted = this.#tensor;
    const whole = kept.length === this.#sizes.length;
    const batch = whole ? painted : painted.indexSelect(0, tensor(kept, { dtype: 'int64' }));
    const finished = this.#source.chain.finish(batch, this.#request.device);
    if (finished !== painted) painted.dispose();
    return finished;
  }

  abandon(): void {
    this.#tensor?.dispose();
    this.#tensor = undefined;
  }
}

/** Why a file could not be painted. */
interface Reason {
  readonly reason: string;
  readonly cause?: unknown;
}

function describeFiles(wanted: readonly Place[], figures: Float64Array): KnownFile[] {
  return wanted.map(({ place, index }, file) => {
    const [kind, width, height, channels] = figures.subarray(4 * file, 4 * file + 4) as unknown as number[];
    return { place, index, file, kind: kind!, size: { width, height, channels } as ImageSize };
  });
}

function sizeText({ width, height, channels }: ImageSize): string {
  return `${width} x ${height} with ${channels} ${channels === 1 ? 'channel' : 'channels'}`;
}
