/** The recipes of a fit: the rates that they set, what they leave behind, freezing and rates by group, and that a refused call changes nothing. */

import t from 'tap';

import { AvgStatsCallback, Callback, Learner, ParamScheduler, Recorder, accuracy } from '../../lib/learner/index.js';
import { spreadRates } from '../../lib/learner/rates.js';
import { BatchNorm1d, Linear, ReLU, Sequential } from '../../lib/nn/index.js';
import { adamOpt, schedNo, sgdMomOpt } from '../../lib/optim/index.js';
import { ArgumentError, manualSeed, type Tensor } from '../../lib/tensor/index.js';
import { drawData } from './drawn.js';

/** Three groups of layers: two linear ones with a batch norm in the first, and a head. */
function learner(options: object = {}): Learner & { readonly model: Sequential } {
  manualSeed(1);
  const model = new Sequential(
    new Sequential(new Linear(2, 8), new BatchNorm1d(8), new ReLU()),
    new Linear(8, 8),
    new Linear(8, 2),
  );
  const splitter = () => model.children().map((child) => child.parameters());
  const learn = new Learner(model, drawData([8, 8, 8, 4], [16]), { optFunc: sgdMomOpt, splitter, lr: 0.2, ...options });
  learn.logger = () => undefined;
  return learn as Learner & { readonly model: Sequential };
}

const weightsOf = (tensors: readonly Tensor[]): unknown[] => tensors.map((one) => one.detach().toList());
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));
const cosine = (from: number, to: number, share: number): number =>
  from + ((to - from) * (1 - Math.cos(Math.PI * share))) / 2;

t.test('one cycle: rate and momentum follow the paper, the loss falls, and the optimizer is as before', async (t) => {
  const recorder = new Recorder();
  const stats = new AvgStatsCallback([accuracy]);
  const learn = learner({ cbs: [recorder, stats] });
  await learn.fitOneCycle(5, { lrMax: 0.4, div: 10, divFinal: 1000 });
  recorder.lrs.forEach((lr, batch) => {
    const pos = batch / 20;
    const expected = pos < 0.25 ? cosine(0.04, 0.4, pos / 0.25) : cosine(0.4, 0.0004, (pos - 0.25) / 0.75);
    const mom = pos < 0.25 ? cosine(0.95, 0.85, pos / 0.25) : cosine(0.85, 0.95, (pos - 0.25) / 0.75);
    t.ok(near(lr, expected), `rate of batch ${batch}`);
    t.ok(near(recorder.hypers('mom')[batch]!, mom), `momentum of batch ${batch}`);
  });
  t.strictSame(
    learn.opt.hypers.map(({ lr, mom }) => [lr, mom]),
    [0, 1, 2].map(() => [0.2, 0.9]),
  );
  t.equal(learn.lr, 0.2);
  t.ok(stats.records.at(-1)!.train!.loss! < stats.records[0]!.train!.loss!);
  t.equal(learn.cbs.filter((cb) => cb instanceof ParamScheduler).length, 0);
});

t.test('flat, then cosine', async (t) => {
  const recorder = new Recorder();
  await learner({ cbs: [recorder] }).fitFlatCos(2, { lr: 0.3, divFinal: 10, pctStart: 0.5 });
  recorder.lrs.forEach((lr, i) => t.ok(near(lr, i < 4 ? 0.3 : cosine(0.3, 0.03, i / 4 - 1)), `batch ${i}`));
});

t.test('rates rise by equal factors over the groups, and early groups move less', async (t) => {
  t.strictSame(spreadRates('lr', 0.1, 2), [0.1, 0.1]);
  t.strictSame(spreadRates('lr', { to: 1 }, 3), [0.1, 0.1, 1]);
  const spread = spreadRates('lr', { from: 0.01, to: 1 }, 3);
  t.ok(near(spread[0]!, 0.01) && near(spread[1]!, 0.1) && near(spread[2]!, 1));
  const moved = async (lr: number | { from: number; to: number }) => {
    const learn = learner();
    const first = learn.model.children()[0]!.parameters()[0]!;
    const before = first.detach().clone();
    await learn.fit(1, { lr });
    return first.detach().sub(before).norm().item();
  };
  const [all, little] = [await moved(0.1), await moved({ from: 1e-4, to: 0.1 })];
  t.ok(little < all / 100, `${little} against ${all}`);
});

t.test('fineTune trains the head and batch norms first, then everything', async (t) => {
  const trained: boolean[][] = [];
  class Watch extends Callback {
    private before: unknown[] = [];
    private all(): unknown[] {
      return weightsOf(this.learn.model.parameters());
    }
    override beginFit(): void {
      this.before = this.all();
    }
    override afterFit(): void {
      trained.push(this.all().map((weights, i) => JSON.stringify(weights) !== JSON.stringify(this.before[i])));
    }
  }
  const recorder = new Recorder();
  const learn = learner({ cbs: [recorder] });
  await learn.fineTune(2, { baseLr: 0.1, lrMult: 100, cbs: [new Watch()] });
  // Parameters: linear weight and bias, batch norm weight and bias, linear, head.
  t.strictSame(trained[0], [false, false, true, true, false, false, true, true]);
  t.strictSame(trained[1], Array(8).fill(true));
  t.ok(near(Math.max(...recorder.hypers('lr', 0)) * 100, Math.max(...recorder.hypers('lr', 2))), 'a hundredth');
});

