/** The loop on a real model: it learns, calls events in the documented order, and every cancel exception does what the table says. */

import t from 'tap';

import {
  AvgStatsCallback,
  Callback,
  CancelBatchException,
  CancelEpochException,
  CancelTrainException,
  Learner,
  Recorder,
  accuracy,
  type EventName,
} from '../../lib/learner/index.js';
import { events } from '../../lib/learner/callback.js';
import { emaOpt } from '../../lib/optim/index.js';
import { drawData, drawModel } from './drawn.js';

/** Writes down every event, and throws what it is told to, once. */
class Spy extends Callback {
  override order = 100;
  readonly seen: string[] = [];

  constructor(private throwAt: { event: EventName; error: Error } | null = null) {
    super();
    for (const event of events) {
      this[event] = () => {
        this.seen.push(event);
        if (this.throwAt?.event !== event) return;
        const { error } = this.throwAt;
        this.throwAt = null;
        throw error;
      };
    }
  }
}

const silent = (): void => undefined;

function learner(cbs: Callback[], data = drawData()): Learner {
  const learn = new Learner(drawModel(), data, { lr: 0.5, cbs });
  learn.logger = silent;
  return learn;
}

const trainBatch = ['beginBatch', 'afterPred', 'afterLoss', 'afterBackward', 'beginStep', 'afterStep', 'afterBatch'];
const validBatch = ['beginBatch', 'afterPred', 'afterLoss', 'afterBatch'];

t.test('the loss falls and the points are told apart', async (t) => {
  const stats = new AvgStatsCallback([accuracy]);
  await learner([stats]).fit(30);
  const [first, last] = [stats.records[0], stats.records.at(-1)];
  t.ok((last?.train?.loss ?? 9) < 0.5 * (first?.train?.loss ?? 0), 'the loss is halved');
  t.ok((last?.train?.accuracy ?? 0) > 0.9, 'nearly all are right');
  t.equal(stats.records.length, 30);
});

t.test('evaluation weights of the optimizer are in the model while it validates, and only then', async (t) => {
  class Look extends Callback {
    readonly seen: [inTrain: boolean, weights: string][] = [];
    override beginBatch(): void {
      const weights = JSON.stringify(this.learn.model.parameters().map((p) => p.detach().toList()));
      this.seen.push([this.learn.inTrain, weights]);
    }
    override afterEpoch(): void {
      this.seen.push([true, JSON.stringify(this.learn.model.parameters().map((p) => p.detach().toList()))]);
    }
  }
  const look = new Look();
  const learn = new Learner(drawModel(), drawData([4], [3]), { lr: 0.5, optFunc: emaOpt, cbs: [look] });
  learn.logger = silent;
  await learn.fit(1);
  const [before, during, after] = look.seen as [[boolean, string], [boolean, string], [boolean, string]];
  t.strictSame([before[0], during[0], after[0]], [true, false, true]);
  t.not(during[1], after[1], 'the average validates');
  t.not(before[1], after[1]);
  learn.opt.evalWeights(() => {
    t.equal(JSON.stringify(learn.model.parameters().map((p) => p.detach().toList())), during[1]);
  });
});

t.test('events come in the documented order', async (t) => {
  const spy = new Spy();
  await learner([spy], drawData([4, 2], [3])).fit(2);
  const epoch = ['beginEpoch', ...trainBatch, ...trainBatch, 'beginValidate', ...validBatch, 'afterEpoch'];
  t.strictSame(spy.seen, ['beginFit', ...epoch, ...epoch, 'afterFit', 'cleanupFit']);
});

t.test('callbacks run by order, and in the order of adding where it is equal', async (t) => {
  const called: string[] = [];
  class Named extends Callback {
    constructor(
      readonly label: string,
      override order: number,
    ) {
      super();
    }
    override beginFit(): void {
      called.push(this.label);
    }
  }
  const learn = learner([new Named('c', 5), new Named('a', -3), new Named('d', 5)]);
  await learn.fit(0, { cbs: [new Named('b', 0)] });
  t.strictSame(called, ['a', 'b', 'c', 'd']);
  t.equal(learn.cbs.length, 4, 'the callback of the fit is gone again');
});

