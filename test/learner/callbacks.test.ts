/** The callbacks that come with the learner: schedule, recorder, transform of the batch, device, factories. */

import t from 'tap';

import {
  BatchAugmentCallback,
  BatchTransformXCallback,
  Callback,
  CudaCallback,
  Learner,
  ParamScheduler,
  Recorder,
  TrainEvalCallback,
  type CallbackFactory,
} from '../../lib/learner/index.js';
import { Flatten, Linear, Sequential } from '../../lib/nn/index.js';
import { combineScheds, cos1cycleAnneal, schedLin } from '../../lib/optim/index.js';
import { isCudaAvailable, ones, rand, type Tensor } from '../../lib/tensor/index.js';
import { BatchAugment, BatchRotate } from '../../lib/vision/index.js';
import { FixedLoader, drawData, drawModel } from './drawn.js';

t.test('a schedule sets the rate of every batch, and the recorder keeps it', async (t) => {
  const recorder = new Recorder();
  const sched = combineScheds([0.3, 0.7], cos1cycleAnneal(0.1, 0.3, 0.05));
  const learn = new Learner(drawModel(), drawData([2, 2, 2, 2, 2], [1]), {
    cbs: [recorder, new ParamScheduler('lr', sched)],
  });
  await learn.fit(2);
  t.equal(recorder.losses.length, 10);
  t.equal(recorder.lrs.length, 10);
  // Independent of the schedule's own code: cosine from 0.1 to 0.3 over three tenths, then down to 0.05.
  const cosine = (from: number, to: number, share: number) =>
    from + ((to - from) * (1 - Math.cos(Math.PI * share))) / 2;
  const expected = (pos: number) => (pos < 0.3 ? cosine(0.1, 0.3, pos / 0.3) : cosine(0.3, 0.05, (pos - 0.3) / 0.7));
  for (const [batch, lr] of recorder.lrs.entries())
    t.ok(Math.abs(lr - expected(batch / 10)) < 1e-9, `batch ${batch}: ${lr}`);
  t.strictSame(
    recorder.points('loss', { x: 'lr' }).map(({ x }) => x),
    recorder.lrs,
  );
  t.strictSame(
    recorder.points('lr').map(({ x }) => x),
    [...Array(10).keys()],
  );
  t.throws(() => recorder.hypers('beta'), /a hyper-parameter of group -1/);
});

t.test('each parameter group may have a schedule of its own', async (t) => {
  const recorder = new Recorder();
  const model = new Sequential(new Linear(2, 4), new Linear(4, 2));
  const learn = new Learner(model, drawData([2, 2], [1]), {
    splitter: (whole) => whole.children().map((child) => child.parameters()),
    cbs: [recorder, new ParamScheduler('lr', [schedLin(0, 1), schedLin(4, 8)])],
  });
  await learn.fit(1);
  t.strictSame(recorder.hypers('lr', 0), [0, 0.5]);
  t.strictSame(recorder.hypers('lr', 1), [4, 6]);
});

t.test('a schedule that fits nothing is refused when the fit begins', async (t) => {
  const fit = (cb: Callback) => new Learner(drawModel(), drawData(), { cbs: [cb] }).fit(1);
  await t.rejects(
    fit(new ParamScheduler('lr', [schedLin(0, 1), schedLin(0, 1)])),
    /one for each of the 1 parameter groups/,
  );
  await t.rejects(fit(new ParamScheduler('rate', schedLin(0, 1))), /no hyper-parameter rate; it has .*lr/);
  t.throws(() => new ParamScheduler('lr', [] as never), /a function of the position/);
});

t.test('BatchTransformX changes training and validation batches', async (t) => {
  const means: number[] = [];
  class Look extends Callback {
    override order = 3;
    override beginBatch(): void {
      means.push(this.learn.xb.mean().item());
    }
  }
  await new Learner(drawModel(), drawData([4], [4]), {
    cbs: [new BatchTransformXCallback((xb) => xb.mul(0).add(7)), new Look()],
  }).fit(1);
  t.strictSame(means, [7, 7]);
});

t.test(
  'BatchAugment changes training batches by epoch and batch, and only normalises validation batches',
  async (t) => {
    const x = rand([2, 1, 6, 6]);
    const batch = [x, ones([2], { dtype: 'int64' })] as const;
    const augment = new BatchAugment([new BatchRotate({ p: 1 })], { mean: [0.5], std: [0.25], seed: 1 });
    const seen: { xb: Tensor; inTrain: boolean }[] = [];
    class Look extends Callback {
      override order = 3;
      override beginBatch(): void {
        seen.push({ xb: this.learn.xb, inTrain: this.learn.inTrain });
      }
    }
    const model = new Sequential(new Flatten(), new Linear(36, 2));
    const data = { trainDl: new FixedLoader([batch, batch]), validDl: new FixedLoader([batch]) };
    const learn = new Learner(model, data, { cbs: [new BatchAugmentCallback(augment), new Look()] });
    await learn.fit(1);
    await learn.fit(1);
    const same = (a: Tensor, b: Tensor): boolean => a.sub(b).abs().amax().item() < 1e-6;
    const training = seen.filter(({ inTrain }) => inTrain).map(({ xb }) => xb);
    for (const [place, xb] of training.entries())
      t.ok(same(xb, augment.apply(x, { epoch: Math.floor(place / 2), index: place % 2 })), `batch ${place}`);
    t.notOk(same(training[0]!, training[1]!));
    t.notOk(same(training[0]!, training[2]!));
    for (const { xb } of seen.filter(({ inTrain }) => !inTrain)) t.ok(same(xb, x.sub(0.5).div(0.25)), 'validation');
  },
);

t.test(
  'CudaCallback says once that there is no device, and training goes on',
  { skip: isCudaAvailable() && 'there is a CUDA device' },
  async (t) => {
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', listen);
    const learn = new Learner(drawModel(), drawData(), { cbs: [new CudaCallback()] });
    await learn.fit(1);
    await learn.fit(1);
    await new Promise(setImmediate);
    process.off('warning', listen);
    t.strictSame(warnings, ['CudaCallback: there is no CUDA device here, so training stays on the CPU']);
    t.equal(learn.pred.device, 'cpu');
  },
);

t.test('device cpu moves nothing and works', async (t) => {
  const learn = new Learner(drawModel(), drawData(), { device: 'cpu' });
  await learn.fit(1);
  t.equal(learn.xb.device, 'cpu');
});

t.test('factories make new callbacks for each learner', async (t) => {
  const cbfs: CallbackFactory[] = [Recorder, () => new ParamScheduler('lr', schedLin(1, 0))];
  const [a, b] = [0, 1].map(() => new Learner(drawModel(), drawData(), { cbfs }));
  t.not(a?.find(Recorder), b?.find(Recorder));
  t.ok(a?.find(TrainEvalCallback));
  await a?.fit(1);
  t.equal(a?.recorder?.losses.length, 3);
  t.equal(b?.recorder?.losses.length, 0);
});
