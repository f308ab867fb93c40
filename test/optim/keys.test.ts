/** A key that means two things, or nothing, is found when the optimizer is made. */

import t from 'tap';

import {
  AverageGrad,
  Optimizer,
  Stat,
  StepCount,
  adamStep,
  l2Reg,
  momentumStep,
  perTensor,
  sgdStep,
  weightDecay,
  type Stepper,
} from '../../lib/optim/index.js';
import { tensor, type Tensor, type TensorList } from '../../lib/tensor/index.js';

const parameters = (): Tensor[] => [tensor([1, 2], { requiresGrad: true }), tensor([[3]], { requiresGrad: true })];

/** Makes an optimizer as plain JavaScript can: with no help from the compiler. */
function make(steppers: unknown, options: object = {}): Optimizer {
  return new Optimizer(parameters(), steppers as Stepper, options as { stats?: never });
}

/** A stat that keeps one list under this name. */
function keeping(key: string, defaults: Record<string, number> = {}): Stat {
  class Keeps extends Stat {
    override readonly defaults = defaults;
    initState(p: TensorList): Record<string, TensorList> {
      return { [key]: p.zerosLike() };
    }
    update(): void {}
  }
  Object.defineProperty(Keeps, 'name', { value: `Keeps_${key}` });
  return new Keeps();
}

const code = 'ERR_TENCH_OPTIMIZER_KEY';
const withDefaults = (name: string, defaults: Record<string, number>): Stepper =>
  Object.defineProperty(
    Object.assign(() => {}, { defaults }),
    'name',
    { value: name },
  );

t.test('two meanings', (t) => {
  t.throws(() => make(sgdStep, { stats: [new AverageGrad(), new AverageGrad()], lr: 1 }), {
    code,
    message: /gradAvg.*AverageGrad.*AverageGrad/,
  });
  t.throws(() => make(sgdStep, { stats: [keeping('memory'), keeping('memory')], lr: 1 }), {
    code,
    message: /`memory`.*Keeps_memory.*Keeps_memory/,
  });
  t.throws(() => make(sgdStep, { stats: [keeping('lr')], lr: 1 }), {
    code,
    message: /`lr`.*the options as hyper-parameter.*stat Keeps_lr as state/,
  });
  t.throws(() => make([sgdStep, weightDecay], { stats: [keeping('wd')], lr: 1 }), {
    code,
    message: /`wd`.*stepper weightDecay.*stat Keeps_wd/,
  });
  t.throws(() => make([withDefaults('one', { beta: 0.5 }), withDefaults('two', { beta: 0.9 })]), {
    code,
    message: /`beta`.*stepper one by default 0.5.*stepper two by default 0.9/,
  });
  t.throws(() => make([sgdStep], { stats: [new AverageGrad(), keeping('other', { mom: 0.5 })], lr: 1 }), {
    code,
    message: /`mom`.*AverageGrad.*Keeps_other/,
  });
  t.throws(
    () => make([sgdStep], { gradSteppers: withDefaults('clip', { limit: 1 }), stats: keeping('limit'), lr: 1 }),
    { code, message: /`limit`.*clip.*Keeps_limit/ },
  );
  t.end();
});

t.test('one meaning, shared', (t) => {
  t.doesNotThrow(
    () => make([withDefaults('one', { beta: 0.5 }), withDefaults('two', { beta: 0.5 })]),
    'the same default',
  );
  t.same(
    make([withDefaults('one', { beta: 0.5 }), withDefaults('two', { beta: 0.9 })], { beta: 0.7 }).hypers,
    [{ beta: 0.7 }],
    'settled by the caller',
  );
  t.same(make([weightDecay, sgdStep], { gradSteppers: l2Reg, lr: 1 }).hypers, [{ lr: 1, wd: 0 }]);
  t.end();
});

t.test('keys that only update writes are found in the first step', (t) => {
  const writing = (name: string, value: number): Stat =>
    Object.assign(keeping(name), {
      update: (_p: TensorList, state: Record<string, unknown>) => {
        state.damp = value;
      },
    });
  const run = (stats: Stat[], hypers: object): void => {
    const opt = make(sgdStep, { stats, lr: 1, ...hypers });
    for (const p of opt.paramGroups.flat()) p.grad = tensor(p.toList());
    opt.step();
  };
  t.throws(() => run([writing('a', 1), writing('b', 0.1)], {}), { code, message: /`damp`.*Keeps_a.*Keeps_b/ });
  t.throws(() => run([writing('a', 1)], { damp: 1 }), { code, message: /`damp`.*hyper-parameter.*Keeps_a/ });
  t.doesNotThrow(() => run([writing('a', 1)], {}));
  t.end();
});

