/** The optimizer's bookkeeping: which parameters it steps, in which groups and lists, and what it remembers of them. */

import { inspect } from 'node:util';

import t from 'tap';

import {
  AverageGrad,
  AverageSqrGrad,
  Optimizer,
  StatefulOptimizer,
  StepCount,
  adamOpt,
  adamStep,
  l2Reg,
  momentumStep,
  sgdMomOpt,
  sgdOpt,
  sgdStep,
  weightDecay,
  type Hypers,
} from '../../lib/optim/index.js';
import { type TensorList, callOperator, memory, scope, tensor, zeros, type Tensor } from '../../lib/tensor/index.js';
import { collectGarbage } from '../collect.js';
import { flat, lossOf, makeWeights } from './network.js';

function parameter(value: number | number[], gradient: number | number[] | null = 1): Tensor {
  const p = tensor(value, { requiresGrad: true });
  if (gradient !== null) p.grad = tensor(gradient);
  return p;
}

const sgd = (params: ConstructorParameters<typeof Optimizer>[0], hypers: Hypers = {}): Optimizer =>
  new Optimizer(params, sgdStep, { lr: 1, ...hypers });

t.test('where parameters come from', (t) => {
  function* generate(values: number[]): Generator<Tensor> {
    for (const value of values) yield parameter(value);
  }
  t.same(
    sgd(generate([1, 2])).paramGroups.map((group) => flat(group)),
    [[1, 2]],
    'a generator',
  );
  t.same(sgd([parameter(1), parameter(2)]).paramGroups.map(flat), [[1, 2]], 'a flat list');
  t.same(sgd([[parameter(1)], [parameter(2), parameter(3)]]).paramGroups.map(flat), [[1], [2, 3]], 'a list of lists');
  t.same(sgd([generate([1]), new Set([parameter(2)])]).paramGroups.map(flat), [[1], [2]], 'a list of iterables');
  t.same(sgd([[], [parameter(1)]]).paramGroups.map(flat), [[], [1]], 'an empty group among others');
  t.throws(() => sgd([]), { code: 'ERR_TENCH_ARGUMENT', message: /at least one parameter.*`params`/ });
  t.throws(() => sgd([[], []]), /at least one parameter/);
  t.throws(() => sgd(generate([])), /at least one parameter/);
  t.throws(() => sgd([1 as never]), /params\[0\]/);
  t.throws(() => sgd([[parameter(1)], [1 as never]]), /params\[1\]\[0\]/);
  t.throws(() => sgd([parameter(1), [parameter(1)]] as never), /params\[1\]/);
  t.throws(() => sgd(parameter(1) as never), /tensors, or lists of tensors/);
  t.equal(StatefulOptimizer, Optimizer);
  t.end();
});

t.test('each group has its own copy of the hyper-parameters', (t) => {
  const given = { lr: 1 };
  const [one, two] = [parameter(0), parameter(0)];
  const opt = sgd([[one], [two]], given);
  opt.hypers[1]!.lr = 0.5;
  t.same(opt.hypers, [{ lr: 1 }, { lr: 0.5 }]);
  t.same(given, { lr: 1 });
  opt.step();
  t.same(flat([one, two]), [-1, -0.5]);
  t.end();
});

t.test('what is given wins over defaults', (t) => {
  const opt = new Optimizer([parameter(1)], [weightDecay, adamStep], {
    stats: [new AverageGrad({ dampening: true }), new AverageSqrGrad(), new StepCount()],
    lr: 1,
    mom: 0.5,
    eps: 0,
  });
  t.same(opt.hypers, [{ lr: 1, mom: 0.5, eps: 0, wd: 0, sqrMom: 0.99 }]);
  t.equal(weightDecay.defaults.wd, 0);
  t.same(sgdMomOpt([parameter(1)], { lr: 1 }).hypers, [{ lr: 1, mom: 0.9, wd: 0.01 }]);
  t.same(sgdOpt([parameter(1)], { lr: 1, wd: undefined }).hypers, [{ lr: 1, wd: 0 }], 'undefined is not given');
  t.same(adamOpt([parameter(1)], { lr: 1 }).hypers, [{ lr: 1, wd: 0, eps: 1e-5, mom: 0.9, sqrMom: 0.99 }]);
  t.end();
});

t.test('a shared parameter is stepped once, in its first group', (t) => {
  const tied = parameter(0);
  const opt = new Optimizer(
    [
      [tied, tied],
      [tied, parameter(0)],
    ],
    momentumStep,
    { stats: new AverageGrad(), lr: 1 },
  );
  opt.step();
  t.equal(tied.item(), -1);
  opt.paramGroups[1]?.push(tied);
  opt.step();
  t.ok(Math.abs(tied.item() - (-1 - 1.9)) < 1e-6, 'also when it is added by hand');
  t.end();
});

