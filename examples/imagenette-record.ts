/** More than the lesson's accuracy in the time of fastai's five epochs: a small residual network, one cycle of Adam, pictures that grow. */

import * as tench from 'tench';
import { convLayer, nn } from 'tench';
import { ByEpoch } from './harness/byEpoch.js';
import type { Station, StationContext } from './harness/station.js';
import { lessonSplit } from './optimizers/lessonData.js';

/** Two of the lesson's layers beside a shortcut. The last factors start at 0, so that the block begins as its shortcut alone. */
class Residual extends nn.Sequential {
  constructor(nf: number) {
    super(convLayer(nf, nf, { stride: 1 }), convLayer(nf, nf, { stride: 1 }));
    nn.init.zeros_((this[1] as tench.ConvLayer).bn!.weight!);
  }

  override forward(x: tench.Tensor): tench.Tensor {
    return x.add(super.forward(x));
  }
}

/** Returns the accuracy after each epoch. */
async function train(seed: number, { data, limit, print, ...given }: StationContext): Promise<number[]> {
  const bunch = async (...tfms: tench.AnyTransform[]): Promise<tench.DataBunch> =>
    (await lessonSplit(data, { limit, tfms: [...tfms, tench.toByteTensor] })).toDatabunch(64, { seed });
  const { validDl, cOut = 10 } = await bunch(new tench.ResizeFixed(128));
  const epochs = given.epochs ?? 15;
  const growing = Array.from({ length: epochs }, async (_, epoch) => {
    const size = 64 + 16 * Math.floor((4 * epoch) / epochs);
    return (await bunch(new tench.RandomResizedCrop(size, { scale: [0.35, 1] }), new tench.RandomFlip())).trainDl;
  });
  tench.manualSeed(seed);
  const stem = [convLayer(3, 32, { kernelSize: 5 }), convLayer(32, 64), new Residual(64)];
  const body = [convLayer(64, 128), new Residual(128), convLayer(128, 256), new Residual(256), new Residual(256)];
  const head = [new nn.AdaptiveAvgPool2d(1), new nn.Flatten(), new nn.Linear(256, cOut)];
  const stats = new tench.AvgStatsCallback(tench.accuracy);
  const options: tench.LearnerOptions = {
    optFunc: (params, hypers) => tench.adamOpt(params, { ...hypers, wd: 0.05 }),
    lossFunc: tench.crossEntropyWith({ labelSmoothing: 0.1 }),
    cbs: [new tench.BatchTransformXCallback(tench.normalizer(tench.imagenetteStats)), stats],
    precision: given.precision ?? 'bf16',
  };
  const bunches = { trainDl: new ByEpoch(await Promise.all(growing)), validDl };
  const learn = new tench.Learner(new nn.Sequential(...stem, ...body, ...head), bunches, options);
  learn.logger = (record) => print(`seed ${seed}  ${tench.formatEpoch(record)}`);
  await learn.fitOneCycle(epochs, { lrMax: 3e-3 });
  return stats.records.map(({ valid }) => valid!.accuracy!);
}

export const imagenetteRecord: Station = {
  name: 'imagenette-record',
  summary: 'more than the lesson’s accuracy in the time of fastai’s five epochs (--epochs, --seeds)',
  takes: ['epochs', 'seeds', 'limit', 'precision'],
  async run(context) {
    const bySeed: number[][] = [];
    while (bySeed.length < (context.seeds ?? 1)) bySeed.push(await train(bySeed.length, context));
    const accuracy = bySeed.reduce((sum, one) => sum + one.at(-1)! / bySeed.length, 0);
    context.print(`valid accuracy ${accuracy.toFixed(4)}, mean over ${bySeed.length}`);
    return { accuracy, bySeed };
  },
};
