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