t.test('a key that only update writes is not missing', (t) => {
  let updates = 0;
  const stat = {
    initState: (p: TensorList) => ({ avg: p.zerosLike() }),
    update(p: TensorList, state: { avg: TensorList; damp?: number }, { mom }: { mom: number }) {
      updates += 1;
      state.damp = 1 - mom;
      state.avg.mul_(mom).add_(p.grad, { alpha: state.damp });
      return state;
    },
  };
  const stepper = (p: TensorList, { lr, avg, damp }: { lr: number; avg: TensorList; damp: number }): void =>
    void p.add_(avg, { alpha: -lr / damp });
  const opt = make(stepper, { stats: stat, lr: 1, mom: 0.5 });
  for (const p of opt.paramGroups.flat()) p.grad = tensor(p.toList());
  opt.step();
  t.same(
    opt.paramGroups[0]?.map((p) => p.toList()),
    [[0, 0], [[0]]],
  );
  updates = 0;
  make((p: TensorList, { avg }: { avg: TensorList }) => p.add_(avg), { stats: stat, mom: 0.5 });
  t.equal(updates, 0, 'no update is called to find out what is known already');
  t.end();
});

t.test('missing keys', (t) => {
  t.throws(() => make(sgdStep), { code, message: /stepper sgdStep takes `lr`/ });
  t.throws(() => make(momentumStep, { lr: 1 }), {
    code,
    message: /stepper momentumStep takes `gradAvg`.*no stat keeps.*known: lr/,
  });
  t.throws(() => make(adamStep, { lr: 1, stats: [new AverageGrad(), new StepCount()] }), {
    code,
    message: /`sqrMom`, `sqrDamp`, `sqrAvg`/,
  });
  t.throws(() => make(sgdStep, { gradSteppers: (_p: TensorList, { limit }: { limit: number }) => limit, lr: 1 }), {
    code,
    message: /anonymous|limit/,
  });
  const stat = Object.assign(keeping('memory'), {
    update: (_p: TensorList, _state: object, { decay }: { decay: number }) => decay,
  });
  t.throws(() => make(sgdStep, { stats: stat, lr: 1 }), { code, message: /Keeps_memory takes `decay`/ });
  t.doesNotThrow(() => make(sgdStep, { stats: stat, lr: 1, decay: 0.5 }));
  t.throws(() => make(Object.assign(() => {}, { reads: ['warmth'] })), { code, message: /`warmth`/ });
  t.throws(() => make(perTensor((p: Tensor, { warmth }: { warmth: number }) => void p.mul_(warmth))), {
    code,
    message: /perTensor.*`warmth`/,
  });
  t.end();
});

t.test('every way to write a parameter list is read', (t) => {
  const throwing: unknown[] = [
    ({ length }: TensorList, { lr, warmth: w }: { lr: number; warmth: number }) => [length, lr, w],
    function named(p: TensorList, { lr, warmth: w }: { lr: number; warmth: number }) {
      return [p, lr, w];
    },
    (p: TensorList, /* , { a, b } */ { lr /* , c */, warmth, ...rest }: { lr: number; warmth: number }) => [
      p,
      lr,
      warmth,
      rest,
    ],
    { step: (p: TensorList, { lr, warmth }: { lr: number; warmth: number }) => [p, lr, warmth] }.step,
    {
      step(p: TensorList, { lr, warmth }: { lr: number; warmth: number }) {
        return [p, lr, warmth];
      },
    }.step,
  ];
  for (const stepper of throwing)
    t.throws(() => make(stepper, { lr: 1 }), { code, message: /takes `warmth`,/ }, String(stepper));
  // prettier-ignore
  const bare: (p: TensorList) => TensorList = p => p.add_(p, { alpha: 1 });
  const fine: unknown[] = [
    (p: TensorList) => p,
    (
      p: TensorList,
      {
        lr,
        warmth = 3,
        text = ', { cold }',
        list = [1, 2],
      }: { lr: number; warmth?: number; text?: string; list?: number[] },
    ) => [p, lr, warmth, text, list],
    (...all: unknown[]) => all,
    bare,
  ];
  for (const stepper of fine) t.doesNotThrow(() => make(stepper, { lr: 1 }), String(stepper));
  t.end();
});

t.test('a key that is read in the body is found in the first step', (t) => {
  const opt = make((p: TensorList, context: { lr: number; warmth: number }) => p.add_(context.warmth), { lr: 1 });
  for (const p of opt.paramGroups.flat()) p.grad = tensor(p.toList());
  t.throws(() => opt.step(), { code, message: /takes `warmth`/ });
  t.end();
});

t.test('parts and values of the wrong kind', (t) => {
  t.throws(() => make([]), /steppers/);
  t.throws(() => make([3]), /steppers\[0\]/);
  t.throws(() => make(sgdStep, { stats: [{}], lr: 1 }), /stats\[0\]/);
  t.throws(() => make(sgdStep, { gradSteppers: [null], lr: 1 }), /gradSteppers\[0\]/);
  t.throws(() => make(sgdStep, { lr: '1' }), { code: 'ERR_TENCH_ARGUMENT', message: /a number.*`Optimizer: lr`/ });
  t.throws(
    () => make(sgdStep, { stats: { initState: () => ({ memory: 'much' }), update: () => {} }, lr: 1 }),
    /memory/,
  );
  const opt = make(sgdStep, { lr: 1 });
  (opt.hypers[0] as { lr: unknown }).lr = undefined;
  t.throws(() => opt.step(), /hypers\[0\]\.lr/);
  t.end();
});
