/**
 * Does augmentation help? The lesson's network on Imagenette in four ways: without it, on the images' bytes, on the batch, and by both.
 *
 * The gap between the accuracy of training and of validation is what augmentation closes. Training accuracy is measured in evaluation mode on
 * images that are not augmented, the same for all four: every fourth one after each epoch, and all after the last. What has been measured is kept
 * in results.json at once, so that a run that was stopped goes on with the next arm.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as tench from 'tench';
import { UsageError } from '../lib/cli/usageError.js';
import { labelled, type Images } from './harness/imagenette.js';
import { writePage } from './harness/page.js';
import { findFolder } from './harness/picture.js';
import type { Station } from './harness/station.js';

const SIZE = 128;
const BATCH = 64;
const crop = { scale: [0.35, 1] } as const;

/** What an arm does to bytes, and to the batch. */
interface Arm {
  readonly bytes: readonly tench.AnyTransform[];
  readonly batch: readonly tench.BatchPart[];
}

const onBytes = [new tench.RandomResizedCrop(SIZE, crop), new tench.RandomFlip()];
const onBatch = [
  new tench.BatchRandomResizedCrop(crop),
  new tench.BatchFlip(),
  new tench.BatchRotate({ maxDegrees: 10, p: 0.75 }),
];
const arms: Readonly<Record<string, Arm>> = {
  none: { bytes: [], batch: [] },
  bytes: { bytes: onBytes, batch: [] },
  batch: { bytes: [], batch: onBatch },
  both: { bytes: onBytes, batch: onBatch.slice(2) },
};

/** Accuracies after each epoch, from 0 to 1. */
interface Result {
  readonly arm: string;
  readonly seed: number;
  readonly train: number[];
  readonly valid: number[];
  readonly seconds: number;
}

interface Plan extends Images {
  readonly epochs: number;
  readonly precision: tench.PrecisionName;
}

/** Measures training accuracy after each epoch. */
class TrainAccuracy extends tench.Callback {
  override order = 20;
  readonly accuracies: number[] = [];

  constructor(
    readonly dataset: tench.Dataset,
    readonly augment: tench.BatchAugment,
  ) {
    super();
  }

  override async afterEpoch(): Promise<void> {
    const { learn } = this;
    const isLast = learn.epoch === learn.epochs - 1;
    const loader = new tench.DataLoader(this.dataset, { batchSize: 2 * BATCH });
    const hits: tench.Tensor[] = [];
    let count = 0;
    learn.model.eval();
    for await (const [bytes, targets] of isLast ? loader : everyFourth(loader)) {
      tench.noGrad(() => {
        const xb = learn.precision.prepareInput(this.augment.apply(bytes!, { train: false }));
        const pred = learn.precision.run<tench.Tensor>(xb.device, () => learn.model.call(xb));
        hits.push(pred.argmax(1).eq(targets!).sum());
      });
      count += bytes!.shape[0]!;
    }
    this.accuracies.push(tench.stack(hits).sum().item() / count);
  }
}

/** Every fourth batch would be whole classes; so every fourth item of a loader over all of them. */
function everyFourth(loader: tench.DataLoader): tench.DataLoader {
  const sampler: tench.Sampler = {
    size: (length) => Math.ceil(length / 4),
    order: (length) => Array.from({ length: Math.ceil(length / 4) }, (_, i) => 4 * i),
  };
  return new tench.DataLoader(loader.dataset, { batchSize: loader.batchSize, sampler });
}

async function train(plan: Plan, name: string, seed: number, print: (line: string) => void): Promise<Result> {
  const { bytes, batch } = arms[name]!;
  const still = new tench.ResizeFixed(SIZE);
  const plain = labelled(plan, [still]).toDatabunch(BATCH, { cIn: 3, seed });
  const training = labelled(plan, bytes.length === 0 ? [still] : bytes).toDatabunch(BATCH, { cIn: 3, seed });
  const { cIn, cOut } = training;
  const data = new tench.DataBunch(training.trainDl, plain.validDl, { ...(cIn && { cIn }), ...(cOut && { cOut }) });
  const augment = new tench.BatchAugment(batch, { size: SIZE, ...tench.imagenetteStats, seed });
  const measured = new TrainAccuracy(plain.trainDs, augment);
  const stats = new tench.AvgStatsCallback(tench.accuracy);
  tench.manualSeed(seed);
  const schedule = tench.combineScheds([0.3, 0.7], tench.cos1cycleAnneal(0.1, 0.3, 0.05));
  const learn = tench.getLearnRun([64, 64, 128, 256], data, 0.3, tench.convLayer, {
    precision: plan.precision,
    cbs: [new tench.BatchAugmentCallback(augment), new tench.ParamScheduler('lr', schedule), stats, measured],
  });
  learn.logger = ({ epoch, valid, seconds }) =>
    print(`${name} seed ${seed} epoch ${epoch + 1}: valid ${percent(valid?.accuracy)}, ${seconds.toFixed(1)} s`);
  const began = performance.now();
  await learn.fit(plan.epochs);
  const valid = stats.records.map((record) => record.valid?.accuracy ?? 0);
  return { arm: name, seed, train: measured.accuracies, valid, seconds: (performance.now() - began) / 1000 };
}