t.test('CancelBatch skips the rest of the batch only', async (t) => {
  for (const event of ['beginBatch', 'afterPred', 'afterLoss', 'afterBackward', 'beginStep', 'afterStep'] as const) {
    const spy = new Spy({ event, error: new CancelBatchException() });
    await learner([spy], drawData([4, 2], [3])).fit(1);
    const cut = trainBatch.slice(0, trainBatch.indexOf(event) + 1);
    t.strictSame(
      spy.seen,
      [
        'beginFit',
        'beginEpoch',
        ...cut,
        'afterCancelBatch',
        'afterBatch',
        ...trainBatch,
        'beginValidate',
        ...validBatch,
        'afterEpoch',
        'afterFit',
        'cleanupFit',
      ],
      event,
    );
  }
});

t.test('a batch cancelled before the step leaves the weights and keeps the gradients', async (t) => {
  const model = drawModel();
  const before = model.parameters().map((p) => p.toList());
  const learn = new Learner(model, drawData([4], [1]), {
    lr: 0.5,
    cbs: [new Spy({ event: 'afterBackward', error: new CancelBatchException() })],
  });
  await learn.fit(1);
  t.strictSame(
    model.parameters().map((p) => p.toList()),
    before,
  );
  t.ok(model.parameters().every((p) => p.grad !== null));
});

t.test('CancelEpoch ends the pass, and validation still comes', async (t) => {
  for (const event of ['beginEpoch', 'afterLoss', 'afterBatch'] as const) {
    const spy = new Spy({ event, error: new CancelEpochException() });
    await learner([spy], drawData([4, 2], [3])).fit(1);
    const cut =
      event === 'beginEpoch'
        ? []
        : event === 'afterBatch'
          ? trainBatch
          : ['beginBatch', 'afterPred', 'afterLoss', 'afterBatch'];
    t.strictSame(
      spy.seen,
      [
        'beginFit',
        'beginEpoch',
        ...cut,
        'afterCancelEpoch',
        'beginValidate',
        ...validBatch,
        'afterEpoch',
        'afterFit',
        'cleanupFit',
      ],
      event,
    );
  }
});

t.test('CancelEpoch in beginValidate skips the validation', async (t) => {
  const spy = new Spy({ event: 'beginValidate', error: new CancelEpochException() });
  const stats = new AvgStatsCallback();
  await learner([spy, stats], drawData([4], [3])).fit(1);
  t.strictSame(spy.seen, [
    'beginFit',
    'beginEpoch',
    ...trainBatch,
    'beginValidate',
    'afterCancelEpoch',
    'afterEpoch',
    'afterFit',
    'cleanupFit',
  ]);
  t.equal(stats.records[0]?.valid, null);
});

t.test('CancelTrain ends the fit from anywhere', async (t) => {
  const ends = ['afterCancelTrain', 'afterFit', 'cleanupFit'];
  const cases: [EventName, string[]][] = [
    ['beginFit', []],
    ['beginEpoch', ['beginEpoch']],
    ['afterBackward', ['beginEpoch', ...trainBatch.slice(0, 4), 'afterBatch']],
    ['afterBatch', ['beginEpoch', ...trainBatch]],
    ['beginValidate', ['beginEpoch', ...trainBatch, 'beginValidate']],
    ['afterEpoch', ['beginEpoch', ...trainBatch, 'beginValidate', ...validBatch, 'afterEpoch']],
  ];
  for (const [event, between] of cases) {
    const spy = new Spy({ event, error: new CancelTrainException() });
    await learner([spy], drawData([4], [3])).fit(3);
    t.strictSame(spy.seen, ['beginFit', ...between, ...ends], event);
  }
});

t.test('an error of a callback comes out of fit, after cleanupFit alone', async (t) => {
  const spy = new Spy({ event: 'afterLoss', error: new RangeError('mine') });
  await t.rejects(learner([spy]).fit(1), { name: 'RangeError', message: 'mine' });
  t.strictSame(spy.seen, ['beginFit', 'beginEpoch', 'beginBatch', 'afterPred', 'afterLoss', 'cleanupFit']);
});

