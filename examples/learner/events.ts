/** Writes down the events of a fit: two training batches, the second of which is cancelled, and one of validation. */

import * as tench from 'tench';

const batch: [tench.Tensor, tench.Tensor] = [tench.ones([4, 2]), tench.zeros([4], { dtype: 'int64' })];
const loaderOf = (length: number): tench.BatchLoader => ({
  length,
  async *[Symbol.asyncIterator]() {
    for (let i = 0; i < length; i += 1) yield batch;
  },
});

const names = [
  ...['beginFit', 'beginEpoch', 'beginBatch', 'afterPred', 'afterLoss', 'afterBackward', 'beginStep', 'afterStep'],
  ...['afterCancelBatch', 'afterBatch', 'beginValidate', 'afterCancelEpoch', 'afterEpoch'],
  ...['afterCancelTrain', 'afterFit', 'cleanupFit'],
] as tench.EventName[];

class WriteDown extends tench.Callback {
  readonly seen: string[] = [];

  constructor() {
    super();
    for (const name of names) this[name] = () => void this.seen.push(name);
  }
}

class SkipSecond extends tench.Callback {
  override order = 1;

  override beginBatch(): void {
    if (this.learn.inTrain && this.learn.iter === 1) throw new tench.CancelBatchException();
  }
}

const written = new WriteDown();
const learn = new tench.Learner(
  new tench.nn.Linear(2, 2),
  { trainDl: loaderOf(2), validDl: loaderOf(1) },
  { cbs: [new SkipSecond(), written] },
);
await learn.fit(1);
console.log(written.seen.join('\n'));