const percent = (share: number | undefined): string => (share === undefined ? '-' : `${(100 * share).toFixed(1)} %`);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What an arm came to, by epoch: means over its seeds, in percent. */
interface Curve {
  readonly name: string;
  readonly seeds: number;
  readonly train: readonly number[];
  readonly valid: readonly number[];
}

function curvesOf(results: readonly Result[]): Curve[] {
  const names = Object.keys(arms).filter((name) => results.some(({ arm }) => arm === name));
  return names.map((name) => {
    const own = results.filter(({ arm }) => arm === name);
    const meanOf = (part: 'train' | 'valid'): number[] =>
      own[0]![part].map((_, epoch) => 100 * mean(own.map((one) => one[part][epoch]!)));
    return { name, seeds: own.length, train: meanOf('train'), valid: meanOf('valid') };
  });
}

const titleOf = ({ name, seeds }: Curve): string => `${name} (${seeds} ${seeds === 1 ? 'seed' : 'seeds'})`;

/** A row for each epoch: accuracy of training and of validation, and how far apart they are, for each arm. */
function tableOf(curves: readonly Curve[]): string[][] {
  const head = ['epoch', ...curves.map((curve) => `${titleOf(curve)}: train, valid, gap`)];
  const rows = curves[0]!.train.map((_, epoch) => [
    String(epoch + 1),
    ...curves.map(({ train: trained, valid }) => {
      const [a, b] = [trained[epoch]!, valid[epoch]!];
      return [a, b, a - b].map((value) => value.toFixed(1)).join(', ');
    }),
  ]);
  return [head, ...rows];
}

function chartOf(
  curves: readonly Curve[],
  title: string,
  description: string,
  valueOf: (curve: Curve, epoch: number) => number,
): tench.Chart {
  return new tench.Chart({
    title,
    description,
    x: { label: 'epoch' },
    y: { label: '%' },
    series: curves.map((curve) => ({
      kind: 'line',
      name: titleOf(curve),
      x: curve.valid.map((_, epoch) => epoch + 1),
      y: curve.valid.map((_, epoch) => valueOf(curve, epoch)),
    })),
  });
}

export const augmentationTraining: Station = {
  name: 'augmentation-training',
  summary: 'the lesson’s network with and without augmentation, 20 epochs (--epochs, --seeds, --arms, --limit)',
  takes: ['epochs', 'seeds', 'arms', 'limit', 'precision'],
  async run({ data, out, print, epochs, seeds, limit, ...given }) {
    const folder = data === null ? null : await findFolder(data);
    if (folder === null) throw new tench.TenchError('name the folder or the archive of Imagenette with --data');
    const plan = { folder, epochs: epochs ?? 20, limit, precision: given.precision ?? 'bf16' };
    const chosen = given.arms ?? Object.keys(arms);
    for (const name of chosen) if (!Object.hasOwn(arms, name)) throw new UsageError(`there is no arm \`${name}\``);
    const file = join(out, 'results.json');
    const known = (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}) as Record<string, Result>;
    const setting = `${plan.epochs} epochs, ${plan.precision}, ${limit ?? 'all'} images`;
    for (let seed = 0; seed < (seeds ?? 1); seed++) {
      for (const name of chosen) {
        known[`${name}, seed ${seed}, ${setting}`] ??= await train(plan, name, seed, print);
        writeFileSync(file, `${JSON.stringify(known, null, 1)}\n`);
      }
    }
    const results = Object.entries(known).flatMap(([key, result]) => (key.endsWith(`, ${setting}`) ? result : []));
    const curves = curvesOf(results);
    const table = tableOf(curves);
    for (const row of table)
      print(
        row
          .map((cell, i) => (i === 0 ? cell.padStart(5) : cell.padEnd(36)))
          .join('  ')
          .trimEnd(),
      );
    const figures = [
      {
        name: 'valid',
        chart: chartOf(
          curves,
          'Valid accuracy',
          'On images that no arm has trained on.',
          (curve, i) => curve.valid[i]!,
        ),
      },
      {
        name: 'gap',
        chart: chartOf(
          curves,
          'The gap',
          'Training accuracy less validation accuracy: how much of what was learned holds for the training images alone.',
          (curve, i) => curve.train[i]! - curve.valid[i]!,
        ),
      },
    ];
    const text = [`The lesson’s network, ${setting}; means over the seeds.`];
    const files = await writePage(out, { title: 'Does augmentation help?', text, table, figures });
    print(files.at(-1)!);
    return { file, files, page: files.at(-1), results };
  },
};