t.test('parameters without a gradient rest, with their memory', (t) => {
  const [always, sometimes] = [parameter(0), parameter(0, null)];
  const opt = new Optimizer([always, sometimes], [weightDecay, momentumStep], {
    stats: [new AverageGrad(), new StepCount()],
    lr: 1,
    mom: 0.5,
    wd: 0.1,
  });
  opt.step();
  t.equal(sometimes.item(), 0);
  t.notOk(1 in opt.stateDict().state, 'nothing is remembered of what was never stepped');
  sometimes.grad = tensor(1);
  opt.step();
  sometimes.grad = null;
  opt.step();
  t.equal(sometimes.item(), -1, 'neither momentum nor decay moves it');
  sometimes.grad = tensor(1);
  opt.step();
  t.ok(Math.abs(sometimes.item() - (-0.9 - 1.5)) < 1e-6, `decayed once more, average 0.5 + 1: ${sometimes.item()}`);
  t.same(
    [0, 1].map((i) => opt.stateDict().state[i]?.step),
    [4, 2],
    'each has its own step count',
  );

  const alone = parameter(0);
  const reference = new Optimizer([alone], [weightDecay, momentumStep], {
    stats: new AverageGrad(),
    lr: 1,
    mom: 0.5,
    wd: 0.1,
  });
  for (let i = 0; i < 4; i += 1) reference.step();
  t.equal(always.item(), alone.item(), 'the other goes its way');
  t.end();
});

t.test('a frozen parameter does not move', (t) => {
  for (const setToNull of [true, false]) {
    const p = parameter([1, 2], null);
    const q = parameter([1, 2], null);
    const opt = sgdMomOpt([p, q], { lr: 0.1, wd: 0.1 });
    const train = (): void => {
      opt.zeroGrad({ setToNull });
      p.mul(q).sum().backward();
      opt.step();
    };
    train();
    p.requiresGrad_(false);
    const before = [flat([p]), flat([q])];
    train();
    train();
    t.same(flat([p]), before[0]);
    t.not(flat([q])[0], before[1]?.[0]);
    p.requiresGrad_();
    train();
    t.not(flat([p])[0], before[0]?.[0], 'and goes on when it is thawed');
  }
  t.end();
});

t.test('zeroGrad', (t) => {
  const p = parameter([1, 2], [3, 4]);
  const opt = sgd([p, parameter(1, null)]);
  const { grad } = p;
  opt.zeroGrad({ setToNull: false });
  t.same(p.grad?.toList(), [0, 0]);
  t.same(grad?.toList(), [0, 0], 'in place');
  opt.zeroGrad();
  t.equal(p.grad, null);
  p.grad = p.mul(2); // as after a backward with createGraph
  t.equal(p.grad.requiresGrad, true);
  opt.zeroGrad({ setToNull: false });
  t.equal(p.grad.requiresGrad, false, 'detached');
  t.end();
});

t.test('a step is not recorded, and needs no scope', (t) => {
  const p = parameter([1, 2], [1, 1]);
  sgd([p]).step();
  t.ok(p.isLeaf);
  t.ok(p.requiresGrad);
  t.equal(p.gradFn, null);

  const weights = makeWeights('float32');
  const opt = adamOpt(weights, { lr: 0.01 });
  for (let i = 0; i < 3; i += 1) {
    scope(() => {
      opt.zeroGrad();
      lossOf(weights, 'float32').backward();
      opt.step();
    });
  }
  t.ok(
    flat([opt.stateDict().state[0]?.gradAvg as Tensor]).every(Number.isFinite),
    'the state outlives the scopes it was made in',
  );
  t.end();
});

t.test('temporaries of the built-in steppers are gone when the step is over', (t) => {
  const params = [parameter([1, 2], [1, 1]), parameter([3, 4], [1, 1])];
  const opt = adamOpt(params, { lr: 0.1, wd: 0.1 });
  opt.step();
  collectGarbage();
  const before = memory().tensors;
  for (let i = 0; i < 5; i += 1) opt.step();
  t.equal(memory().tensors, before);
  t.end();
});

t.test('what a user stepper keeps stays alive', (t) => {
  const kept: TensorList[] = [];
  const keep = (p: TensorList): void => void kept.push(p.mul(2));
  const opt = new Optimizer([parameter([1, 2], [1, 1])], keep, {});
  scope(() => opt.step());
  t.same(kept[0]?.at(0).toList(), [2, 4]);
  t.end();
});

