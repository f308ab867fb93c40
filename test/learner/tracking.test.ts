/** Callbacks that act on the numbers of epochs, in real runs: they stop, slow down, and see what a loss of NaN would have done. */

import t from 'tap';

import {
  AvgStatsCallback,
  Callback,
  EarlyStoppingCallback,
  Learner,
  ParamScheduler,
  Recorder,
  ReduceLrOnPlateauCallback,
  TerminateOnNanCallback,
  accuracy,
  errorRate,
} from '../../lib/learner/index.js';
import { schedNo } from '../../lib/optim/index.js';
import { drawData, drawModel } from './drawn.js';

function learner(cbs: Callback[], lr = 0.5): Learner {
  const learn = new Learner(drawModel(), drawData([8, 8], [16]), { lr, cbs });
  learn.logger = () => undefined;
  return learn;
}

t.test('early stopping waits as long as it is told', async (t) => {
  for (const patience of [1, 3]) {
    const stats = new AvgStatsCallback([accuracy]);
    const stop = new EarlyStoppingCallback({ monitor: 'loss', patience, minDelta: 0.02 });
    const learn = learner([stats, stop]);
    await learn.fit(200);
    const losses = stats.records.map(({ valid }) => valid!.loss!);
    t.ok(losses.length < 200 && losses.length > 3, `stopped after ${losses.length} epochs`);
    // By hand: the epoch whose last `patience` losses did not beat the best by the least difference.
    let [best, stale, epochs] = [Infinity, 0, 0];
    for (const loss of losses) {
      epochs += 1;
      if (loss < best - 0.02) [best, stale] = [loss, 0];
      else stale += 1;
      if (stale === patience) break;
    }
    t.strictSame([losses.length, stop.best, stop.stale], [epochs, best, patience]);
    t.equal(stop.bestEpoch, losses.indexOf(best));
  }
});

t.test('large is good for what is no loss or error', async (t) => {
  t.equal(new EarlyStoppingCallback({ monitor: 'accuracy' }).mode, 'max');
  t.equal(new EarlyStoppingCallback({ monitor: 'errorRate' }).mode, 'min');
  const stats = new AvgStatsCallback([accuracy, errorRate]);
  const [up, down] = ['accuracy', 'errorRate'].map((monitor) => new EarlyStoppingCallback({ monitor, patience: 90 }));
  await learner([stats, up!, down!]).fit(5);
  t.equal(up!.best, Math.max(...stats.records.map(({ valid }) => valid!.accuracy!)));
  t.equal(down!.best, Math.min(...stats.records.map(({ valid }) => valid!.errorRate!)));
  t.equal(up!.bestEpoch, down!.bestEpoch);
});

t.test('the rate falls on a plateau, not below its least, and is seen in training', async (t) => {
  const recorder = new Recorder();
  const plateau = new ReduceLrOnPlateauCallback({ factor: 0.5, patience: 2, minDelta: 10, minLr: 0.2 });
  const learn = learner([new AvgStatsCallback(), recorder, plateau]);
  await learn.fit(9);
  // Nothing gets better by 10: the first epoch is the best, and every two after it halve the rate.
  const byEpoch = recorder.lrs.filter((_, batch) => batch % 2 === 0);
  t.strictSame(byEpoch, [0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2]);
  t.equal(learn.opt.hypers[0]!.lr, 0.2);
  const scheduled = learner([new AvgStatsCallback(), plateau, new ParamScheduler('lr', schedNo(1))]);
  await t.rejects(scheduled.fit(1), /the rate has a schedule/);
});

t.test('a loss of NaN ends the fit before it reaches the weights', async (t) => {
  class Spoil extends Callback {
    override afterLoss(): void {
      if (this.learn.nIter === 3) this.learn.loss = this.learn.loss.mul(NaN);
    }
  }
  const recorder = new Recorder();
  const learn = learner([new Spoil(), recorder, new TerminateOnNanCallback()]);
  await learn.fit(10);
  t.strictSame([recorder.losses.length, Number.isNaN(recorder.losses.at(-1))], [4, true]);
  const finite = (one: Learner): boolean => one.model.parameters().every((p) => Boolean(p.isfinite().all().item()));
  t.ok(finite(learn));
  const without = learner([new Spoil()]);
  await without.fit(10);
  t.notOk(finite(without));
});

t.test('what cannot be watched is said when the fit begins', async (t) => {
  await t.rejects(learner([new EarlyStoppingCallback()]).fit(1), /has no AvgStatsCallback/);
  const other = [new AvgStatsCallback([accuracy]), new EarlyStoppingCallback({ monitor: 'f1' })];
  await t.rejects(learner(other).fit(1), /watches f1, but the learner measures loss, accuracy/);
  const learn = new Learner(
    drawModel(),
    { trainDl: drawData().trainDl },
    { cbs: [new AvgStatsCallback(), new EarlyStoppingCallback()] },
  );
  learn.logger = () => undefined;
  await t.rejects(learn.fit(1), /loss of valid, but that pass had no batch/);
});
