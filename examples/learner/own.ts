/** A training with a callback and a metric of one's own, and every way of fitting. */

import * as tench from 'tench';

tench.manualSeed(0);
const points = tench.randn([256, 2]);
const classes = points.select(1, 0).mul(points.select(1, 1)).gt(0).to('int64'); // in which quarters a point lies
const dataset = { length: 256, get: (i: number) => [points.select(0, i), classes.select(0, i)] };
const data = {
  trainDl: new tench.DataLoader(dataset, { batchSize: 32, shuffle: true }),
  validDl: new tench.DataLoader(dataset, { batchSize: 64 }),
};
const { Linear, ReLU, Sequential } = tench.nn;
const model = new Sequential(new Linear(2, 32), new ReLU(), new Linear(32, 2));

/** Leaves a training batch out when its loss is far above those before it. */
class SkipOutliers extends tench.Callback {
  override order = 75; // after the statistics (10), before accumulation (80)
  skipped = 0;
  private usual = Infinity;

  override beginFit(): void {
    this.usual = Infinity;
  }

  override afterLoss(): void {
    if (!this.learn.inTrain) return;
    const loss = this.learn.loss.item();
    if (loss > 4 * this.usual) {
      this.skipped += 1;
      throw new tench.CancelBatchException();
    }
    this.usual = this.usual === Infinity ? loss : 0.9 * this.usual + 0.1 * loss;
  }
}

/** Mean probability that is given to the right class. */
const confidence = (pred: tench.Tensor, yb: tench.Tensor): tench.Tensor =>
  pred.softmax(1).gather(1, yb.unsqueeze(1)).mean();

const learn = new tench.Learner(model, data, {
  optFunc: tench.adamOpt,
  splitter: (whole) => whole.children().flatMap((layer) => (layer.parameters().length > 0 ? [layer.parameters()] : [])),
  cbs: [new tench.AvgStatsCallback([tench.accuracy, confidence]), new tench.Recorder(), new SkipOutliers()],
});

const search = await learn.lrFind({ startLr: 1e-5, numIt: 60, suggestFuncs: [tench.suggestLr.minimum] });
console.log(search);
await learn.fit(2, { lr: 0.01 });
await learn.fitOneCycle(3, { lrMax: { from: 0.01, to: 0.03 } }); // the last group at 0.03, those before it slower
await learn.fitFlatCos(2, { lr: 0.01, cbs: [new tench.GradientClipCallback({ maxNorm: 1 })] });
console.log(learn.totalEpochs, learn.fits, learn.recorder?.losses.length);
