/** MixUp and CutMix: how shares are drawn, what becomes of inputs and targets, and the loss as worked out by hand. */

import t, { type Test } from 'tap';

import {
  AvgStatsCallback,
  Callback,
  CutMix,
  Learner,
  MixUp,
  accuracy,
  type LearnerOptions,
  type LossFunction,
  type Mixing,
} from '../../lib/learner/index.js';
import * as F from '../../lib/nn/functional.js';
import { Flatten, Linear, Sequential } from '../../lib/nn/index.js';
import { cat, full, manualSeed, tensor, type Tensor } from '../../lib/tensor/index.js';
import { Generator } from '../../lib/data/random.js';
import { FixedLoader } from './drawn.js';

const CLASSES = 4;

/** Pictures that are everywhere their own class, in channel 0, and their number, in channel 1. */
function batches(sizes: readonly number[], [height, width] = [6, 8]): [Tensor, Tensor][] {
  let number = 0;
  return sizes.map((size) => {
    const numbers = Array.from({ length: size }, () => number++);
    const pictures = numbers.map((n) =>
      full([1, 2, height, width], 0).add(tensor([n % CLASSES, n]).reshape([1, 2, 1, 1])),
    );
    const xb = pictures.slice(1).reduce((all, one) => cat([all, one]), pictures[0]!);
    return [xb, tensor(numbers.map((n) => n % CLASSES), { dtype: 'int64' })]; // prettier-ignore
  });
}

/** What the loop had at each training batch. */
class Witness extends Callback {
  override order = 20;
  readonly seen: { xb: Tensor; yb: Tensor; pred: Tensor; loss: number; inTrain: boolean }[] = [];

  override afterLoss(): void {
    const { xb, yb, pred, loss, inTrain } = this.learn;
    this.seen.push({ xb, yb, pred: pred.detach(), loss: loss.item(), inTrain });
  }
}

function learner(
  mixing: readonly Callback[],
  options: LearnerOptions = {},
): { learn: Learner; witness: Witness; data: { trainDl: FixedLoader; validDl: FixedLoader } } {
  manualSeed(1);
  const model = new Sequential(new Flatten(), new Linear(2 * 6 * 8, CLASSES));
  const data = { trainDl: new FixedLoader(batches([16, 7])), validDl: new FixedLoader(batches([5])) };
  const witness = new Witness();
  const learn = new Learner(model, data, { lr: 1e-3, ...options, cbs: [...mixing, witness] });
  learn.logger = () => undefined;
  return { learn, witness, data };
}

const numbersOf = (x: Tensor): number[] => Array.from(x.flatten().toTypedArray(), Number);

/** Own and other target and the share of the own, from the pictures themselves: the channels say what is mixed. */
function sharesOf(xb: Tensor, from: Tensor): { own: number; other: number; share: number }[] {
  return Array.from({ length: xb.shape[0]! }, (_, i) => {
    const own = from.get(i, 0, 0, 0).item();
    const values = numbersOf(xb.get(i).get(0));
    const other = values.find((value) => Math.abs(value - own) > 1e-6);
    if (other === undefined) return { own, other: own, share: 1 };
    return { own, other, share: values.filter((value) => value === own).length / values.length };
  });
}

/** The cross-entropy of one row, by hand. */
function crossEntropy(row: number[], target: number, smoothing = 0): number {
  const highest = Math.max(...row);
  const norm = highest + Math.log(row.reduce((sum, value) => sum + Math.exp(value - highest), 0));
  const all = row.reduce((sum, value) => sum + norm - value, 0) / row.length;
  return (1 - smoothing) * (norm - row[target]!) + smoothing * all;
}

t.test('CutMix: the loss is the mean of both targets by area, with and without label smoothing', async (t) => {
  for (const smoothing of [0, 0.1]) {
    const lossFunc: LossFunction = (pred, yb, options) =>
      F.crossEntropy(pred, yb, { labelSmoothing: smoothing, ...options });
    const { learn, witness, data } = learner([new CutMix({ seed: 3 })], { lossFunc });
    await learn.fit(1);
    let mixed = 0;
    for (const [batch, { xb, yb, pred, loss, inTrain }] of witness.seen.entries()) {
      if (!inTrain) continue;
      const parts = sharesOf(xb, data.trainDl.batches[batch]![0]);
      const losses = parts.map(({ own, other, share }, i) => {
        const row = numbersOf(pred.get(i));
        return share * crossEntropy(row, own, smoothing) + (1 - share) * crossEntropy(row, other, smoothing);
      });
      t.ok(Math.abs(loss - losses.reduce((sum, one) => sum + one, 0) / losses.length) < 1e-4, `batch ${batch}`);
      t.strictSame(numbersOf(yb), parts.map(({ own, other, share }) => (share >= 0.5 ? own : other)), 'the larger share is what metrics count'); // prettier-ignore
      mixed += parts.filter(({ share }) => share < 1).length;
    }
    t.ok(mixed > 10, `${mixed} of 23 samples show two classes`);
    t.equal(learn.lossFunc, lossFunc, 'the loss function is put back');
  }
});

