/**
 * Batches of image files, or of the bytes of some, painted by native threads straight into the batch tensor.
 *
 * First every file is opened, which gives its size; then JavaScript plans each image, which is all that it has to do; then native threads decode,
 * transform and write. Files that are no JPEG are decoded by sharp and join at the last step.
 */

import { Budget } from '../data/budget.js';
import { requireEqualShapes } from '../data/collate.js';
import type { BatchRequest } from '../data/itemList.js';
import { empty, tensor, type Tensor } from '../tensor/index.js';
import { handleOf } from '../tensor/tensor.js';
import { DEFAULT_MAX_PIXELS, decodedBytes, inputOf, type DecodeOptions } from './decode.js';
import type { Image } from './image.js';
import { ALL_THREADS, FileKind, nativeImages, type Lane } from './nativeImages.js';
import { paintingError, reasonFor, type PaintedItem, type Reason } from './paintedItem.js';
import type { Plan, PlannedChain } from './plannedChain.js';
import type { ImageSize } from './program.js';
import { decodeWithSharp } from './sharpDecoder.js';

/** What sharp may hold decoded at a time. */
const SHARP_BYTES = 64 * 2 ** 20;

/** What native threads may hold at a time in copies of bytes that JavaScript has in memory: of more than that, some wait. */
const COPIED_BYTES = 32 * 2 ** 20;

/** What all images of a painter go through. */
export interface PainterSettings {
  readonly chain: PlannedChain;
  readonly decoding: DecodeOptions;
}

/** One place of a batch that is to be filled. */
interface Place {
  readonly place: number;
  readonly item: PaintedItem;
}

/** What a file holds, upright. */
interface KnownFile extends Place {
  readonly file: number;
  readonly kind: number;
  readonly size: ImageSize;
}

export class BatchPainter {
  readonly #settings: PainterSettings;
  readonly #owner: number;
  readonly #budget = new Budget(SHARP_BYTES);
  readonly #copies = new Budget(COPIED_BYTES);

  constructor(settings: PainterSettings) {
    this.#settings = settings;
    this.#owner = nativeImages.newLane();
  }

