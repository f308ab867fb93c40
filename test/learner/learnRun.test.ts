/** The lesson's chain: a CNN for the data, initialised and in a learner, trains on drawn pictures. */

import { inspect } from 'node:util';
import t from 'tap';

import { AvgStatsCallback, Recorder, accuracy, getLearnRun } from '../../lib/learner/index.js';
import { Conv2d, GeneralReLU, Linear, convLayer } from '../../lib/nn/index.js';
import { adamOpt } from '../../lib/optim/index.js';
import { cat, manualSeed, randn, tensor } from '../../lib/tensor/index.js';
import { FixedLoader } from './drawn.js';

/** Noise whose left or right half is brighter: the class. */
function drawPictures(batches: number, seed: number): FixedLoader {
  manualSeed(seed);
  return new FixedLoader(
    Array.from({ length: batches }, () => {
      const classes = Array.from({ length: 16 }, (_, i) => i % 2);
      const noise = randn([16, 1, 8, 8]);
      const sides = classes.map((c) => tensor([[[c === 0 ? 1 : 0, c]]]).repeatInterleave(4, 3 - 1));
      return [noise.mul(0.3).add(cat(sides, 0).unsqueeze(1)), tensor(classes, { dtype: 'int64' })] as const;
    }),
  );
}

t.test('it learns, with the options handed to whom they concern', async (t) => {
  const data = { trainDl: drawPictures(12, 0), validDl: drawPictures(4, 1), cIn: 1, cOut: 2 };
  manualSeed(0);
  const learn = getLearnRun([16], data, 0.05, convLayer, {
    cbs: [new AvgStatsCallback(accuracy)],
    cbfs: [Recorder],
    leak: 0.1,
    sub: 0.4,
  });
  learn.logger = () => undefined;
  await learn.fit(3);
  const stats = learn.find(AvgStatsCallback);
  t.ok((stats?.records.at(-1)?.valid?.accuracy ?? 0) > 0.9, inspect(stats?.records));
  t.equal(learn.recorder?.losses.length, 36);
  t.equal(inspect(learn.recorder), 'Recorder(36 batches)');
  t.equal(inspect(stats), 'AvgStatsCallback(loss, accuracy; 3 epochs)');

  const modules = learn.model.modules();
  t.strictSame(
    modules.filter((module) => module instanceof Conv2d).map((conv) => conv.weight.shape.slice(0, 2)),
    [
      [8, 1],
      [16, 8],
      [32, 16],
      [16, 32],
    ],
  );
  const relu = modules.find((module) => module instanceof GeneralReLU);
  t.match(relu, { leak: 0.1, sub: 0.4 });
  t.strictSame(modules.find((module) => module instanceof Linear)?.weight.shape, [2, 16]);
});

t.test('weights are drawn by the rule: deviation sqrt(2 / 1.01 / fan)', (t) => {
  const data = { trainDl: new FixedLoader([]), cIn: 3, cOut: 10 };
  for (const uniform of [false, true]) {
    manualSeed(0);
    const { model } = getLearnRun([64, 128], data, 0.1, convLayer, { uniform });
    const widest = model
      .modules()
      .filter((module) => module instanceof Conv2d)
      .at(-1);
    const std = widest?.weight.std().item() ?? 0;
    const largest = widest?.weight.abs().max().item() ?? 0;
    const expected = Math.sqrt(2 / 1.01 / (64 * 9));
    t.ok(Math.abs(std / expected - 1) < 0.02, `${std} for ${expected}`);
    if (uniform) t.ok(largest <= Math.sqrt(3) * expected + 1e-6);
    else t.ok(largest > 3 * expected);
  }
  t.end();
});

t.test('another optimizer, and no validation set', async (t) => {
  const data = { trainDl: drawPictures(2, 0), cIn: 1, cOut: 2 };
  const learn = getLearnRun([8], data, 1e-3, convLayer, { optFunc: adamOpt, cbs: [new AvgStatsCallback(accuracy)] });
  learn.logger = (record) => t.equal(record.valid, null);
  await learn.fit(1);
  t.equal(learn.opt.hypers[0]?.lr, 1e-3);
});
