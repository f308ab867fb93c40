/** Test-time augmentation: the mean of what the model says of changed inputs, mixed with what it says of the plain ones. */

import t from 'tap';

import { AvgStatsCallback, Callback, Learner, accuracy } from '../../lib/learner/index.js';
import { cat, tensor, type Tensor } from '../../lib/tensor/index.js';
import { FixedLoader, drawData, drawModel } from './drawn.js';

/** Moves inputs by an amount that depends on the pass, in the passes of test-time augmentation only. */
class Shift extends Callback {
  override order = 2;
  readonly passes: (number | null)[] = [];
  modes = new Set<boolean>();

  override beginBatch(): void {
    const { learn } = this;
    this.passes.push(learn.augmentPass);
    this.modes.add(learn.model.training);
    if (learn.augmentPass !== null) learn.xb = learn.xb.add(shiftOf(learn.augmentPass));
  }
}

const shiftOf = (pass: number): number => 0.5 * (pass + 1);

const furthest = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();

t.test('by hand, with softmax, for the mean and the largest', async (t) => {
  const data = drawData();
  const shift = new Shift();
  const learn = new Learner(drawModel(), data, { cbs: [shift], lr: 0.5 });
  learn.logger = () => undefined;
  await learn.fit(1);
  learn.model.train();
  shift.passes.length = 0;
  shift.modes = new Set();
  const { preds, targets } = await learn.tta({ n: 3, beta: 0.4 });
  const inputs = cat(data.validDl.batches.map(([xb]) => xb));
  t.ok(targets.equal(cat(data.validDl.batches.map(([, yb]) => yb))));
  const answer = (amount: number): Tensor => learn.model.call(inputs.add(amount)).softmax(1).detach();
  const [plain, ...others] = [answer(0), ...[0, 1, 2].map((pass) => answer(shiftOf(pass)))];
  const mean = others.reduce((sum, one) => sum.add(one)).div(3);
  t.ok(furthest(preds, plain.mul(0.4).add(mean.mul(0.6))) < 1e-6);
  t.strictSame(shift.passes, [null, null, 0, 0, 1, 1, 2, 2]);
  t.strictSame(
    [[...shift.modes], learn.model.training, learn.augmentPass],
    [[false], true, null],
    'evaluation mode, and back',
  );
  t.equal(preds.requiresGrad, false);
  const largest = await learn.tta({ n: 3, useMax: true });
  t.ok(
    furthest(
      largest.preds,
      others.reduce((most, one) => most.maximum(one), plain),
    ) < 1e-6,
  );
  const logits = await learn.tta({ n: 1, beta: 1, activation: (pred) => pred });
  t.ok(furthest(logits.preds, learn.model.call(inputs).detach()) < 1e-6);
  const alone = await learn.tta({ n: 3, beta: 1 });
  t.ok(furthest(alone.preds, plain) < 1e-6, 'beta 1: the plain prediction');
});

t.test('it helps where inputs are off to a side that the changes bring back', async (t) => {
  const learn = new Learner(drawModel(), drawData([64, 64, 64]), { lr: 1, cbs: [new AvgStatsCallback(accuracy)] });
  learn.logger = () => undefined;
  await learn.fit(10);
  const moved = new FixedLoader(drawData([], [200]).validDl.batches.map(([xb, yb]) => [xb.sub(1.5), yb] as const));
  learn.addCallbacks([new Shift()]);
  const scored = async (beta: number): Promise<number> => {
    const { preds, targets } = await learn.tta({ n: 4, beta, dl: moved });
    return accuracy(preds, targets).item();
  };
  const [plain, augmented] = [await scored(1), await scored(0)];
  t.ok(plain < 0.7, `plain ${plain}`);
  t.ok(augmented > 0.85, `with four versions ${augmented}`);
});

t.test('versions may come from another loader, whose epochs are the passes', async (t) => {
  const data = drawData();
  const learn = new Learner(drawModel(), data);
  const versions = new FixedLoader(data.validDl.batches.map(([xb, yb]) => [xb.add(1), yb] as const));
  const { preds } = await learn.tta({ n: 2, beta: 0, augmentedDl: versions });
  t.strictSame(versions.epochs, [0, 1]);
  const inputs = cat(versions.batches.map(([xb]) => xb));
  t.ok(furthest(preds, learn.model.call(inputs).softmax(1).detach()) < 1e-6);
});

t.test('what cannot be averaged is refused', async (t) => {
  const data = drawData();
  const learn = new Learner(drawModel(), data);
  const shuffled = new FixedLoader(data.validDl.batches.map(([xb, yb]) => [xb, tensor([1]).sub(yb)] as const));
  await t.rejects(learn.tta({ augmentedDl: shuffled }), { message: /must not shuffle/ });
  await t.rejects(new Learner(drawModel(), { trainDl: data.trainDl }).tta(), { message: /no validation data/ });
  await t.rejects(learn.tta({ dl: new FixedLoader([]) }), { message: /no batch/ });
  await t.rejects(learn.tta({ beta: 2 }), { message: /beta/ });
  const fit = learn.fit(0);
  await t.rejects(learn.tta(), { message: /middle of a fit/ });
  await fit;
  await t.resolves(learn.tta({ n: 1 }), 'and a refusal leaves nothing behind');
});
