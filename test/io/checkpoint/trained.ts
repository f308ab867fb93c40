/** A small training with everything in play that draws or remembers, for the tests that end it and go on. */

import { createHash } from 'node:crypto';

import { DataLoader, ItemList, WeightedSampler } from '../../../lib/data/index.js';
import { CheckpointCallback, latestCheckpoint, type CheckpointOptions } from '../../../lib/io/index.js';
import { takeApart } from '../../../lib/io/stateTree.js';
import {
  AvgStatsCallback,
  BatchAugmentCallback,
  Callback,
  EmaCallback,
  GradientAccumulationCallback,
  Learner,
  Recorder,
  accuracy,
  f1Score,
  type LearnerState,
} from '../../../lib/learner/index.js';
import { BatchNorm2d, Conv2d, Dropout, Flatten, Linear, ReLU, Sequential } from '../../../lib/nn/index.js';
import { adamOpt } from '../../../lib/optim/index.js';
import { manualSeed, setNumThreads } from '../../../lib/tensor/index.js';
import {
  BatchAugment,
  BatchFlip,
  BatchRotate,
  Image,
  RandomFlip,
  RandomResizedCrop,
  toByteTensor,
} from '../../../lib/vision/index.js';
import type { ItemDraw } from '../../../lib/data/chain.js';
import { Generator } from '../../../lib/data/random.js';

export const epochs = 3;

const side = 10;
const pictures = Array.from({ length: 40 }, (_, item) => {
  const random = new Generator(5, item);
  const dark = item % 2 === 0 ? 0 : 90;
  const data = Uint8Array.from({ length: 3 * side * side }, () => dark + random.integer(160));
  return new Image({ width: side, height: side, channels: 3, data });
});

/** What a test may put in: called where the training is. */
export type Mark = (place: 'step' | 'prefetch') => void;

/** Halves the rate's schedule from some batch on, and calls `mark` within steps. */
class Changed extends Callback {
  override order = 2;
  constructor(private readonly mark: Mark) {
    super();
  }
  override beginBatch(): void {
    const { learn } = this;
    if (learn.inTrain && learn.nIter >= 9) for (const hypers of learn.opt.hypers) hypers.wd = 0.02;
  }
  override afterBackward(): void {
    this.mark('step');
  }
}

export function makeLearner(mark: Mark = () => undefined): Learner {
  setNumThreads(1);
  manualSeed(11);
  const model = new Sequential(
    new Conv2d(3, 4, 3),
    new BatchNorm2d(4),
    new ReLU(),
    new Dropout({ p: 0.3 }),
    new Flatten(),
    new Linear(4 * 64, 2),
  );
  const tfms = [(item: number) => pictures[item]!, new RandomResizedCrop(side), new RandomFlip(), toByteTensor];
  const images = new ItemList(pictures.keys(), '.', tfms);
  const dataset = {
    length: pictures.length,
    async get(item: number, draw: ItemDraw) {
      mark('prefetch');
      return [await images.get(item, draw), item % 2];
    },
  };
  const sampler = new WeightedSampler(pictures.map((_, item) => 1 + (item % 3)));
  const trainDl = new DataLoader(dataset, { batchSize: 6, sampler, seed: 4 });
  const validDl = new DataLoader(dataset, { batchSize: 16 });
  const augment = new BatchAugment([new BatchFlip(), new BatchRotate()], {
    mean: [0.5, 0.5, 0.5],
    std: [0.3, 0.3, 0.3],
  });
  const learn = new Learner(
    model,
    { trainDl, validDl },
    {
      optFunc: adamOpt,
      cbs: [
        new BatchAugmentCallback(augment),
        new Changed(mark),
        new AvgStatsCallback([accuracy, f1Score()]),
        new Recorder(),
        new EmaCallback({ decay: 0.9 }),
        new GradientAccumulationCallback(10),
      ],
    },
  );
  learn.logger = () => undefined;
  return learn;
}

/** Two fits, the second of which goes by one cycle; checkpoints go into a folder, where there is one, and it goes on from them. */
export async function train(learn: Learner, folder: string | null, options: CheckpointOptions = {}): Promise<string> {
  const resume = folder === null ? null : await latestCheckpoint(folder);
  const cbs = folder === null ? [] : [new CheckpointCallback(folder, { everyBatches: 2, keep: 2, ...options })];
  await learn.fit(1, { lr: 0.002, cbs, resume });
  await learn.fitOneCycle(epochs - 1, { lrMax: 0.01, cbs, resume });
  return fingerprint(learn.stateDict());
}

/** Of all that a run leaves behind, but for times of the clock. */
export function fingerprint(state: LearnerState): string {
  const { text, tensors } = takeApart(state, 'the state');
  const timeless = text.replace(/"(seconds|trained|imagesPerSecond)":[^,}]*/g, '');
  const hash = createHash('sha256').update(timeless);
  for (const [name, value] of tensors) hash.update(name).update(JSON.stringify(value.toList()));
  return hash.digest('hex');
}
