/**
 * Imagenette as the lesson split it; decoded once for many trainings: bytes in memory, 49 KiB an image at 128 px.
 *
 * Decoding is done again in every epoch by the library's loaders; thirty epochs over the same pictures can share one.
 */

import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import {
  CategoryProcessor,
  DataLoader,
  ImageList,
  ResizeFixed,
  SplitData,
  TenchError,
  empty,
  labelByFunc,
  makeRgb,
  parentLabeler,
  toByteTensor,
  untarData,
  type AnyTransform,
  type DataBunch,
  type Dataset,
  type LabeledData,
} from 'tench';
import type { Pixels } from '../harness/pixels.js';

export interface LessonData {
  readonly train: Pixels;
  readonly valid: Pixels;
  readonly classes: number;
}

const isValid = (file: string): boolean => basename(file).includes('ILSVRC2012_val');

/** The files to choose from, and what becomes of an image. */
interface LessonSplitOptions {
  /** The most images of training; of validation a tenth of that, and at least 20. Null: all. */
  readonly limit: number | null;
  /** From the RGB image to one of the size that is wanted. */
  readonly tfms: readonly AnyTransform[];
}

/**
 * Both sets: bytes [3, height, width], and labels.
 *
 * @throws TenchError where there are no images, or none that the lesson validates with
 */
async function lessonSplit(data: string | null, options: LessonSplitOptions): Promise<SplitData<LabeledData>> {
  const { limit, tfms } = options;
  const images = ImageList.fromFiles(await findFolder(data), { tfms: [makeRgb, ...tfms, toByteTensor] });
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
  return labelByFunc(split, parentLabeler, { procY: new CategoryProcessor() });
}

/** Loaders of both sets, in batches of bytes [batch, 3, height, width] and labels; `limit` and errors are those of {@link lessonSplit}. */
export async function lessonBunch(
  data: string | null,
  { batchSize, seed, ...options }: LessonSplitOptions & { batchSize: number; seed: number },
): Promise<DataBunch> {
  return (await lessonSplit(data, options)).toDatabunch(batchSize, { seed });
}

/** Decodes both sets; `limit` and errors are those of {@link lessonSplit}. */
export async function loadLessonData(
  data: string | null,
  { size, limit }: { size: number; limit: number | null },
): Promise<LessonData> {
  const labelled = await lessonSplit(data, { limit, tfms: [new ResizeFixed(size)] });
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
