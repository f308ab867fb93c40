/** Evaluation weights are in the parameters while they are asked for, and what is stepped goes on as if they never had been. */

import t from 'tap';

import {
  Keep,
  Optimizer,
  emaOpt,
  emaStep,
  lookaheadOpt,
  scheduleFreeOpt,
  sgdOpt,
  sgdStep,
} from '../../lib/optim/index.js';
import { BatchNorm1d } from '../../lib/nn/index.js';
import { tensor, type Tensor } from '../../lib/tensor/index.js';
import { trainAs } from './network.js';

/** Plain steps along a gradient of ones, and the mean of the last two weights. */
function averaged(): { p: Tensor; opt: Optimizer } {
  const p = tensor([8, 4], { requiresGrad: true });
  p.grad = tensor([1, 1]);
  const stats = new Keep('emaWeights', 'weights');
  const opt: Optimizer = new Optimizer([p], [sgdStep, emaStep], { stats, lr: 2, emaDecay: 0.5 });
  opt.step();
  return { p, opt };
}

t.test('there and back', (t) => {
  const { p, opt } = averaged();
  t.same(p.toList(), [6, 2]);
  opt.eval();
  t.same(p.toList(), [7, 3]);
  opt.eval();
  t.same(p.toList(), [7, 3], 'a second time it changes nothing');
  t.throws(() => opt.step(), { code: 'ERR_TENCH_EVAL_WEIGHTS', message: /step.*call train\(\)/ });
  t.throws(() => opt.loadStateDict(opt.stateDict()), { code: 'ERR_TENCH_EVAL_WEIGHTS' });
  opt.train();
  opt.train();
  t.same(p.toList(), [6, 2]);
  t.equal(p.requiresGrad, true);
  opt.step();
  t.same(p.toList(), [4, 0]);
  t.end();
});

t.test('evalWeights', async (t) => {
  const { p, opt } = averaged();
  t.same(
    opt.evalWeights(() => opt.evalWeights(() => p.toList())),
    [7, 3],
    'also inside another',
  );
  t.same(p.toList(), [6, 2]);
  t.throws(
    () =>
      opt.evalWeights(() => {
        throw new RangeError('no');
      }),
    RangeError,
  );
  t.same(p.toList(), [6, 2], 'after an error');
  const later = opt.evalWeights(async () => {
    await Promise.resolve();
    return p.toList();
  });
  t.same(p.toList(), [7, 3], 'until the promise is settled');
  t.same(await later, [7, 3]);
  t.same(p.toList(), [6, 2]);
  await t.rejects(
    opt.evalWeights(() => Promise.reject(new RangeError('no'))),
    RangeError,
  );
  t.same(p.toList(), [6, 2]);
});

t.test('without such a stepper, and before the first step, the weights stay', (t) => {
  const p = tensor([1], { requiresGrad: true });
  p.grad = tensor([1]);
  for (const make of [sgdOpt, emaOpt])
    t.same(
      make([p], { lr: 1 }).evalWeights(() => p.toList()),
      [1],
    );
  const opt = sgdOpt([p], { lr: 1 });
  opt.eval();
  opt.step();
  t.same(p.toList(), [0], 'and it may step on');
  t.end();
});

t.test('looking at the evaluation weights changes no bit of the training', (t) => {
  for (const make of [emaOpt, lookaheadOpt, scheduleFreeOpt]) {
    const [looked, blind] = [true, false].map((look) =>
      trainAs('ema', 'float32', make, (_step, _weights, opt) => {
        if (look) opt.evalWeights(() => undefined);
      }),
    );
    t.same(looked!.after, blind!.after, make.name);
  }
  t.end();
});

t.test('buffers are averaged beside the weights, where they are given', (t) => {
  const batches = [
    [1, 2, 4, 9],
    [-3, 5, 5, 1],
    [0, 7, -2, 2],
    [6, 6, 1, 0],
  ].map((values) => tensor(values, { shape: [4, 1] }));
  const make = (): { bn: BatchNorm1d; opt: Optimizer; train: (batch: Tensor) => void } => {
    const bn = new BatchNorm1d(1);
    const opt = emaOpt(bn.parameters(), { lr: 0.1, emaDecay: 0.75, buffers: bn.buffers() });
    const train = (batch: Tensor): void => {
      opt.zeroGrad();
      bn.call(batch).pow(3).mean().backward();
      opt.step();
    };
    return { bn, opt, train };
  };
  const valuesOf = (bn: BatchNorm1d): number[] => bn.buffers().map((buffer) => buffer.item());
  const { bn, opt, train } = make();
  t.same(
    opt.evalWeights(() => valuesOf(bn)),
    valuesOf(bn),
    'before the first step',
  );
  let wanted: number[] | null = null;
  for (const batch of batches.slice(0, 3)) {
    train(batch);
    const now = valuesOf(bn);
    // What is no average is a count, and stays.
    wanted = now.map((value, i) =>
      wanted === null || !bn.buffers()[i]!.isFloatingPoint() ? value : 0.75 * wanted[i]! + 0.25 * value,
    );
  }
  const now = valuesOf(bn);
  const shown = opt.evalWeights(() => valuesOf(bn));
  t.ok(
    shown.every((value, i) => Math.abs(value - wanted![i]!) < 1e-5),
    `${String(shown)} is ${String(wanted)}`,
  );
  t.not(String(shown), String(now));
  t.same(valuesOf(bn), now, 'and what is measured is there again');

  const resumed = make();
  resumed.bn.loadStateDict(bn.stateDict());
  resumed.opt.loadStateDict(opt.stateDict());
  for (const run of [train, resumed.train]) run(batches[3]!);
  const [here, there] = [opt.evalWeights(() => valuesOf(bn)), resumed.opt.evalWeights(() => valuesOf(resumed.bn))];
  t.same(there, here, 'a resumed run goes on to the bit');

  const dict = opt.stateDict();
  t.throws(() => opt.loadStateDict({ ...dict, buffers: dict.buffers!.slice(1) }), {
    code: 'ERR_TENCH_ARGUMENT',
    message: /dict\.buffers/,
  });
  t.throws(() => new Optimizer(bn.parameters(), sgdStep, { lr: 1, buffers: bn.buffers() }), {
    code: 'ERR_TENCH_ARGUMENT',
    message: /one that averages buffers, as emaStep/,
  });
  t.end();
});
