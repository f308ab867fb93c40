/** Whatever a function of the learner room is given, it returns or throws a typed error, which says what was wrong. */

import t from 'tap';

import * as room from '../../lib/learner/index.js';
import { ArgumentError, TenchError, ones, setNumThreads } from '../../lib/tensor/index.js';
import { messagesOf } from '../messages.js';
import { provokeRoom } from '../provoke.js';
import { FixedLoader, drawData, drawModel } from './drawn.js';
import { learnerRoom } from './room.js';

const seed = 1;

setNumThreads(1);

t.test(`all that is exported, seed ${seed}`, async (t) => {
  const { calls, places, faults } = await provokeRoom(learnerRoom, { seed, numRuns: 40 });
  t.strictSame(faults, []);
  t.ok(calls > 55, `${calls} functions, constructors, methods and accessors are called`);
  t.ok(places > 90, `${places} right arguments are spoilt`);
});

/** A function or class that takes anything. */
interface Anything {
  (...args: unknown[]): unknown;
  new (...args: unknown[]): unknown;
}

const loose = room as unknown as Record<keyof typeof room, Anything>;

/** Fits once with options that may be wrong, on data that may be wrong. */
async function fit(options: object, data: unknown = drawData([4], [2])): Promise<void> {
  const learn = new loose.Learner(drawModel(), data, options) as room.Learner;
  learn.logger = () => undefined;
  await learn.fit(1);
}

class Late extends room.Callback {
  override afterPred = (): void => Promise.resolve() as never;
}

t.test('the message names the argument, what was expected and what came', async (t) => {
  const learn = new room.Learner(drawModel(), drawData());
  await messagesOf(t, [
    [() => new loose.Learner(7, drawData()), ArgumentError, [/model/, /Module/, /7/]],
    [() => fit({}, { trainDl: [] }), ArgumentError, [/data\.trainDl/, /async iterable/]],
    [() => fit({}, { trainDl: new FixedLoader([[ones([2, 2])] as never]) }), TenchError, [/batch/, /\[xb, yb\]/]],
    [() => fit({ lr: 'fast' }), ArgumentError, [/lr/, /finite number/, /fast/]],
    [() => fit({ precision: 'fp8' }), ArgumentError, [/precision/, /'bf16'/, /fp8/]],
    [() => fit({ lossFunc: () => 1 }), TenchError, [/lossFunc/, /tensor/, /1/]],
    [() => fit({ lossFunc: async () => ones([]) }), TenchError, [/lossFunc/, /tensor/, /Promise/]],
    [() => fit({ optFunc: () => 'sgd' }), ArgumentError, [/optFunc/, /Optimizer/, /sgd/]],
    [() => fit({ cbs: [{}] }), ArgumentError, [/cbs/, /Callback/]],
    [() => fit({ cbfs: [() => 7] }), ArgumentError, [/cbfs/, /callback/, /7/]],
    [() => fit({ cbs: [new Late()] }), TenchError, [/Late\.afterPred/, /promise/]],
    [
      () => fit({ cbs: [new room.AvgStatsCallback(room.named('odd', () => 'good' as never))] }),
      TenchError,
      [/odd/, /good/],
    ],
    [() => learn.fit(-1), ArgumentError, [/epochs/, /at least 0/, /-1/]],
    [() => learn.fit(1, { resetOpt: 'yes' as never }), ArgumentError, [/resetOpt/, /true or false/, /yes/]],
    [() => loose.accuracy('pred', ones([1])), ArgumentError, [/accuracy: pred/, /Tensor/]],
    [() => loose.formatEpoch({ epoch: 0 }), ArgumentError, [/record/]],
  ]);
  t.equal(learn.lr, 0.01, 'what was refused has changed nothing');
});
