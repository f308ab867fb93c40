/** A network that begins by LSUV, and a look at what its layers put out while it trains. */

import * as tench from 'tench';

const { AdaptiveAvgPool2d, Flatten, Linear, Sequential } = tench.nn;

tench.manualSeed(0);
const classes = tench.randint(0, 2, [192]);
const pictures = tench.randn([192, 1, 16, 16]).add(classes.reshape([192, 1, 1, 1])); // class 1 is brighter
const dataset = { length: 192, get: (i: number) => [pictures.select(0, i), classes.select(0, i)] };
const trainDl = new tench.DataLoader(dataset, { batchSize: 32, shuffle: true });

const conv = (ni: number, nf: number): tench.ConvLayer => tench.convLayer(ni, nf, { bn: false });
const model = new Sequential(
  conv(1, 8),
  conv(8, 16),
  conv(16, 16),
  new AdaptiveAvgPool2d(1),
  new Flatten(),
  new Linear(16, 2),
);

const layers = await tench.lsuvInit(model, trainDl, {
  layers: (module) => module instanceof tench.ConvLayer, // default: every layer with a weight, the last one too
  batches: 2, // measured together
});
for (const { name, mean, std } of layers) console.log(`${name}: mean ${mean.toFixed(4)}, std ${std.toFixed(4)}`);

const stats = new tench.ActivationStats({ layers: (module) => module instanceof tench.ConvLayer, every: 2 });
await new tench.Learner(model, { trainDl }, { lr: 0.1, cbs: [stats] }).fit(2);
await stats.plotHistograms().save('histograms.svg');
await stats.plotNearZeros().save('near-zeros.svg');
