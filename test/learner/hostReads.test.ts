/** A whole training never asks the device for a value between its batches: what is shown is read at the end of an epoch, all at once. */

import t from 'tap';

import {
  AvgStatsCallback,
  EmaCallback,
  GradientClipCallback,
  Learner,
  MixUp,
  Recorder,
  accuracy,
  accuracyTopK,
  type Callback,
  type LearnerOptions,
} from '../../lib/learner/index.js';
import { BatchAugmentCallback } from '../../lib/learner/batchAugmentCallback.js';
import { convLayer } from '../../lib/nn/index.js';
import { adamOpt, lambOpt, sgdMomOpt } from '../../lib/optim/index.js';
import { isCudaAvailable, manualSeed, randint } from '../../lib/tensor/index.js';
import { BatchAugment, augTransforms, getCnnModel, imagenetteStats } from '../../lib/vision/index.js';
import { hostReads, type HostReads } from '../hostReads.js';
import { FixedLoader } from './drawn.js';

const classes = 4;

/** Pictures as a loader gives them: bytes. */
const pictures = (batches: number): FixedLoader =>
  new FixedLoader(
    Array.from(
      { length: batches },
      () =>
        [randint(0, 256, [6, 3, 16, 16], { dtype: 'uint8' }), randint(0, classes, [6], { dtype: 'int64' })] as const,
    ),
  );

/** A training of two epochs with all that people usually have in it. */
async function readsOf(batches: number, cbs: Callback[], options: LearnerOptions = {}): Promise<HostReads> {
  manualSeed(0);
  const data = { trainDl: pictures(batches), validDl: pictures(2) };
  const learn = new Learner(getCnnModel({ cIn: 3, cOut: classes }, [8, 16], convLayer), data, {
    ...options,
    cbs: [
      new AvgStatsCallback([accuracy, accuracyTopK(2)]),
      new Recorder(),
      new BatchAugmentCallback(new BatchAugment(augTransforms({ pAffine: 1 }), { size: 12, ...imagenetteStats })),
      ...cbs,
    ],
  });
  learn.logger = () => undefined;
  return hostReads(() => learn.fitOneCycle(2, { lrMax: 0.01 }));
}

const trainings: Record<string, () => [Callback[], LearnerOptions]> = {
  momentum: () => [[], { optFunc: sgdMomOpt }],
  'bf16, clipped, averaged': () => [
    [new GradientClipCallback({ maxNorm: 1, maxValue: 1 }), new EmaCallback()],
    { precision: 'bf16' },
  ],
  'LAMB, mixed': () => [[new MixUp()], { optFunc: lambOpt }],
};

for (const [name, training] of Object.entries(trainings)) {
  t.test(`${name}: as many reads for seven batches as for three`, async (t) => {
    const [few, many] = [await readsOf(3, ...training()), await readsOf(7, ...training())];
    t.ok(many.operators.length > few.operators.length + 50, 'the witness has seen the batches');
    t.strictSame(many.waiting, few.waiting);
    t.strictSame(many.reads, few.reads);
    // Of each epoch: the statistics of training and of validation, and the recorder's losses.
    t.ok(few.reads.length <= 2 * 3, few.reads.join());
  });
}

t.test('the same on a CUDA device', { skip: !isCudaAvailable() && 'there is no CUDA device' }, async (t) => {
  // On the processor LibTorch's kernel of Adam reads the number of its step, which lies beside it.
  const all = { ...trainings, Adam: (): [Callback[], LearnerOptions] => [[], { optFunc: adamOpt }] };
  for (const [name, training] of Object.entries(all)) {
    const on = (): [Callback[], LearnerOptions] => {
      const [cbs, options] = training();
      return [cbs, { ...options, device: 'cuda' }];
    };
    const [few, many] = [await readsOf(3, ...on()), await readsOf(7, ...on())];
    t.strictSame(many.waiting, few.waiting, name);
    t.strictSame(many.reads, few.reads, name);
  }
});
