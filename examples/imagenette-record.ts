/** More than the lesson's accuracy in the time of fastai's five epochs: a small residual network, one cycle of Adam, pictures that grow. */

import * as tench from 'tench';
import { convLayer, nn } from 'tench';
import { ByEpoch } from './harness/byEpoch.js';
import type { Station, StationContext } from './harness/station.js';
import { lessonBunch } from './optimizers/lessonData.js';

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

/** A network that is asked twice when it is evaluated: of pictures, and of their mirror images. */
class Mirrored extends nn.Sequential {
  override forward(x: tench.Tensor): tench.Tensor {
    const pred = super.forward(x);
    return this.training ? pred : pred.add(super.forward(x.flip([3]))).div(2);
  }
}

/** Returns the accuracy after each epoch. */
async function train(seed: number, epochs: number, { data, limit, print }: StationContext): Promise<number[]> {
  const bunch = (tfms: tench.AnyTransform[]) => lessonBunch(data, { limit, tfms, batchSize: 64, seed });
  const { validDl, cOut = 10 } = await bunch([new tench.ResizeFixed(128)]);
  const crop = (size: number) => [new tench.RandomResizedCrop(size, { scale: [0.35, 1] }), new tench.RandomFlip()];
  const loaders = await Promise.all([64, 80, 96, 112].map(async (size) => (await bunch(crop(size))).trainDl));
  const growing = Array.from({ length: epochs }, (_, epoch) => loaders[Math.floor((4 * epoch) / epochs)]!);
  tench.manualSeed(seed);
  const stem = [convLayer(3, 32, { kernelSize: 5 }), convLayer(32, 64), convLayer(64, 128)];
  const body = [new Residual(128), new Residual(128), convLayer(128, 256), ...[1, 2, 3].map(() => new Residual(256))];
  const model = new Mirrored(...stem, ...body, new nn.AdaptiveAvgPool2d(1), new nn.Flatten(), new nn.Linear(256, cOut));
  const stats = new tench.AvgStatsCallback(tench.accuracy);
  const cbs = [new tench.BatchTransformXCallback(tench.normalizer(tench.imagenetteStats)), stats];
  const optFunc: tench.OptFunc = (params, hypers) => tench.adamOpt(params, { ...hypers, wd: 0.05 });
  const setup = { cbs, optFunc, lossFunc: tench.crossEntropyWith({ labelSmoothing: 0.1 }), precision: 'bf16' as const };
  const learn = new tench.Learner(model, { trainDl: new ByEpoch(growing), validDl }, setup);
  learn.logger = (record) => print(`seed ${seed}  ${tench.formatEpoch(record)}`);
  await learn.fitOneCycle(epochs, { lrMax: 3e-3 });
  return stats.records.map(({ valid }) => valid!.accuracy!);
}

export const imagenetteRecord: Station = {
  name: 'imagenette-record',
  summary: 'more than the lesson’s accuracy in the time of fastai’s five epochs (--epochs, --seeds)',
  takes: ['epochs', 'seeds', 'limit'],
  async run(context) {
    const bySeed: number[][] = [];
    while (bySeed.length < (context.seeds ?? 1)) bySeed.push(await train(bySeed.length, context.epochs ?? 13, context));
    const accuracy = bySeed.reduce((sum, one) => sum + one.at(-1)! / bySeed.length, 0);
    context.print(`valid accuracy ${accuracy.toFixed(4)}, mean over ${bySeed.length}`);
    return { accuracy, bySeed };
  },
};
