/** One optimizer, many recipes: the lesson's table, trained again. */

import {
  AvgStatsCallback,
  ParamScheduler,
  accuracy,
  adamOpt,
  combineScheds,
  convLayer,
  cos1cycleAnneal,
  getLearnRun,
  imagenetteStats,
  lambOpt,
  manualSeed,
  sgdMomOpt,
  sgdOpt,
  type OptFunc,
  type PrecisionName,
} from 'tench';
import { PixelLoader } from '../harness/pixels.js';
import type { LessonData } from './lessonData.js';

export const BATCH_SIZE = 128;
/** Widths of the lesson's CNN after its first three layers. */
export const WIDTHS = [64, 64, 128, 256];

interface Recipe {
  readonly name: string;
  readonly epochs: number;
  readonly lr: number;
  readonly optFunc: OptFunc;
  readonly isScheduled?: true;
  /** The lesson's valid accuracy in percent, by epoch where it gives it so. */
  readonly lesson: readonly number[];
}

export const recipes: readonly Recipe[] = [
  { name: 'SGD, lr 0.4', epochs: 1, lr: 0.4, optFunc: sgdOpt, lesson: [41.8] },
  { name: 'SGD, lr 0.3 to 0.6 to 0.2', epochs: 1, lr: 0.3, optFunc: sgdOpt, isScheduled: true, lesson: [48.2] },
  {
    name: 'SGD, lr 0.3, weight decay 0.01',
    epochs: 1,
    lr: 0.3,
    optFunc: (params, { lr }) => sgdOpt(params, { lr, wd: 0.01 }),
    lesson: [31.0],
  },
  {
    name: 'momentum 0.9, lr 0.3, weight decay 0.01',
    epochs: 1,
    lr: 0.3,
    optFunc: (params, { lr }) => sgdMomOpt(params, { lr, mom: 0.9, wd: 0.01 }),
    lesson: [39.6],
  },
  { name: 'Adam, lr 0.001', epochs: 3, lr: 0.001, optFunc: adamOpt, lesson: [53.2, 62.6, 67.2] },
  { name: 'LAMB, lr 0.003', epochs: 3, lr: 0.003, optFunc: lambOpt, lesson: [48.6, 48.4, 64.6] },
];

export interface Row {
  readonly name: string;
  readonly epochs: number;
  /** Percent, by epoch, mean of all seeds. */
  readonly accuracy: readonly number[];
  /** Percent, last epoch, of each seed. */
  readonly bySeed: readonly number[];
  readonly lesson: readonly number[];
  readonly seconds: number;
}

export interface TableOptions {
  readonly seeds: number;
  readonly precision: PrecisionName;
  readonly print: (line: string) => void;
}

export async function trainTable(data: LessonData, options: TableOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const recipe of recipes) {
    const start = performance.now();
    const runs: number[][] = [];
    for (let seed = 0; seed < options.seeds; seed += 1) runs.push(await train(recipe, data, seed, options.precision));
    const mean = runs[0]!.map((_, epoch) => runs.reduce((sum, run) => sum + run[epoch]!, 0) / runs.length);
    const { name, epochs, lesson } = recipe;
    const seconds = (performance.now() - start) / 1000;
    rows.push({ name, epochs, lesson, accuracy: mean, bySeed: runs.map((run) => run.at(-1)!), seconds });
    options.print(`${name}: ${mean.map((value) => value.toFixed(1)).join(', ')} %  (${seconds.toFixed(0)} s)`);
  }
  return rows;
}

/** Valid accuracy in percent by epoch. */
async function train(recipe: Recipe, data: LessonData, seed: number, precision: PrecisionName): Promise<number[]> {
  manualSeed(seed);
  const loaders = {
    trainDl: new PixelLoader(data.train, { batchSize: BATCH_SIZE, seed, stats: imagenetteStats }),
    validDl: new PixelLoader(data.valid, { batchSize: 2 * BATCH_SIZE, seed: null, stats: imagenetteStats }),
    cIn: 3,
    cOut: data.classes,
  };
  const { lr, optFunc, isScheduled } = recipe;
  const schedule = combineScheds([0.3, 0.7], cos1cycleAnneal(0.3, 0.6, 0.2));
  const cbs = [new AvgStatsCallback([accuracy]), ...(isScheduled ? [new ParamScheduler('lr', schedule)] : [])];
  const learn = getLearnRun(WIDTHS, loaders, lr, convLayer, { optFunc, precision, cbs });
  const accuracies: number[] = [];
  learn.logger = ({ valid }) => void accuracies.push(100 * (valid?.accuracy ?? NaN));
  await learn.fit(recipe.epochs);
  return accuracies;
}
