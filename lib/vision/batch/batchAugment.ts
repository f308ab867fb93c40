/** BatchAugment: random changes of a whole batch on its device, drawn for each picture by itself, and one sample of the pixels. */

import { inspect } from 'node:util';

import type { TransformDescription } from '../../data/compose.js';
import { Generator } from '../../data/random.js';
import type { GridSampleMode, GridSamplePadding } from '../../nn/functional.js';
import {
  needArray,
  needCount,
  needFlag,
  needInstance,
  needNumber,
  needOneOf,
  needOptions,
} from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import { noGrad, tensor, type Tensor } from '../../tensor/index.js';
import type { ContactSheet } from '../contactSheet.js';
import { normalizeChan, type ChannelStats } from '../normalize.js';
import { requireSize } from '../transforms/options.js';
import { identity, isAffine, multiply, type Matrix3 } from './matrix.js';
import { BatchPart, GeometricPart, PixelPart, type PartRandom, type PictureSize, type Stage } from './part.js';
import { needPictures } from './rotateBatch.js';
import { showVersions, type ShowVersionsOptions } from './show.js';
import { sampleBatch } from './sampleBatch.js';
import { moveTargets, needTargets, type BatchTargets, type MovedTargets } from './targets.js';

/** First number of every stream that a batch's parts draw from; see lib/data/chain.ts for the others. */
const BATCH_STREAM = 6;

/** Options of {@link BatchAugment}. */
export interface BatchAugmentOptions {
  /** Of the result: the side of a square, or `[width, height]`. Default: that of the batch. */
  readonly size?: number | readonly [width: number, height: number];
  /** How pixels are read; default `'bilinear'`. */
  readonly mode?: GridSampleMode;
  /** What is read outside of a picture; default `'reflection'`. */
  readonly paddingMode?: GridSamplePadding;
  /**
   * What normalised coordinates of -1 and 1 are: the outer edges of a picture (false, default), so that a change of size is that of
   * `F.interpolate`, or the middles of its outermost pixels (true), as in the lesson and in fastai.
   */
  readonly alignCorners?: boolean;
  /** To normalise by in the end, one number a channel; both or none. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Of all draws; default 0. */
  readonly seed?: number | bigint;
}

/** Which batch it is, and what comes with it. */
export interface AugmentContext {
  /** False: no part has its turn; the batch is only brought to size and normalised. Default true. */
  readonly train?: boolean;
  /** With the seed they fix all draws, so that a batch is the same after a resume. Default 0. */
  readonly epoch?: number;
  readonly index?: number;
  /** Draws from these numbers instead. */
  readonly random?: Generator;
}

/** A batch with its targets. */
export interface AugmentedBatch {
  readonly xb: Tensor;
  readonly targets: MovedTargets;
}

/**
 * Changes batches at random, on their device and without waiting for it.
 *
 *     const augment = new BatchAugment([new BatchFlip(), new BatchRotate({ maxDegrees: 20 })], { size: 128, ...imagenetteStats });
 *     const xb = augment.apply(bytes, { epoch, index });
 *
 * Geometric parts are drawn and composed on the host, in their order, to one matrix a picture, and the pixels are read once. Then come
 * lighting, normalising and erasing (see {@link Stage}).
 *
 * Pixels are read as they lie, without the wider filter of a reduction: where the result is less than half as large as what it shows,
 * pixels are skipped.
 */
export class BatchAugment {
  readonly parts: readonly BatchPart[];
  /** `[width, height]`, or null for that of each batch. */
  readonly size: readonly [width: number, height: number] | null;
  readonly mode: GridSampleMode;
  readonly paddingMode: GridSamplePadding;
  readonly alignCorners: boolean;
  readonly mean: readonly number[] | null;
  readonly std: readonly number[] | null;
  readonly seed: number | bigint;
  readonly #base: Generator;

  /** @param parts in any order of stages; within a stage their order counts */
  constructor(parts: readonly BatchPart[], options: BatchAugmentOptions = {}) {
    needOptions('BatchAugment', options);
    const { size, mode = 'bilinear', paddingMode = 'reflection', alignCorners = false, mean, std, seed = 0 } = options;
    this.parts = [...needArray('parts', parts, 'an array of batch parts')];
    for (const part of this.parts) needInstance('parts', part, BatchPart);
    this.size = size === undefined ? null : requireSize('size', size);
    this.mode = needOneOf('mode', mode, ['bilinear', 'nearest', 'bicubic']);
    this.paddingMode = needOneOf('paddingMode', paddingMode, ['zeros', 'border', 'reflection']);
    this.alignCorners = needFlag('alignCorners', alignCorners);
    this.mean = needNumbers('mean', mean);
    this.std = needNumbers('std', std);
    if ((this.mean === null) !== (this.std === null))
      throw invalid('mean and std', 'both or none of them', { mean, std });
    this.#base = new Generator(seed, BATCH_STREAM);
    this.seed = seed;
  }

  /**
   * The batch, changed: float32 for uint8 (in units of 0 to 1 before it is normalised), else of the batch's dtype.
   *
   * @param xb [batch, channels, height, width], uint8 or floating-point in units of 0 to 1
   */
  apply(xb: Tensor, context: AugmentContext = {}): Tensor {
    return this.applyWithTargets(xb, {}, context).xb;
  }