  /**
   * Images in one tensor; undefined if none of them could be had.
   *
   * @param itemAt gives the items by which `request.onFailure` replaces others
   */
  async paint(
    items: readonly PaintedItem[],
    request: BatchRequest,
    itemAt?: (index: number, place: number) => PaintedItem,
  ): Promise<Tensor | undefined> {
    const lane = { owner: this.#owner, threads: request.threads ?? ALL_THREADS };
    const painting = new Painting(this.#settings, this.#budget, lane, request, items.length);
    try {
      let failed = items.map((item, place): Place => ({ place, item }));
      // What takes the place of a file that cannot be read may be unreadable too.
      while (failed.length > 0) {
        const wanted = failed;
        failed = [];
        for (const { bytes, places } of byBytes(wanted)) {
          const replaced = await this.#copies.run(bytes, () => painting.fill(places));
          for (const { place, index } of replaced) failed.push({ place, item: itemAt!(index, place) });
        }
      }
      return painting.finish();
    } catch (error) {
      painting.abandon();
      throw error;
    }
  }
}

/** One batch on its way. */
class Painting {
  readonly #chain: PlannedChain;
  readonly #budget: Budget;
  readonly #lane: Lane;
  readonly #request: BatchRequest;
  readonly #limits: Required<DecodeOptions>;
  readonly #sizes: (ImageSize | undefined)[];
  readonly #names: string[];
  #tensor: Tensor | undefined;

  constructor(settings: PainterSettings, budget: Budget, lane: Lane, request: BatchRequest, count: number) {
    this.#chain = settings.chain;
    this.#budget = budget;
    this.#lane = lane;
    this.#request = request;
    const { maxPixels = DEFAULT_MAX_PIXELS, allowTruncated = false } = settings.decoding;
    this.#limits = { maxPixels, allowTruncated };
    this.#sizes = new Array<undefined>(count).fill(undefined);
    this.#names = new Array<string>(count).fill('');
  }

  /** Fills places, and returns those that are to be filled once more, and with which other items. */
  async fill(wanted: readonly Place[]): Promise<Replacement[]> {
    const { signal } = this.#request;
    signal?.throwIfAborted();
    // Nothing is painted yet, so nothing ties the batch to a size.
    if (this.#sizes.every((size) => size === undefined)) this.abandon();
    const { owner, threads } = this.#lane;
    const { maxPixels, allowTruncated } = this.#limits;
    const sources = wanted.map(({ item }) => inputOf(item.source).input);
    const [batch, known] = nativeImages.openBatch(sources, owner, threads, maxPixels, allowTruncated);
    const close = (): void => nativeImages.closeBatch(batch);
    signal?.addEventListener('abort', close, { once: true });
    try {
      const figures = await known;
      signal?.throwIfAborted();
      const reasons = await this.#paint(batch, describeFiles(wanted, figures));
      return this.#decide(wanted, reasons);
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
    const { input, name } = inputOf(file.item.source);
    let image: Image | undefined;
    return this.#budget.run(decodedBytes(input), async () => {
      signal?.throwIfAborted();
      try {
        image = await decodeWithSharp(input, name, this.#limits);
      } catch (cause) {
        return reasonFor(cause, this.#limits.maxPixels);
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

  #plan({ place, item, size }: KnownFile): Plan {
    const { seed, epoch, signal } = this.#request;
    const { index, name, occurrence } = item;
    const plan = this.#chain.plan(size, { seed, epoch, occurrence, index, name, signal });
    this.#sizes[place] = plan.size;
    this.#names[place] = name;
    return plan;
  }

  /** The batch tensor, made when the first size is known. */
  #allocate({ width, height, channels }: ImageSize): void {
    const { device, pinMemory = false } = this.#request;
    const dtype = this.#chain.pixelType(device);
    this.#tensor ??= empty([this.#sizes.length, channels, height, width], { dtype, pinMemory });
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
  #decide(wanted: readonly Place[], reasons: readonly (Reason | null)[]): Replacement[] {
    const again: Replacement[] = [];
    wanted.forEach(({ place, item }, file) => {
      const failed = reasons[file];
      if (failed === null || failed === undefined) return;
      const cause = paintingError(item, failed);
      if (this.#request.onFailure === undefined) throw cause;
      const other = this.#request.onFailure({ place, index: item.index, path: item.name, cause });
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
    if (kept.length < this.#sizes.length) {
      const places = tensor(kept, { dtype: 'int64' });
      const filled = this.#tensor.indexSelect(0, places);
      for (const used of [this.#tensor, places]) used.dispose();
      this.#tensor = filled;
    }
    const finished = this.#chain.finish(this.#tensor, this.#request);
    if (finished !== this.#tensor) this.#tensor.dispose();
    return finished;
  }

  abandon(): void {
    this.#tensor?.dispose();
    this.#tensor = undefined;
  }
}

/** Another item for a place. */
interface Replacement {
  readonly place: number;
  readonly index: number;
}

/** Places in runs whose bytes in memory, which are copied, fit into what may be held at a time. */
function byBytes(wanted: readonly Place[]): { bytes: number; places: Place[] }[] {
  const runs: { bytes: number; places: Place[] }[] = [];
  for (const place of wanted) {
    const { input } = inputOf(place.item.source);
    const bytes = typeof input === 'string' ? 0 : input.length;
    const last = runs.at(-1);
    if (last === undefined || last.bytes + bytes > COPIED_BYTES) runs.push({ bytes, places: [place] });
    else {
      last.bytes += bytes;
      last.places.push(place);
    }
  }
  return runs;
}

function describeFiles(wanted: readonly Place[], figures: Float64Array): KnownFile[] {
  return wanted.map(({ place, item }, file) => {
    const [kind, width, height, channels] = figures.subarray(4 * file, 4 * file + 4) as unknown as number[];
    return { place, item, file, kind: kind!, size: { width, height, channels } as ImageSize };
  });
}

function sizeText({ width, height, channels }: ImageSize): string {
  return `${width} x ${height} with ${channels} ${channels === 1 ? 'channel' : 'channels'}`;
}
