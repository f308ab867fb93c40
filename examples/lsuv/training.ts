/** The lesson's five layers on digits, begun in the usual way and by LSUV. */

import {
  ActivationStats,
  AvgStatsCallback,
  ConvLayer,
  Learner,
  accuracy,
  convLayer,
  initCnn,
  lsuvInit,
  manualSeed,
  nn,
  type LsuvLayer,
} from 'tench';
import { PixelLoader } from '../harness/pixels.js';
import { digitStats, type Digits } from './digits.js';

export const WIDTHS = [8, 16, 32, 64, 64];
export const LR = 0.1;
export const BATCH_SIZE = 512;
/** Measures one training batch in so many, for the pictures. */
const EVERY = 2;

/** Glorot's rule, which knows nothing of ReLUs; Kaiming's, which was derived for them; and LSUV, which begins with what Glorot's has drawn. */
export const starts = ['normal', 'kaiming', 'lsuv'] as const;
export type Start = (typeof starts)[number];

export interface Trained {
  /** Valid accuracy by epoch, as a share. */
  readonly accuracy: readonly number[];
  /** What LSUV has made of each layer; nothing of a normal start. */
  readonly layers: readonly LsuvLayer[];
  readonly watched: ActivationStats | null;
}

const isConvLayer = (module: nn.AnyModule): module is ConvLayer => module instanceof ConvLayer;

/** Each layer halves the picture; there is no batch normalisation, which would hide how the layers begin. */
function makeModel(start: Start): nn.Sequential {
  const layers = WIDTHS.map((nf, i) =>
    convLayer(WIDTHS[i - 1] ?? 1, nf, { bn: false, kernelSize: i === 0 ? 5 : 3, stride: 2 }),
  );
  const head = [new nn.AdaptiveAvgPool2d(1), new nn.Flatten(), new nn.Linear(WIDTHS.at(-1)!, 10)];
  const model = initCnn(new nn.Sequential(...layers, ...head));
  if (start !== 'kaiming') for (const { weight } of layers) nn.init.xavierNormal_(weight);
  return model;
}

/** Trains once, on batches that are the same for all starts of a seed. */
export async function train(
  start: Start,
  digits: Digits,
  options: { seed: number; epochs: number; watch: boolean },
): Promise<Trained> {
  const { seed, epochs, watch } = options;
  manualSeed(seed);
  const model = makeModel(start);
  const data = {
    trainDl: new PixelLoader(digits.train, { batchSize: BATCH_SIZE, seed, stats: digitStats }),
    validDl: new PixelLoader(digits.valid, { batchSize: 2 * BATCH_SIZE, seed: null, stats: digitStats }),
  };
  const layers = start === 'lsuv' ? await lsuvInit(model, data, { layers: isConvLayer }) : [];
  const stats = new AvgStatsCallback([accuracy]);
  const watched = watch ? new ActivationStats({ layers: isConvLayer, every: EVERY }) : null;
  const learn = new Learner(model, data, { lr: LR, cbs: watched === null ? [stats] : [stats, watched] });
  learn.logger = () => undefined;
  await learn.fit(epochs);
  return { accuracy: stats.records.map(({ valid }) => valid?.accuracy ?? NaN), layers, watched };
}