t.test('freezeTo counts from either end', async (t) => {
  const learn = learner();
  const open = () => learn.model.children().map((child) => child.parameters().every((one) => one.requiresGrad));
  learn.freezeTo(1);
  t.strictSame(open(), [false, true, true]);
  learn.freeze();
  t.strictSame(open(), [false, false, true]);
  learn.unfreeze();
  t.strictSame(open(), [true, true, true]);
});

t.test('what is refused has changed nothing', async (t) => {
  const state = (learn: Learner): unknown => [
    learn.lr,
    learn.opt.hypers.map((hypers) => ({ ...hypers })),
    learn.cbs.length,
    weightsOf(learn.model.parameters()),
    learn.model.parameters().map((parameter) => parameter.requiresGrad),
  ];
  const learn = learner();
  await learn.fit(1);
  const before = state(learn);
  const { opt } = learn;
  const wrong: (() => Promise<void>)[] = [
    () => learn.fit(1, { lr: [0.1, 0.2] }),
    () => learn.fit(1, { lr: 0.5, cbs: [{} as never] }),
    () => learn.fit(1, { lr: 0.5, resetOpt: true, cbs: [new ParamScheduler('rate', schedNo(1))] }),
    () => learn.fit(-1, { lr: 0.5 }),
    () => learn.fitOneCycle(1, { lrMax: [1] }),
    () => learn.fitOneCycle(1, { pctStart: 2 }),
    () => learn.fitOneCycle(1, { div: 0 }),
    () => learn.fitOneCycle(1, { cbs: [new ParamScheduler('rate', schedNo(1))] }),
    () => learn.fitFlatCos(1, { lr: { to: -1 } }),
    () => learn.fineTune(1, { lrMult: 0 }),
    () => learn.fineTune(1, { pctStart: NaN }),
    () => learn.fineTune(1, { cbs: [new ParamScheduler('rate', schedNo(1))] }),
    async () => learn.freezeTo(3),
  ];
  for (const call of wrong) {
    await t.rejects(call());
    t.strictSame(state(learn), before);
    t.equal(learn.opt, opt);
  }
  const whole = learner({ splitter: (model: Sequential) => model.parameters() });
  await t.rejects(whole.fineTune(1), /fineTune: splitter/);
  t.throws(() => whole.freeze(), ArgumentError);
  const plain = learner({ optFunc: undefined });
  await t.rejects(plain.fitOneCycle(1, { moms: [0.9, 0.8, 0.9] }), /no hyper-parameter `mom`/);
  t.equal(plain.opt, undefined, 'not even an optimizer has been made');
  await plain.fitOneCycle(1);
});

t.test('fp16: forward in float16, weights in float32, a scaled loss, overflowing steps left out', async (t) => {
  const stats = new AvgStatsCallback([accuracy]);
  const dtypes = new Set<string>();
  let steps = 0;
  class Look extends Callback {
    override afterLoss(): void {
      dtypes.add(`${this.learn.pred.dtype} ${this.learn.loss.dtype}`);
    }
    override beginStep(): void {
      // What is unscaled is what clipping must see.
      const largest = Math.max(...this.learn.model.parameters().map((p) => p.grad!.abs().max().item()));
      if (Number.isFinite(largest)) t.ok(largest < 100, `gradients are unscaled: ${largest}`);
    }
    override afterStep(): void {
      steps += 1;
    }
  }
  const learn = learner({ precision: 'fp16', optFunc: adamOpt, lr: 0.02, cbs: [stats, new Look()] });
  await learn.fit(10);
  t.strictSame([...dtypes], ['float16 float32']);
  t.ok(learn.model.parameters().every((p) => p.dtype === 'float32'));
  t.ok((stats.records.at(-1)?.train?.accuracy ?? 0) > 0.9, 'it learns');
  // The first steps overflow, and each halves the scale.
  t.equal(steps + 16 - Math.log2(learn.scaler.getScale()), 40);
  t.ok(steps > 30, `${steps} steps`);
  const before = weightsOf(learn.model.parameters());
  learn.scaler.loadStateDict({ ...learn.scaler.stateDict(), scale: 1e38 });
  steps = 0;
  await learn.fit(1);
  t.equal(steps, 0, 'no step is told that was not taken');
  t.strictSame(weightsOf(learn.model.parameters()), before);
  t.ok(learn.scaler.getScale() < 1e37);
});
