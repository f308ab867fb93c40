/**
 * Two questions of the lesson about augmentation, measured: how often a random crop loses what the label names, and whether the resampling filter
 * may be drawn at random.
 *
 * Where the object is, nobody has written down for Imagenette. So boxes stand for it, and a network says which crops it no longer knows.
 */

import * as tench from 'tench';
import { labelled, filesOf, type Images } from './harness/imagenette.js';
import { findFolder } from './harness/picture.js';
import type { Station } from './harness/station.js';

const SIZE = 64;
const BATCH = 64;
const DRAWS = 10;
const leastAreas = [0.08, 0.35];
const filters = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'] as const;
type Filter = (typeof filters)[number];

/** What training draws from. */
const drawn = { bilinear: ['bilinear'], 'any of three': ['bilinear', 'bicubic', 'lanczos'] } as const;

/** Shares of the crops that lose something. */
interface Loss {
  readonly leastArea: number;
  /** The middle of the image. */
  readonly centre: number;
  /** More than half of an object in the middle, half as wide and half as high as the image. */
  readonly large: number;
  /** More than half of one a quarter as wide and as high, anywhere. */
  readonly small: number;
}

/** How much of a stretch of one side a crop keeps, as a share of it; in normalised coordinates, -1 to 1. */
function kept(half: number, place: number, crop: number, shift: number): number {
  const [from, to] = [Math.max(place - half, shift - crop), Math.min(place + half, shift + crop)];
  return Math.max(0, to - from) / (2 * half);
}

function lossOf(leastArea: number, sizes: readonly tench.PictureSize[]): Loss {
  const crop = new tench.BatchRandomResizedCrop({ scale: [leastArea, 1] });
  const lost = { centre: 0, large: 0, small: 0 };
  for (const [i, size] of sizes.entries())
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const random = new tench.Generator(draw, i);
      const [across, , x, , down, y] = crop.matrix(random, size)!;
      const [left, top] = [random.uniform(-0.75, 0.75), random.uniform(-0.75, 0.75)];
      lost.centre += Number(Math.abs(x) > across || Math.abs(y) > down);
      lost.large += Number(kept(0.5, 0, across, x) * kept(0.5, 0, down, y) < 0.5);
      lost.small += Number(kept(0.25, left, across, x) * kept(0.25, top, down, y) < 0.5);
    }
  const of = sizes.length * DRAWS;
  return { leastArea, centre: lost.centre / of, large: lost.large / of, small: lost.small / of };
}

/** How far a filter's pixels are from bilinear ones, of 255: the root of the mean square; and milliseconds for an image. */
interface FilterCost {
  readonly filter: Filter;
  readonly difference: number;
  readonly milliseconds: number;
}

async function costOf(filter: Filter, images: readonly tench.Image[]): Promise<FilterCost> {
  const [resize, bilinear] = [filter, 'bilinear' as const].map((by) => new tench.ResizeFixed(SIZE, { resample: by }));
  let [squares, milliseconds] = [0, 0];
  for (const image of images) {
    const began = performance.now();
    const made = await resize!.apply(image);
    milliseconds += performance.now() - began;
    const { data } = await bilinear!.apply(image);
    squares += made.data.reduce((sum, value, i) => sum + (value - data[i]!) ** 2, 0) / data.length;
  }
  return { filter, difference: Math.sqrt(squares / images.length), milliseconds: milliseconds / images.length };
}

const still = (resample: Filter): tench.AnyTransform => new tench.ResizeFixed(SIZE, { resample });
const normalised = new tench.BatchAugment([], tench.imagenetteStats);

async function train(images: Images, epochs: number, resample: readonly Filter[]): Promise<tench.Module> {
  const crop = new tench.RandomResizedCrop(SIZE, { scale: [0.35, 1], resample });
  const data = labelled(images, [crop, new tench.RandomFlip()]).toDatabunch(BATCH, { cIn: 3, seed: 0 });
  tench.manualSeed(0);
  const schedule = tench.combineScheds([0.3, 0.7], tench.cos1cycleAnneal(0.1, 0.3, 0.02));
  const cbs = [new tench.BatchAugmentCallback(normalised), new tench.ParamScheduler('lr', schedule)];
  const learn = tench.getLearnRun([32, 64, 128], data, 0.3, tench.convLayer, { precision: 'bf16', cbs });
  learn.logger = () => undefined;
  await learn.fit(epochs);
  return learn.model;
}

/** Which images of validation the network knows after a transform, in their order. */
async function known(model: tench.Module, images: Images, tfm: tench.AnyTransform): Promise<boolean[]> {
  const { validDs } = labelled(images, [tfm]).toDatabunch(BATCH, { cIn: 3 });
  const answers: boolean[] = [];
  model.eval();
  for await (const [bytes, targets] of new tench.DataLoader(validDs, { batchSize: BATCH }))
    tench.noGrad(() => {
      const predicted = model.call(normalised.apply(bytes!, { train: false }));
      answers.push(...(predicted.argmax(1).eq(targets!).toList() as boolean[]));
    });
  return answers;
}

const share = (values: readonly boolean[]): number => values.filter(Boolean).length / Math.max(1, values.length);
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

export const augmentationQuestions: Station = {
  name: 'augmentation-questions',
  summary: 'how often crops lose the object, and what the resampling filter changes (--limit, --epochs)',
  takes: ['epochs', 'limit'],
  async run({ data, print, limit, epochs }) {
    const folder = data === null ? null : await findFolder(data);
    if (folder === null) throw new tench.TenchError('name the folder or the archive of Imagenette with --data');
    const images = { folder, limit: limit ?? 3000 };

    const files = filesOf(images).filter((_, i) => i % 8 === 0);
    const pictures = await Promise.all(files.map(async (file) => tench.makeRgb(await tench.decodeImage(file))));
    const crops = leastAreas.map((leastArea) => lossOf(leastArea, pictures));
    print(`${pictures.length} images, ${DRAWS} crops of each`);
    for (const { leastArea, centre, large, small } of crops)
      print(
        `crops of ${percent(leastArea)} at the least: without the centre ${percent(centre)}, without most of a large object in the ` +
          `middle ${percent(large)}, of a small one anywhere ${percent(small)}`,
      );
    const costs: FilterCost[] = [];
    for (const filter of filters) {
      const cost = await costOf(filter, pictures);
      costs.push(cost);
      print(`${filter}: ${cost.difference.toFixed(1)} from bilinear, ${cost.milliseconds.toFixed(2)} ms`);
    }

    const accuracies: { trained: string; filter: Filter; accuracy: number }[] = [];
    const unknown: { leastArea: number; lost: number }[] = [];
    for (const [trained, resample] of Object.entries(drawn)) {
      const model = await train(images, epochs ?? 8, resample);
      for (const filter of filters) {
        const accuracy = share(await known(model, images, still(filter)));
        accuracies.push({ trained, filter, accuracy });
        print(`trained on ${trained}, validated on ${filter}: ${percent(accuracy)}`);
      }
      if (unknown.length > 0) continue;
      const whole = await known(model, images, still('bilinear'));
      for (const leastArea of leastAreas) {
        const cropped = await known(model, images, new tench.RandomResizedCrop(SIZE, { scale: [leastArea, 1] }));
        const lost = share(cropped.filter((_, i) => whole[i]).map((knows) => !knows));
        unknown.push({ leastArea, lost });
        print(`known as a whole, not after a crop of ${percent(leastArea)} at the least: ${percent(lost)}`);
      }
    }
    return { crops, filters: costs, accuracies, unknown };
  },
};