t.test('gradients have their own values again after the step', (t) => {
  const p = parameter([1, 2], [3, 4]);
  const { grad } = p;
  const opt = new Optimizer([p], sgdStep, { gradSteppers: l2Reg, lr: 1, wd: 0.5 });
  opt.step();
  t.same(flat([p]), [1 - 3.5, 2 - 5]);
  t.equal(p.grad, grad);
  t.same(grad?.toList(), [3, 4]);
  const failing = new Optimizer(
    [p],
    () => {
      throw new Error('stop');
    },
    { gradSteppers: l2Reg, wd: 0.5 },
  );
  t.throws(() => failing.step(), /stop/);
  t.equal(p.grad, grad, 'also when a stepper throws');
  t.end();
});

t.test('order: gradients, stats, steppers', (t) => {
  const log: string[] = [];
  const note =
    (name: string) =>
    (p: TensorList): void =>
      void log.push(`${name} ${p.length}`);
  const stat = (name: string) => ({ defaults: {}, initState: () => ({}), update: note(name) });
  const opt = new Optimizer([[parameter(1), parameter(2)], [parameter(3)]], [note('step1'), note('step2')], {
    stats: [stat('stat1'), stat('stat2')],
    gradSteppers: [note('grad1'), note('grad2')],
  });
  opt.step();
  t.same(log, [
    'grad1 2',
    'grad1 1',
    'grad2 2',
    'grad2 1',
    'stat1 2',
    'stat2 2',
    'step1 2',
    'step2 2',
    'stat1 1',
    'stat2 1',
    'step1 1',
    'step2 1',
  ]);
  t.end();
});

t.test('a stat may return a new state', (t) => {
  const stat = {
    defaults: {},
    initState: (p: TensorList) => ({ sum: p.zerosLike() }),
    update: (p: TensorList, state: { sum: TensorList }) => ({ sum: state.sum.add(p.grad) }),
  };
  const p = parameter(0);
  const opt = new Optimizer([p], (list: TensorList, { sum }: { sum: TensorList }) => void list.copy_(sum), {
    stats: [stat, new StepCount()],
  });
  for (let i = 0; i < 3; i += 1) opt.step();
  t.equal(p.item(), 3);
  t.equal(opt.stateDict().state[0]?.step, 3);
  t.end();
});

t.test('lists hold whole parameters of one group, dtype and device, some 4 MiB together', (t) => {
  const mebibyte = 2 ** 18;
  const sizes = [1, 2, 5, 1, 0.5, 0.25, 3];
  const params = sizes.map((size) => zeros([size * mebibyte]).requiresGrad_());
  params.push(zeros([10], { dtype: 'float64' }).requiresGrad_());
  for (const p of params) p.grad = p.detach();
  const seen: number[][] = [];
  const look = (p: TensorList): void => void seen.push(p.tensors.map((tensor) => params.indexOf(tensor)));
  const opt = new Optimizer([params.slice(0, 4), params.slice(4)], look, {});
  t.same(
    opt.plan().map(({ lists }) => lists),
    [0, 0],
  );
  opt.step();
  t.same(
    seen.flat().sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7],
    'each once',
  );
  for (const list of seen) {
    const total = list.reduce((sum, i) => sum + (sizes[i] ?? 0), 0);
    t.ok(list.length === 1 || total <= 4, String(list));
    t.equal(new Set(list.map((i) => `${i < 4} ${params[i]!.dtype}`)).size, 1, 'one group, one dtype');
  }
  t.same(
    opt.plan().map(({ lists }) => lists),
    [3, 2],
  );
  const lists = seen.length;
  opt.step();
  t.same(seen.slice(lists), seen.slice(0, lists), 'the same lists in the next step');
  const elsewhere = sizes.map((size) => zeros([size * mebibyte], { device: 'meta' }).requiresGrad_());
  for (const p of elsewhere) p.grad = p.detach();
  const other = new Optimizer(elsewhere, () => undefined, {});
  other.step();
  t.equal(other.plan()[0]!.lists, 1, 'on other devices, where each call costs time, all at once');
  t.end();
});

t.test('a model of thirty tensors takes one list, so few calls', (t) => {
  let calls = 0;
  const params = Array.from({ length: 30 }, (_, i) => parameter([i, i], [1, 1]));
  const opt = new Optimizer(params, () => void (calls += 1), {});
  for (let i = 0; i < 3; i += 1) opt.step();
  t.equal(calls, 3);
  t.end();
});