t.test('a cancel exception where the table has a dash is an error that says so', async (t) => {
  const spy = new Spy({ event: 'afterFit', error: new CancelTrainException() });
  await t.rejects(learner([spy]).fit(1), { message: /cancelled the training at an event where it cannot/ });
});

t.test('a callback may change what the loop has', async (t) => {
  class Change extends Callback {
    override afterPred(): void {
      this.learn.pred = this.learn.pred.mul(0);
    }
    override afterLoss(): void {
      this.learn.loss = this.learn.loss.mul(2);
    }
  }
  const recorder = new Recorder();
  await learner([new Change(), recorder]).fit(1);
  for (const loss of recorder.losses)
    t.match(loss, Math.fround(2 * Math.fround(Math.log(2))), 'twice the loss of even odds');
});

t.test('progress counts epochs as fractions, and loaders hear of all epochs', async (t) => {
  const seen: number[] = [];
  class Progress extends Callback {
    override beginBatch(): void {
      if (this.learn.inTrain) seen.push(this.learn.nEpochs);
    }
  }
  const data = drawData([2, 2, 2, 2], [1]);
  const learn = learner([new Progress()], data);
  await learn.fit(2);
  t.strictSame(seen, [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75]);
  t.equal(learn.nIter, 8);
  await learn.fit(1);
  t.strictSame(data.trainDl.epochs, [0, 1, 2], 'the second fit goes on counting');
});

t.test('train and eval modes follow the passes', async (t) => {
  const modes: boolean[] = [];
  class Mode extends Callback {
    override beginBatch(): void {
      modes.push(this.learn.model.training);
      if (!this.learn.inTrain)
        t.notOk(this.learn.model.call(this.learn.xb).requiresGrad, 'nothing is recorded while validating');
    }
  }
  await learner([new Mode()], drawData([2], [2])).fit(2);
  t.strictSame(modes, [true, false, true, false]);
});

t.test('what is wrong is said at the door', async (t) => {
  const data = drawData();
  t.throws(() => new Learner(drawModel(), data, { lr: NaN }), /expected a finite number for `lr`/);
  t.throws(() => new Learner(drawModel(), data, { precision: 'fp8' as never }), /'fp32', 'bf16' or 'fp16'/);
  t.throws(() => new Learner(drawModel(), data, { cbs: [{} as never] }), /instances of classes that extend Callback/);
  t.throws(() => new Learner(drawModel(), data, { cbfs: [() => 3 as never] }), /functions that return a callback/);
  await t.rejects(learner([]).fit(1.5), /expected a whole number of at least 0 for `epochs` but received 1.5/);
  class Late extends Callback {
    override beginBatch = (): void => Promise.resolve() as never;
  }
  await t.rejects(learner([new Late()]).fit(1), /Late.beginBatch returned a promise/);
});

t.test('two fits of one learner do not mix', async (t) => {
  const learn = learner([]);
  const first = learn.fit(1);
  await t.rejects(learn.fit(1), /in the middle of a fit/);
  await first;
  await learn.fit(1);
});

t.test('bf16: forward in bfloat16, weights and loss in float32, and it learns', async (t) => {
  const dtypes = new Set<string>();
  class Look extends Callback {
    override afterLoss(): void {
      dtypes.add(`${this.learn.pred.dtype} ${this.learn.loss.dtype}`);
    }
  }
  const stats = new AvgStatsCallback([accuracy]);
  const learn = new Learner(drawModel(), drawData(), { lr: 0.5, precision: 'bf16', cbs: [stats, new Look()] });
  learn.logger = silent;
  await learn.fit(30);
  t.strictSame([...dtypes], ['bfloat16 float32']);
  t.ok(learn.model.parameters().every((p) => p.dtype === 'float32'));
  t.ok((stats.records.at(-1)?.train?.accuracy ?? 0) > 0.9);
});

t.test('a loader that never waits leaves room for timers', async (t) => {
  let fired = 0;
  const timer = setInterval(() => (fired += 1), 1);
  await learner([], drawData(Array.from({ length: 400 }, () => 64))).fit(1);
  clearInterval(timer);
  t.ok(fired > 0);
});
