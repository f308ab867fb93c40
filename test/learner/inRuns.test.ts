/** In real runs: each schedule makes the steps that its values say, and each metric is that of all samples, however they lie in batches. */

import t, { type Test } from 'tap';

import * as room from '../../lib/learner/index.js';
import { Linear, functional as F, type Module } from '../../lib/nn/index.js';
import * as optim from '../../lib/optim/index.js';
import { cat, noGrad, randn, type Tensor } from '../../lib/tensor/index.js';
import { FixedLoader, drawBatches, drawData, drawModel } from './drawn.js';

const silent = (): void => undefined;

const weightsOf = (model: Module): number[] =>
  model.parameters().flatMap((parameter) => parameter.detach().reshape([-1]).toList() as number[]);

const schedules: Readonly<Record<string, optim.Schedule>> = {
  schedNo: optim.schedNo(0.5, 0.1),
  schedLin: optim.schedLin(0.5, 0.1),
  schedCos: optim.schedCos(0.5, 0.1),
  schedExp: optim.schedExp(0.5, 0.1),
  schedPoly: optim.schedPoly(0.5, 0.1, { power: 2 }),
  schedFlatCos: optim.schedFlatCos(0.5, 0.1, { share: 0.5 }),
  schedRestarts: optim.schedRestarts(0.5, 0.1, { cycles: 2 }),
  combineScheds: optim.combineScheds([0.4, 0.6], [optim.schedLin(0.1, 0.5), optim.schedCos(0.5, 0.2)]),
  cos1cycleAnneal: optim.combineScheds([0.4, 0.6], optim.cos1cycleAnneal(0.1, 0.5, 0.2)),
  oneCycle: optim.oneCycle({ lr: [0.1, 0.5, 0.01] }).lr as optim.Schedule,
};

/** The same steps without a Learner. */
function stepped(schedule: optim.Schedule, epochs: number): number[] {
  const model = drawModel();
  const { batches } = drawData().trainDl;
  const count = epochs * batches.length;
  for (let step = 0; step < count; step += 1) {
    const [xb, yb] = batches[step % batches.length]!;
    F.crossEntropy(model.call(xb), yb).backward();
    noGrad(() => {
      for (const parameter of model.parameters()) {
        parameter.sub_(parameter.grad!.mul(schedule(step / count)));
        parameter.grad = null;
      }
    });
  }
  return weightsOf(model);
}

t.test('schedules', async (t) => {
  const named = Object.keys(optim).filter((name) => /^sched[A-Z]|^combineScheds$|^cos1cycle|^oneCycle$/.test(name));
  t.strictSame(Object.keys(schedules).sort(), named.sort(), 'all that there are');
  const constant = stepped(() => 0.5, 2);
  for (const [name, schedule] of Object.entries(schedules)) {
    const model = drawModel();
    const learn = new room.Learner(model, drawData(), { cbs: [new room.ParamScheduler('lr', schedule)] });
    learn.logger = silent;
    await learn.fit(2);
    const found = weightsOf(model);
    const expected = stepped(schedule, 2);
    t.ok(
      found.every((value, i) => Math.abs(value - expected[i]!) < 1e-6),
      `${name}: the steps are its own`,
    );
    const differs = found.some((value, i) => Math.abs(value - constant[i]!) > 1e-3);
    t.equal(differs, name !== 'schedNo', `${name} trains otherwise than a flat rate`);
  }
});

const ofClasses: Readonly<Record<string, room.AnyMetric>> = {
  accuracy: room.accuracy,
  errorRate: room.errorRate,
  accuracyTopK: room.accuracyTopK(2),
  f1Score: room.f1Score(),
  fBetaScore: room.fBetaScore({ beta: 2 }),
  precisionScore: room.precisionScore(),
  recallScore: room.recallScore(),
  rocAucScore: room.rocAucScore(),
  perplexity: room.perplexity(),
};

const ofNumbers: Readonly<Record<string, room.AnyMetric>> = {
  meanSquaredError: room.meanSquaredError,
  meanAbsoluteError: room.meanAbsoluteError,
  r2Score: room.r2Score(),
};

function atOnce(metric: room.AnyMetric, pred: Tensor, yb: Tensor): number {
  if (typeof metric !== 'function') {
    const state = metric.start();
    state.accumulate(pred, yb);
    return state.value();
  }
  const value = metric(pred, yb);
  return typeof value === 'number' ? value : value.item();
}

async function compare(
  t: Test,
  metrics: Readonly<Record<string, room.AnyMetric>>,
  { model, valid, lossFunc }: { model: Module; valid: FixedLoader; lossFunc: room.LossFunction },
): Promise<void> {
  const before: Record<string, number> = {};
  const [x, y] = [0, 1].map((part) => cat(valid.batches.map((batch) => batch[part]!)));
  const whole = (metric: room.AnyMetric): number => noGrad(() => atOnce(metric, model.call(x!), y!));
  for (const [name, metric] of Object.entries(metrics)) before[name] = whole(metric);
  const stats = new room.AvgStatsCallback(Object.values(metrics));
  const learn = new room.Learner(model, { trainDl: valid, validDl: valid }, { lr: 0.5, lossFunc, cbs: [stats] });
  learn.logger = silent;
  await learn.fit(3);
  for (const [name, metric] of Object.entries(metrics)) {
    const found = stats.records.at(-1)!.valid![metric.name]!;
    const expected = whole(metric);
    t.ok(Math.abs(found - expected) < 1e-6, `${name}: ${found}, all at once ${expected}`);
    if (name !== 'accuracyTopK') t.ok(Math.abs(found - before[name]!) > 1e-6, `${name} has moved`);
  }
}

t.test('metrics', async (t) => {
  const made = (name: string): boolean => /Score$|^accuracy|Rate$|Error$|^perplexity$/.test(name);
  t.strictSame([...Object.keys(ofClasses), ...Object.keys(ofNumbers)].sort(), Object.keys(room).filter(made).sort());
  const classes = new FixedLoader(drawBatches([7, 4, 1, 9], 5));
  await compare(t, ofClasses, { model: drawModel(), valid: classes, lossFunc: F.crossEntropy });
  const numbers = new FixedLoader(
    [5, 1, 3].map((count) => {
      const x = randn([count, 2]);
      return [x, x.sum(1, true).add(1)] as const;
    }),
  );
  await compare(t, ofNumbers, { model: new Linear(2, 1), valid: numbers, lossFunc: (pred, yb) => F.mseLoss(pred, yb) });
});
