/**
 * Imagenette as the lesson split it, decoded once for many trainings: bytes in memory, 49 KiB an image at 128 px.
 *
 * Decoding is done again in every epoch by the library's loaders; thirty epochs over the same pictures can share one.
 */

import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import {
  CategoryProcessor,
  DataLoader,
  Generator,
  ImageList,
  ResizeFixed,
  SplitData,
  TenchError,
  empty,
  imagenetteStats,
  labelByFunc,
  makeRgb,
  noGrad,
  normalizeChan,
  parentLabeler,
  tensor,
  toByteTensor,
  untarData,
  type BatchLoader,
  type Dataset,
  type Tensor,
} from 'tench';

/** Images [n, 3, size, size] as bytes, and their classes [n]. */
export interface Pixels {
  readonly x: Tensor;
  readonly y: Tensor;
}

export interface LessonData {
  readonly train: Pixels;
  readonly valid: Pixels;
  readonly classes: number;
}

const isValid = (file: string): boolean => basename(file).includes('ILSVRC2012_val');

/**
 * Decodes both sets.
 *
 * @param limit the most images of training; of validation a tenth of that, and at least 20
 * @throws TenchError where there are no images, or none that the lesson validates with
 */
export async function loadLessonData(
  data: string | null,
  options: { size: number; limit: number | null },
): Promise<LessonData> {
  const { size, limit } = options;
  const images = ImageList.fromFiles(await findFolder(data), { tfms: [makeRgb, new ResizeFixed(size), toByteTensor] });
  const [train, valid] = [false, true].map((wanted) => images.items.filter((file) => isValid(file) === wanted)) as [
    string[],
    string[],
  ];
  if (train.length === 0 || valid.length === 0)
    throw new TenchError(
      'the lesson validates with images named ...ILSVRC2012_val..., and trains with others; here one of the two is missing',
    );
  const chosen =
    limit === null
      ? images
      : images.new([...spread(train, limit), ...spread(valid, Math.max(Math.ceil(limit / 10), 20))]);
  const split = SplitData.splitByFunc(chosen, isValid);
  const labelled = labelByFunc(split, parentLabeler, { procY: new CategoryProcessor() });
  return {
    train: await decodeAll(labelled.train, size),
    valid: await decodeAll(labelled.valid, size),
    classes: labelled.vocab?.length ?? 0,
  };
}

async function findFolder(data: string | null): Promise<string> {
  if (data === null)
    throw new TenchError('name Imagenette with --data or TENCH_DATA: its archive, or the folder of its images');
  if (!existsSync(data)) throw new TenchError(`there is no ${data}`, { code: 'ERR_TENCH_FILE' });
  const archive = statSync(data).isDirectory() ? join(data, 'imagenette2-224.tgz') : data;
  return existsSync(archive) && !statSync(archive).isDirectory() ? untarData(archive) : data;
}

/** At most so many of a list, from all of it: files are sorted by class. */
const spread = <T>(list: readonly T[], most: number): T[] =>
  list.length <= most ? [...list] : Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]!);

async function decodeAll(set: Dataset, size: number): Promise<Pixels> {
  const x = empty([set.length, 3, size, size], { dtype: 'uint8' });
  const y = empty([set.length], { dtype: 'int64' });
  let at = 0;
  for await (const [xb, yb] of new DataLoader(set, { batchSize: 256 })) {
    const count = xb!.shape[0]!;
    x.narrow(0, at, count).copy_(xb!);
    y.narrow(0, at, count).copy_(yb!);
    at += count;
  }
  return { x, y };
}

/** Batches of pixels, scaled and normalised with the lesson's statistics; shuffled anew in every epoch where there is a seed. */
export class PixelLoader implements BatchLoader {
  private epoch = 0;

  constructor(
    readonly pixels: Pixels,
    private readonly options: { batchSize: number; seed: number | null; steps?: number },
  ) {}

  get count(): number {
    return this.pixels.y.shape[0]!;
  }

  /** Batch normalisation cannot learn from one image, so a last batch of one is left out. */
  get length(): number {
    const { batchSize, steps = Infinity, seed } = this.options;
    const rest = this.count % batchSize;
    const whole = Math.floor(this.count / batchSize) + (rest > (seed === null ? 0 : 1) ? 1 : 0);
    return Math.min(Math.max(whole, 1), steps);
  }

  setEpoch(epoch: number): void {
    this.epoch = epoch;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Tensor[]> {
    const { batchSize, seed } = this.options;
    const order = Array.from({ length: this.count }, (_, i) => i);
    if (seed !== null) shuffle(order, new Generator(seed, this.epoch));
    for (let batch = 0; batch < this.length; batch += 1)
      yield this.batchOf(order.slice(batch * batchSize, (batch + 1) * batchSize));
  }

  private batchOf(indices: readonly number[]): readonly Tensor[] {
    const { mean, std } = imagenetteStats;
    return noGrad(() => {
      const places = tensor([...indices], { dtype: 'int64' });
      const xb = this.pixels.x.indexSelect(0, places).to('float32').div_(255);
      return [normalizeChan(xb, mean, std), this.pixels.y.indexSelect(0, places)];
    });
  }
}

function shuffle(list: number[], random: Generator): void {
  for (let i = list.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random.uniform(0, i + 1));
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
}