t.test('CutMix: a box of each picture comes from the same place of one other', async (t) => {
  const { learn, witness, data } = learner([new CutMix({ seed: 4 })]);
  await learn.fit(1);
  const boxes = new Set<string>();
  for (const [batch, { xb, inTrain }] of witness.seen.entries()) {
    if (!inTrain) continue;
    const own = data.trainDl.batches[batch]![0];
    for (let i = 0; i < xb.shape[0]!; i++) {
      const changed = numbersOf(
        xb
          .get(i)
          .get(1)
          .ne(own.get(i, 1, 0, 0))
          .to('float32'),
      );
      const places = changed.flatMap((flag, place) =>
        flag === 0 ? [] : [[Math.floor(place / 8), place % 8] as const],
      );
      if (places.length === 0) continue;
      const [rows, columns] = [0, 1].map((axis) => places.map((place) => place[axis as 0 | 1]));
      const [top, bottom] = [Math.min(...rows!), Math.max(...rows!)];
      const [left, right] = [Math.min(...columns!), Math.max(...columns!)];
      t.equal(places.length, (bottom - top + 1) * (right - left + 1), 'a box');
      const others = new Set(numbersOf(xb.get(i).get(1)).filter((value) => value !== own.get(i, 1, 0, 0).item()));
      t.equal(others.size, 1, 'of one other picture');
      boxes.add([top, bottom, left, right].join());
    }
  }
  t.ok(boxes.size > 8, 'each its own');
});

t.test('MixUp: pictures and losses are mixed by one share, at least a half', async (t) => {
  const { learn, witness, data } = learner([new MixUp({ seed: 5 })], { lossFunc: F.crossEntropy });
  await learn.fit(1);
  for (const [batch, { xb, yb, pred, loss, inTrain }] of witness.seen.entries()) {
    if (!inTrain) continue;
    const [own, targets] = data.trainDl.batches[batch]!;
    // The other is not to be seen in the picture, so the share is taken from the draws, and both from the order.
    const random = new Generator(5, 7, 0, batch);
    const order = random.permutation(xb.shape[0]!);
    const losses = order.map((other, i) => {
      const drawn = random.beta(0.4, 0.4);
      const share = Math.max(drawn, 1 - drawn);
      const mean = (channel: number): number =>
        share * own.get(i, channel, 0, 0).item() + (1 - share) * own.get(other, channel, 0, 0).item();
      for (const channel of [0, 1])
        t.ok(
          numbersOf(xb.get(i).get(channel)).every((value) => Math.abs(value - mean(channel)) < 1e-5),
          'mixed',
        );
      const row = numbersOf(pred.get(i));
      const target = (k: number): number => targets.get(k).item();
      return share * crossEntropy(row, target(i)) + (1 - share) * crossEntropy(row, target(other));
    });
    t.ok(Math.abs(loss - losses.reduce((sum, one) => sum + one, 0) / losses.length) < 1e-4, `batch ${batch}`);
    t.strictSame(numbersOf(yb), numbersOf(targets), 'metrics count the own target');
  }
});

/** What a fit ends with. */
async function weightsAfter(mixing: readonly Callback[]): Promise<Tensor> {
  const { learn } = learner(mixing);
  await learn.fit(2);
  return [...learn.model.parameters()][0]!.detach();
}

t.test('validation is left alone, training is not, and the seed decides', async (t) => {
  const make: (() => Mixing)[] = [() => new MixUp(), () => new CutMix()];
  const expected = await validLoss(t, []);
  for (const [i, mixing] of make.entries()) {
    t.equal(await validLoss(t, [mixing()]), expected, 'the same loss of validation before any step');
    t.ok((await weightsAfter([mixing()])).equal(await weightsAfter([mixing()])), 'the same twice');
    t.notOk((await weightsAfter([mixing()])).equal(await weightsAfter([])), 'not as without');
    const other = i === 0 ? new MixUp({ seed: 1 }) : new CutMix({ seed: 1 });
    t.notOk((await weightsAfter([mixing()])).equal(await weightsAfter([other])), 'nor as with another seed');
  }
});

/** The loss of validation of a model that has not learned. */
async function validLoss(t: Test, mixing: readonly Callback[]): Promise<number> {
  const stats = new AvgStatsCallback(accuracy);
  const { learn, witness } = learner([...mixing, stats], { lr: 0 });
  await learn.fit(1);
  t.ok(witness.seen.at(-1)!.xb.equal(batches([5])[0]![0]), 'its inputs are what they were');
  const { train, valid } = stats.records[0]!;
  t.ok(train!.accuracy! >= 0 && train!.accuracy! <= 1);
  return valid!.loss!;
}

t.test('what cannot be mixed is refused', async (t) => {
  const plain = learner([new MixUp()], { lossFunc: (pred, yb) => F.crossEntropy(pred, yb) });
  await t.rejects(plain.learn.fit(1), { message: /loss of each sample/ });
  const two = learner([new MixUp(), new CutMix()]);
  await t.rejects(two.learn.fit(1), { message: /one callback that mixes/ });
  const bytes = learner([new MixUp()]);
  bytes.learn.data = { trainDl: new FixedLoader([[full([2, 2, 6, 8], 1, { dtype: 'uint8' }), tensor([0, 1])]]) };
  await t.rejects(bytes.learn.fit(1), { message: /MixUp.*floating-point.*uint8/ });
  t.throws(() => new MixUp({ alpha: 0 }), { message: /alpha/ });
  t.throws(() => new CutMix({ seed: 0.5 }), { message: /seed/ });
});