t.test('sparse gradients are refused', (t) => {
  const p = tensor([1, 2, 3], { requiresGrad: true });
  p.grad = callOperator('aten::to_sparse', [tensor([0, 1, 0])]) as Tensor;
  const opt = sgd([p]);
  t.throws(() => opt.step(), /sparse/);
  p.grad = tensor([1, 1, 1]);
  opt.step();
  t.same(flat([p]), [0, 1, 2]);
  t.end();
});

t.test('a group can be added later', (t) => {
  const [old, late] = [parameter(0), parameter(0)];
  const opt = sgd([old], { lr: 0.5 });
  opt.step();
  opt.addParamGroup([late, old], { lr: 0.25 });
  t.same(opt.hypers, [{ lr: 0.5 }, { lr: 0.25 }]);
  opt.step();
  t.same(flat([old, late]), [-1, -0.25]);
  t.throws(() => opt.addParamGroup([old]), /at least one parameter/);
  t.end();
});

t.test('a run resumed from stateDict goes on to the bit', (t) => {
  const train = (weights: Tensor[], opt: Optimizer, steps: number): void => {
    for (let i = 0; i < steps; i += 1) {
      opt.zeroGrad();
      lossOf(weights, 'float32').backward();
      opt.step();
    }
  };
  const make = (weights: Tensor[]): Optimizer =>
    adamOpt([weights.slice(0, 1), weights.slice(1)], { lr: 0.01, wd: 0.1 });
  const whole = makeWeights('float32');
  const wholeOpt = make(whole);
  wholeOpt.hypers[1]!.lr = 0.03;
  train(whole, wholeOpt, 5);
  const resumed = whole.map((weight) => weight.detach().clone().requiresGrad_());
  const resumedOpt = make(resumed);
  resumedOpt.loadStateDict(wholeOpt.stateDict());
  train(whole, wholeOpt, 5);
  train(resumed, resumedOpt, 5);
  t.same(flat(resumed), flat(whole));
  t.same(resumedOpt.hypers, wholeOpt.hypers);
  t.equal(resumedOpt.stateDict().state[3]?.step, 10);

  const wrong = wholeOpt.stateDict();
  t.throws(() => make(resumed.slice(0, 3)).loadStateDict(wrong), /groups of 1, 2 parameters.*groups of 1, 3/);
  t.throws(
    () =>
      resumedOpt.loadStateDict({ ...wrong, state: { ...wrong.state, 2: { ...wrong.state[2], gradAvg: zeros([1]) } } }),
    /state\[2\]\.gradAvg.*/,
  );
  t.throws(() => resumedOpt.loadStateDict({ ...wrong, state: { 0: {} } }), /state\[0\]/);
  train(whole, wholeOpt, 1);
  train(resumed, resumedOpt, 1);
  t.same(flat(resumed), flat(whole), 'a refused dict changes nothing');
  t.end();
});

t.test('state follows a parameter to another device', (t) => {
  const p = parameter([1, 2], [1, 1]);
  const opt = adamOpt([p], { lr: 0.1 });
  opt.step();
  p.grad = null;
  p.setData(p.detach().to('meta'));
  p.grad = zeros([2], { device: 'meta' });
  opt.step();
  t.equal((opt.stateDict().state[0]?.gradAvg as Tensor).device, 'meta');
  t.equal(opt.stateDict().state[0]?.step, 2);
  t.end();
});

t.test('it prints itself, and its plan', (t) => {
  const opt = sgdMomOpt([[parameter(1), parameter(2)], [parameter(3)]], { lr: 0.1 });
  t.equal(
    inspect(opt),
    [
      'Optimizer(stats: AverageGrad; steppers: weightDecay, momentumStep)',
      '  0: 2 parameters, { lr: 0.1, wd: 0.01, mom: 0.9 }',
      '  1: 1 parameter, { lr: 0.1, wd: 0.01, mom: 0.9 }',
    ].join('\n'),
  );
  const plan = opt.plan();
  t.equal(plan.length, 2);
  t.match(plan[0], {
    group: 0,
    parameters: 2,
    lists: 0,
    path: 'weightDecay, _fused_sgd_',
  });
  const plain = new Optimizer([parameter(1)], [weightDecay, momentumStep, () => undefined], {
    stats: new AverageGrad(),
    lr: 1,
  });
  t.equal(
    plain.plan()[0]?.path,
    'stat AverageGrad, stepper weightDecay, stepper momentumStep, stepper (anonymous)',
    'parts that no kernel equals, by name',
  );
  t.end();
});
