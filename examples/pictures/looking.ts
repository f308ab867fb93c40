/** Trains on drawn stripes and looks at what happened; docs/pictures.md shows it. */

import * as tench from 'tench';

// Pictures of stripes, lying or standing, under noise: what is to be learned.
tench.manualSeed(0);
const names = ['lying', 'standing'];
const stripes = (index: number): tench.Tensor => {
  const wave = tench.arange(0, 16).mul(1.2).sin().mul(0.3).add(0.5);
  const picture = index % 2 === 0 ? wave.reshape([16, 1]).expand([16, 16]) : wave.expand([16, 16]);
  return picture.add(tench.randn([16, 16]), { alpha: 0.35 }).unsqueeze(0);
};
const images = Array.from({ length: 240 }, (_, index) => stripes(index));
const part = (from: number, to: number) => ({
  length: to - from,
  vocab: names,
  get: (index: number): [tench.Tensor, number] => [images[from + index]!, (from + index) % 2],
});
const data = new tench.DataBunch(
  new tench.DataLoader(part(0, 160), { batchSize: 8, shuffle: true }),
  new tench.DataLoader(part(160, 240), { batchSize: 40 }),
);

const model = new tench.nn.Sequential(new tench.nn.Flatten(), new tench.nn.Linear(256, 2));
const learn = new tench.Learner(model, data, {
  cbs: [new tench.AvgStatsCallback([tench.accuracy]), new tench.Recorder(), new tench.ActivationStats()],
});
await learn.fitOneCycle(3, { lrMax: 0.02 });

// The training: losses and metrics, rates, what the layers put out.
await learn.recorder!.plot().save('losses.svg');
await learn.recorder!.plotLr().save('rates.svg');
await learn.find(tench.ActivationStats)!.plotActivations().save('activations.png');

// What the model says of the validation data, and where it is most wrong.
const interp = await learn.interpret();
console.log(interp.plotConfusionMatrix().terminal({ width: 60 }));
await interp.plotConfusionMatrix({ normalize: true }).save('confusion.svg');
const [worst] = interp.topLosses(1);
console.log(`number ${worst!.index} is ${worst!.actual}`);
await (await interp.plotTopLosses(9)).save('losses.png');
await (await learn.showResults({ count: 6, columns: 3 })).save('results.html');
