/** What happens to gradients, weights and the loss in a run: accumulation, clipping, averages, smoothing, class weights. */

import t from 'tap';

import {
  AvgStatsCallback,
  Callback,
  EmaCallback,
  GradientAccumulationCallback,
  GradientClipCallback,
  Learner,
  Recorder,
  crossEntropyWith,
  type LearnerOptions,
} from '../../lib/learner/index.js';
import { cat, tensor } from '../../lib/tensor/index.js';
import { FixedLoader, drawBatches, drawData, drawModel } from './drawn.js';

function learner(sizes: number[], cbs: Callback[], options: LearnerOptions = {}): Learner {
  const learn = new Learner(drawModel(), drawData(sizes, [6]), { lr: 0.5, cbs, ...options });
  learn.logger = () => undefined;
  return learn;
}

const weightsOf = (learn: Learner): number[] =>
  learn.model.parameters().flatMap((one) => one.flatten().toList() as number[]);
const close = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => Math.abs(value - b[i]!) < 1e-6);

for (const precision of ['fp32', 'fp16'] as const) {
  t.test(`accumulation (${precision}) steps as one batch of all the samples would, whatever their sizes`, async (t) => {
    const batches = drawBatches([3, 5, 2, 4], 1);
    const joined = [batches.slice(0, 2), batches.slice(2)].map(
      (some) => [cat(some.map(([xb]) => xb)), cat(some.map(([, yb]) => yb))] as const,
    );
    const run = async (loader: FixedLoader, cbs: Callback[]) => {
      const learn = new Learner(drawModel(), { trainDl: loader }, { lr: 0.5, precision, cbs });
      learn.scaler.loadStateDict({ ...learn.scaler.stateDict(), scale: 256 });
      learn.logger = () => undefined;
      await learn.fit(2);
      return weightsOf(learn);
    };
    // 3 + 5 reach 8; 2 + 4 are less, but the pass ends.
    const recorder = new Recorder();
    const together = await run(new FixedLoader(batches), [new GradientAccumulationCallback(8), recorder]);
    const wanted = await run(new FixedLoader(joined), []);
    const tolerance = precision === 'fp32' ? 1e-6 : 2e-3;
    t.ok(
      together.every((value, i) => Math.abs(value - wanted[i]!) < tolerance),
      `${String(together)} and ${String(wanted)}`,
    );
    t.equal(recorder.losses.length, 8);
    t.ok(Math.abs(recorder.losses[0]! - recorder.losses[1]!) < 2, 'the recorder sees unscaled losses');
    const apart = await run(new FixedLoader(batches), []);
    t.notOk(close(apart, together), 'and not as every batch by itself');
  });
}

t.test('clipping: no step is longer than the rate times the norm', async (t) => {
  const lengths: number[] = [];
  class Length extends Callback {
    private before: number[] = [];
    override beginStep(): void {
      this.before = weightsOf(this.learn);
    }
    override afterStep(): void {
      lengths.push(Math.hypot(...weightsOf(this.learn).map((value, i) => value - this.before[i]!)));
    }
  }
  await learner([8, 8], [new Length()]).fit(1);
  t.ok(Math.max(...lengths) > 0.06);
  lengths.length = 0;
  await learner([8, 8], [new Length(), new GradientClipCallback({ maxNorm: 0.1 })]).fit(1);
  for (const length of lengths) t.ok(Math.abs(length - 0.05) < 1e-5, `${length}`);
  lengths.length = 0;
  await learner([8, 8], [new Length(), new GradientClipCallback({ maxValue: 0.01 })]).fit(1);
  t.ok(Math.max(...lengths) <= 0.5 * 0.01 * Math.sqrt(6) + 1e-7);
  t.throws(() => new GradientClipCallback({}), /maxNorm/);
});