  /** The batch, changed, and targets that follow its geometry. */
  applyWithTargets(xb: Tensor, targets: BatchTargets, context: AugmentContext = {}): AugmentedBatch {
    needOptions('context', context);
    const { train = true } = context;
    needFlag('context.train', train);
    const [batch, , height, width] = needPictures('xb', xb).shape as [number, number, number, number];
    needTargets(targets, batch);
    const random = randomOf(this.#base, context);
    const [outWidth, outHeight] = this.size ?? [width, height];
    const [from, to] = [
      { width, height },
      { width: outWidth, height: outHeight },
    ];
    return noGrad(() => {
      const drawn = train ? drawMatrices(this.parts, random, batch, { from, to }) : null;
      const still = drawn === null && outWidth === width && outHeight === height;
      const geometry = still ? null : { matrices: drawn ?? new Array<Matrix3>(batch).fill(identity), from, to };
      const lit = train && this.parts.some(({ stage }) => stage === 'lighting');
      const painted = train && this.parts.some((part) => part instanceof PixelPart);
      const stats = this.mean === null || this.std === null ? null : { mean: this.mean, std: this.std };
      const moved =
        geometry === null
          ? { x: toFloats(xb, { owned: painted }), targets }
          : this.#sample(xb, targets, geometry, lit ? null : stats);
      let { x } = moved;
      if (lit) x = runPasses('lighting', this.parts, x, random);
      if (stats !== null && (lit || geometry === null)) x = normalizeChan(x, stats.mean, stats.std);
      if (train) x = runPasses('erasing', this.parts, x, random);
      return { xb: x, targets: moved.targets };
    });
  }

  #sample(
    xb: Tensor,
    targets: BatchTargets,
    { matrices, from, to }: Drawn,
    stats: ChannelStats | null,
  ): { x: Tensor; targets: MovedTargets } {
    const { mode, paddingMode, alignCorners } = this;
    const affine = matrices.every(isAffine);
    const maps = tensor(Float64Array.from(matrices.flat()), { shape: [matrices.length, 3, 3] });
    const options = { size: [to.height, to.width], mode, paddingMode, alignCorners, affine } as const;
    return {
      x: sampleBatch(xb, maps, { ...options, stats }),
      targets: moveTargets(targets, { matrices, from, to, options }, maps),
    };
  }

  /**
   * Pictures to look at, each with n versions of it: what the epochs 0 to n - 1 would make of them.
   *
   *     await augment.show(x, 8).save('versions.png');
   *
   * @param x one picture [channels, height, width], or a batch, as `apply` takes it
   * @param n versions of each; default 8, at most 1000
   */
  show(x: Tensor, n = 8, options: ShowVersionsOptions = {}): ContactSheet {
    return showVersions(this, x, n, options);
  }

  /** All settings as plain data, with the parts' descriptions. */
  describe(): TransformDescription {
    const { parts, ...settings } = this;
    return { ...structuredClone({ name: 'BatchAugment', ...settings }), parts: parts.map((part) => part.describe()) };
  }

  [inspect.custom](): string {
    const { name, parts: _parts, ...settings } = this.describe();
    const set = Object.entries(settings).filter(([, value]) => value !== null);
    const words = set.map(
      ([key, value]) => `${key}: ${typeof value === 'bigint' ? `${value}n` : JSON.stringify(value)}`,
    );
    return `${name}([${this.parts.map((part) => inspect(part)).join(', ')}], { ${words.join(', ')} })`;
  }
}

/** Matrices with what they mean. */
interface Drawn {
  readonly matrices: readonly Matrix3[];
  readonly from: PictureSize;
  readonly to: PictureSize;
}

/** The numbers of one batch. */
function randomOf(base: Generator, { epoch = 0, index = 0, random }: AugmentContext): Generator {
  if (random !== undefined) return needInstance('context.random', random, Generator);
  return base.fork(needCount('context.epoch', epoch), needCount('context.index', index));
}

function needNumbers(argument: string, values: readonly number[] | null | undefined): readonly number[] | null {
  if (values === undefined || values === null) return null;
  return [...needArray(argument, values, 'an array of numbers')].map((value) => needNumber(argument, value));
}

/** In units of 0 to 1; a copy where what comes after may write to it. */
function toFloats(x: Tensor, { owned }: { readonly owned: boolean }): Tensor {
  if (x.dtype === 'uint8') return x.to('float32').div_(255);
  return owned ? x.clone() : x;
}

/** One matrix for each picture; null where no part changes any. */
function drawMatrices(
  parts: readonly BatchPart[],
  random: Generator,
  batch: number,
  { from, to }: { readonly from: PictureSize; readonly to: PictureSize },
): Matrix3[] | null {
  const matrices = new Array<Matrix3>(batch).fill(identity);
  let changed = false;
  let size = from;
  for (const [position, part] of parts.entries()) {
    if (!(part instanceof GeometricPart)) continue;
    const numbers = random.fork(position);
    for (let picture = 0; picture < batch; picture += 1) {
      const drawn = part.matrix(numbers.fork(picture), size);
      if (drawn === null) continue;
      changed = true;
      const before = matrices[picture]!;
      matrices[picture] = before === identity ? drawn : multiply(before, drawn);
    }
    if (part.resizes()) size = to;
  }
  return changed ? matrices : null;
}

/** Runs the parts of one stage that change pixels, neighbours with the same pass in one. */
function runPasses(stage: Stage, parts: readonly BatchPart[], x: Tensor, random: Generator): Tensor {
  const chosen = parts.flatMap((part, position) =>
    part instanceof PixelPart && part.stage === stage ? [{ part, numbers: random.fork(position) }] : [],
  );
  let result = x;
  for (let start = 0; start < chosen.length;) {
    const pass = chosen[start]!.part.pass;
    let end = start;
    while (end < chosen.length && chosen[end]!.part.pass === pass) end += 1;
    const group = chosen.slice(start, end);
    const ofPicture: PartRandom = (part, picture) => group[part]!.numbers.fork(picture);
    result = pass(result, group.map(({ part }) => part), ofPicture); // prettier-ignore
    start = end;
  }
  return result;
}