t.test('the average is that of the formula, validates, and leaves training alone', async (t) => {
  const seen: number[][] = [];
  class Look extends Callback {
    override order = 71;
    override beginFit(): void {
      seen.push(weightsOf(this.learn));
    }
    override afterStep(): void {
      seen.push(weightsOf(this.learn));
    }
  }
  let validated: number[] = [];
  class AtValidation extends Callback {
    override beginValidate(): void {
      validated = weightsOf(this.learn);
    }
  }
  const [withEma, without] = [new AvgStatsCallback(), new AvgStatsCallback()];
  const ema = new EmaCallback({ decay: 0.6, warmUp: false });
  const learn = learner([8, 8, 3], [ema, withEma, new Look(), new AtValidation()]);
  await learn.fit(1);
  const plain = learner([8, 8, 3], [without]);
  await plain.fit(1);
  let average = seen[0]!;
  for (const weights of seen.slice(1)) average = average.map((value, i) => 0.6 * value + 0.4 * weights[i]!);
  t.ok(close(validated, average), `${String(validated)} is ${String(average)}`);
  t.strictSame(weightsOf(learn), weightsOf(plain), 'training is the same');
  t.not(withEma.records[0]!.valid!.loss, without.records[0]!.valid!.loss);
  t.equal(withEma.records[0]!.train!.loss, without.records[0]!.train!.loss);
  t.strictSame(
    learn.evalWeights(() => weightsOf(learn)),
    validated,
  );
  t.throws(() => learn.evalWeights((): unknown => JSON.parse('{')), SyntaxError);
  t.strictSame(weightsOf(learn), weightsOf(plain), 'an error puts the weights back');
  ema.apply();
  t.strictSame(weightsOf(learn), validated);
});

t.test('an average that warms up forgets the first weights sooner', async (t) => {
  const distance = async (warmUp: boolean): Promise<number> => {
    const learn = learner([8, 8, 8], [new EmaCallback({ warmUp })]);
    await learn.fit(3);
    const average = learn.evalWeights(() => weightsOf(learn));
    return Math.hypot(...weightsOf(learn).map((value, i) => value - average[i]!));
  };
  t.ok((await distance(true)) < 0.7 * (await distance(false)));
});

t.test('label smoothing and class weights are those of the formula, and change the run', async (t) => {
  const pred = tensor([
    [2, -1],
    [0.5, 0.25],
    [-1, 1],
  ]);
  const yb = tensor([0, 1, 1], { dtype: 'int64' });
  const logs = (pred.logSoftmax(1).toList() as number[][]).map(([a, b]) => [a!, b!] as const);
  const weights = [1, 3];
  const targets = [0, 1, 1];
  // The one target has 0.9 + 0.1 / 2; each class's term has the class's weight; the mean divides by the weights of the targets.
  const terms = logs.map((log, i) =>
    [0, 1].reduce((sum, c) => sum - weights[c]! * (0.05 + (c === targets[i] ? 0.9 : 0)) * log[c]!, 0),
  );
  const wanted = terms.reduce((sum, term) => sum + term) / 7;
  const loss = crossEntropyWith({ labelSmoothing: 0.1, weight: weights });
  t.ok(Math.abs(loss(pred, yb).item() - wanted) < 1e-6);
  t.strictSame(loss(pred, yb, { reduction: 'none' }).shape, [3], 'mixing may ask for the loss of each sample');
  const biasAfter = async (lossFunc: LearnerOptions['lossFunc']): Promise<number> => {
    const learn = learner([16, 16], [], { ...(lossFunc && { lossFunc }) });
    await learn.fit(5);
    const [, bias] = learn.model.parameters();
    const [zero, one] = bias!.toList() as [number, number];
    return one - zero;
  };
  t.ok(
    (await biasAfter(crossEntropyWith({ weight: [1, 10] }))) > (await biasAfter(undefined)) + 0.2,
    'class 1 counts more',
  );
  const confidence = async (labelSmoothing: number): Promise<number> => {
    const learn = learner([16, 16], [], { lossFunc: crossEntropyWith({ labelSmoothing }) });
    await learn.fit(40);
    return learn.model.call(learn.xb).softmax(1).amax(1).mean().item();
  };
  t.ok((await confidence(0.4)) < (await confidence(0)) - 0.05, 'smoothing makes it less sure');
});
