/** Kernels of LibTorch take the place of the parts that they equal: both ways agree, go on where the other stopped, and the plan says which ran. */

import t, { type Test } from 'tap';

import {
  adamStep,
  AverageGrad,
  AverageSqrGrad,
  Keep,
  amsGradStep,
  l2Reg,
  nesterovStep,
  lambStep,
  momentumStep,
  Optimizer,
  sgdStep,
  Stat,
  StepCount,
  weightDecay,
  type Hypers,
  type Stepper,
} from '../../lib/optim/index.js';
import {
  isCudaAvailable,
  manualSeed,
  noGrad,
  ones,
  randn,
  tensor,
  type DType,
  type Tensor,
  type TensorList,
} from '../../lib/tensor/index.js';

/** The parts of an optimizer, made anew for each. */
interface Composition {
  path: string;
  gradSteppers?: Stepper[];
  stats?: () => Stat[];
  steppers: Stepper[];
  hypers: Hypers;
}

const adamStats = (): Stat[] => [
  new AverageGrad({ dampening: true }),
  new AverageSqrGrad({ dampening: true }),
  new StepCount(),
];
const adamHypers = { lr: 0.01, wd: 0.1, mom: 0.9, sqrMom: 0.99, eps: 1e-5 };
const momentum = { lr: 0.05, wd: 0.1, mom: 0.9 };

const compositions: Record<string, Composition> = {
  sgd: { path: '_fused_sgd_', steppers: [sgdStep], hypers: { lr: 0.05 } },
  'sgd with decay': { path: '_fused_sgd_', steppers: [weightDecay, sgdStep], hypers: { lr: 0.05, wd: 0.1 } },
  'sgd with L2': {
    path: '_fused_sgd_',
    gradSteppers: [l2Reg],
    steppers: [sgdStep],
    hypers: { lr: 0.05, wd: 0.1 },
  },
  momentum: { path: '_fused_sgd_', stats: () => [new AverageGrad()], steppers: [momentumStep], hypers: momentum },
  'dampened momentum with L2': {
    path: '_fused_sgd_',
    gradSteppers: [l2Reg],
    stats: () => [new AverageGrad({ dampening: true })],
    steppers: [momentumStep],
    hypers: momentum,
  },
  'momentum with decay': {
    path: 'weightDecay, _fused_sgd_',
    stats: () => [new AverageGrad()],
    steppers: [weightDecay, momentumStep],
    hypers: momentum,
  },
  adam: { path: '_fused_adamw_', stats: adamStats, steppers: [adamStep], hypers: adamHypers },
  adamw: {
    path: '_fused_adamw_',
    stats: () => adamStats().reverse(),
    steppers: [weightDecay, adamStep],
    hypers: adamHypers,
  },
  'adam with L2': {
    path: '_fused_adam_',
    gradSteppers: [l2Reg],
    stats: adamStats,
    steppers: [adamStep],
    hypers: adamHypers,
  },
  amsgrad: {
    path: '_fused_adamw_',
    stats: () => [new Keep('sqrMax'), ...adamStats()],
    steppers: [weightDecay, amsGradStep],
    hypers: adamHypers,
  },
  'amsgrad with L2': {
    path: '_fused_adam_',
    gradSteppers: [l2Reg],
    stats: () => [...adamStats(), new Keep('sqrMax')],
    steppers: [amsGradStep],
    hypers: adamHypers,
  },
  nesterov: {
    path: 'weightDecay, _fused_sgd_',
    stats: () => [new AverageGrad()],
    steppers: [weightDecay, nesterovStep],
    hypers: momentum,
  },
  'nesterov with L2': {
    path: '_fused_sgd_',
    gradSteppers: [l2Reg],
    stats: () => [new AverageGrad()],
    steppers: [nesterovStep],
    hypers: momentum,
  },
  lamb: { path: 'lamb', stats: adamStats, steppers: [lambStep], hypers: adamHypers },
};

const make = ({ gradSteppers = [], stats, steppers, hypers }: Composition, params: Tensor[] | Tensor[][]): Optimizer =>
  new Optimizer(params, steppers, { gradSteppers, stats: stats?.() ?? [], ...hypers });

/** The same in other functions, which no kernel is known to equal. */
function inParts(composition: Composition): Composition {
  const veiled = (stepper: Stepper): Stepper =>
    Object.assign((p: TensorList, context: never) => stepper(p, context), { defaults: stepper.defaults ?? {} });
  return { ...composition, steppers: composition.steppers.map(veiled) };
}

const shapes = [[3, 5], [7], [], [0, 2], [2, 3, 4, 4]];
/** What 20 steps leave of rounding, relative to the largest value. The parts round after every operation, the kernels once. */
const tolerances: Partial<Record<DType, number>> = { float64: 1e-13, float32: 2e-6, float16: 1e-2, bfloat16: 8e-2 };

function makeParams(dtype: DType, device = 'cpu'): Tensor[] {
  manualSeed(7);
  return shapes.map((shape) => {
    const p = randn(shape).to({ dtype, device });
    // The last lies in another order, as convolutions' weights may.
    return (shape.length === 4 ? p.contiguous({ memoryFormat: 'channels_last' }) : p).requiresGrad_();
  });
}

/** Steps `from` to `to` with gradients and hyper-parameters that depend on the step alone. */
function train(opt: Optimizer, params: readonly Tensor[], from: number, to: number): void {
  for (let step = from; step < to; step += 1) {
    manualSeed(100 + step);
    for (const p of params) p.grad = randn(p.shape).to(p.detach()).add(p.detach());
    // As autograd does it: in the parameter's own order.
    params.at(-1)!.grad = params.at(-1)!.grad!.contiguous({ memoryFormat: 'channels_last' });
    opt.hypers.forEach((hypers, group) => {
      hypers.lr! *= group === 0 ? 0.95 : 1.02;
      if ('mom' in hypers) hypers.mom = 0.85 + 0.005 * step;
      if ('wd' in hypers) hypers.wd = group === 0 ? 0 : hypers.wd;
    });
    opt.step();
  }
}

const valuesOf = (x: Tensor): number[] => x.detach().to('float64').reshape([-1]).toList() as number[];

function checkClose(t: Test, found: Tensor, wanted: Tensor, name: string): void {
  const [a, b] = [valuesOf(found), valuesOf(wanted)];
  const largest = Math.max(1e-3, ...b.map(Math.abs));
  const distance = Math.max(0, ...a.map((value, i) => Math.abs(value - b[i]!))) / largest;
  t.ok(a.length === b.length && distance <= tolerances[wanted.dtype]!, `${name}: ${distance}`);
}

/** Equal parameters and equal state, under the same names. */
function checkSame(t: Test, [a, params]: [Optimizer, Tensor[]], [b, others]: [Optimizer, Tensor[]]): void {
  params.forEach((p, i) => checkClose(t, p, others[i]!, `parameter ${i}`));
  const [mine, wanted] = [a.stateDict(), b.stateDict()];
  t.same(mine.groups, wanted.groups);
  t.same(Object.keys(mine.state), Object.keys(wanted.state));
  for (const [i, entry] of Object.entries(wanted.state)) {
    const own = mine.state[Number(i)]!;
    t.same(Object.keys(own).sort(), Object.keys(entry).sort());
    for (const [key, value] of Object.entries(entry)) {
      if (typeof value === 'number') t.equal(own[key], value, key);
      else checkClose(t, own[key] as Tensor, value, `${key} of ${i}`);
    }
  }
}

for (const [name, composition] of Object.entries(compositions)) {
  t.test(`${name}: the kernel and the parts agree over 20 steps, with groups and schedules`, (t) => {
    for (const dtype of Object.keys(tolerances) as DType[]) {
      const run = (one: Composition): [Optimizer, Tensor[]] => {
        const params = makeParams(dtype);
        const opt = make(one, [params.slice(0, 2), params.slice(2)]);
        train(opt, params, 0, 20);
        return [opt, params];
      };
      const [fused, parts] = [run(composition), run(inParts(composition))];
      const fuses = !composition.path.includes('sgd') || /^float(32|64)$/.test(dtype);
      for (const { path } of fused[0].plan()) {
        if (fuses) t.equal(path, composition.path, dtype);
        else t.notMatch(path, /fused/, dtype);
      }
      t.notMatch(parts[0].plan()[0]!.path, /fused/);
      checkSame(t, fused, parts);
    }
    t.end();
  });

  t.test(`${name}: each way goes on where the other has stopped`, (t) => {
    const straight = makeParams('float64');
    const whole = make(inParts(composition), straight);
    train(whole, straight, 0, 12);
    for (const [first, second] of [
      [composition, inParts(composition)],
      [inParts(composition), composition],
    ] as const) {
      const params = makeParams('float64');
      const before = make(first, params);
      train(before, params, 0, 6);
      const after = make(second, params);
      after.loadStateDict(before.stateDict());
      train(after, params, 6, 12);
      checkSame(t, [after, params], [whole, straight]);
    }
    t.end();
  });
}

const adamw = compositions.adamw!;

/** The path of one step. */
const pathOf = (composition: Composition, p: Tensor = ones([2]).requiresGrad_()): string => {
  const opt = make(composition, [p]);
  p.grad ??= ones(p.shape, { dtype: p.dtype, device: p.device });
  opt.step();
  return opt.plan()[0]!.path;
};

t.test('the plan tells before the first step what is going to run, and then what has', (t) => {
  const p = ones([2]).requiresGrad_();
  const opt = make(compositions['momentum with decay']!, [p]);
  t.equal(opt.plan()[0]!.path, 'weightDecay, _fused_sgd_');
  p.grad = ones([2]);
  opt.hypers[0]!.mom = 0;
  opt.step();
  t.equal(opt.plan()[0]!.path, 'stat AverageGrad, stepper weightDecay, stepper momentumStep');
  opt.hypers[0]!.mom = 0.9;
  opt.step();
  t.equal(opt.plan()[0]!.path, 'weightDecay, _fused_sgd_');
  t.end();
});

t.test('one group may take both ways', (t) => {
  const params = [ones([2, 3]).requiresGrad_(), ones([2], { dtype: 'float64' }).requiresGrad_()];
  params[0]!.grad = ones([3, 2]).transpose(0, 1);
  params[1]!.grad = ones([2], { dtype: 'float64' });
  const opt = make(compositions.sgd!, params);
  opt.step();
  t.equal(opt.plan()[0]!.path, 'stepper sgdStep; _fused_sgd_');
  t.end();
});

t.test('parts that no kernel equals run as they are', (t) => {
  class Louder extends AverageGrad {
    override update(...[p, state, hypers]: Parameters<AverageGrad['update']>): void {
      super.update(p, state, { mom: hypers.mom / 2 });
    }
  }
  class Other extends Stat {
    initState(): { more: number } {
      return { more: 0 };
    }
    update(): void {}
  }
  const patched = new AverageGrad({ dampening: true });
  patched.update = () => undefined;
  const [, average, count] = adamStats();
  const louder: Stepper = (p: TensorList, { lr }: { lr: number }) => void p.mul_(1 - lr);
  const cases: Record<string, Partial<Composition>> = {
    'a subclass of a stat': { stats: () => [new Louder({ dampening: true }), average!, count!] },
    'a method replaced': { stats: () => [patched, average!, count!] },
    'an undampened average': { stats: () => [new AverageGrad(), average!, count!] },
    'an undampened average of squares': {
      stats: () => [new AverageGrad({ dampening: true }), new AverageSqrGrad({ dampening: false }), count!],
    },
    'Nesterov over a dampened average': {
      stats: () => [new AverageGrad({ dampening: true })],
      steppers: [nesterovStep],
      hypers: { lr: 0.1, mom: 0.9 },
    },
    'a largest square that starts with the weights': {
      stats: () => [...adamStats(), new Keep('sqrMax', 'weights')],
      steppers: [amsGradStep],
    },
    'a stat more': {
      stats: () => [...adamStats(), new Other()],
    },
    'decay after the step': { steppers: [adamStep, weightDecay] },
    'a stepper between': { steppers: [weightDecay, louder, adamStep] },
    'a stepper after': { steppers: [weightDecay, adamStep, louder] },
    'both decays': { gradSteppers: [l2Reg] },
    'a momentum of 1': { hypers: { ...adamHypers, mom: 1 } },
  };
  for (const [name, composition] of Object.entries(cases))
    t.notMatch(pathOf({ ...adamw, ...composition }), /fused/, name);
  t.end();
});

t.test('gradient steppers that the kernel does not know run before it', (t) => {
  const halve: Stepper = (p: TensorList) => {
    p.grad = p.grad.mul(0.5);
  };
  t.match(pathOf({ ...adamw, gradSteppers: [halve] }), /^stepper .+, _fused_adamw_$/);
  const [p, q] = [ones([3]).requiresGrad_(), ones([3]).requiresGrad_()];
  p.grad = tensor([2, 4, 6]);
  q.grad = tensor([1, 2, 3]);
  make({ ...compositions.momentum!, gradSteppers: [halve] }, [p]).step();
  make(compositions.momentum!, [q]).step();
  t.same(p.toList(), q.toList());
  t.end();
});

t.test('memory in different orders is left to the parts, with the same result', (t) => {
  for (const [name, composition] of Object.entries(compositions)) {
    const [p, q] = [randn([3, 4]), randn([3, 4])].map((x) => x.requiresGrad_()) as [Tensor, Tensor];
    noGrad(() => q.copy_(p));
    const grad = randn([4, 3]);
    p.grad = grad.transpose(0, 1);
    q.grad = grad.transpose(0, 1).contiguous();
    t.notMatch(pathOf(composition, p), /fused/, name);
    t.match(pathOf(composition, q), /fused|lamb/, name);
    checkClose(t, p, q, name);
  }
  const column = ones([2, 4]).narrow(1, 0, 1).requiresGrad_();
  column.grad = ones([2, 4]).narrow(1, 0, 1);
  t.notMatch(pathOf(adamw, column), /fused/, 'gaps between elements');
  t.notMatch(pathOf(adamw, ones([2], { device: 'meta' }).requiresGrad_()), /fused/, 'no memory');
  t.notMatch(pathOf(adamw, ones([2], { dtype: 'complex64' }).requiresGrad_()), /fused/, 'no kernel for the dtype');
  t.end();
});

t.test('on a CUDA device', { skip: !isCudaAvailable() && 'there is no CUDA device' }, (t) => {
  for (const [name, composition] of Object.entries(compositions)) {
    const run = (one: Composition): [Optimizer, Tensor[]] => {
      const params = makeParams('float32', 'cuda');
      const opt = make(one, [params.slice(0, 2), params.slice(2)]);
      train(opt, params, 0, 10);
      return [opt, params];
    };
    const [fused, parts] = [run(composition), run(inParts(composition))];
    // LAMB's kernel is the processor's.
    const wanted = composition.path === 'lamb' ? parts[0].plan()[0]!.path : composition.path;
    t.equal(fused[0].plan()[0]!.path, wanted, name);
    checkSame(t, fused, parts);
  }
  t.end();
});

t.test('a parameter whose memory is laid out anew in mid-run goes on in parts', (t) => {
  const [p, q] = [ones([2, 3, 4, 4]), ones([2, 3, 4, 4])].map((x) => x.requiresGrad_()) as [Tensor, Tensor];
  const opts = [make(adamw, [p]), make(adamw, [q])] as const;
  for (const step of [0, 1]) {
    manualSeed(step);
    const grad = randn(p.shape);
    p.grad = step === 0 ? grad : grad.contiguous({ memoryFormat: 'channels_last' });
    q.grad = grad;
    opts.forEach((opt) => opt.step());
    if (step === 0) p.setData(p.detach().contiguous({ memoryFormat: 'channels_last' }));
  }
  t.same(
    opts.map((opt) => opt.plan()[0]!.path.includes('fused')),
    [false, true],
  );
  checkClose(t, p, q, 'parameter');
  t.end();
});

t.test('parameters without gradient stay as they are, gradients too, and counts are by parameter', (t) => {
  for (const composition of Object.values(compositions)) {
    const [p, q] = [ones([2]).requiresGrad_(), ones([2]).requiresGrad_()];
    const opt = make(composition, [p, q]);
    p.grad = ones([2]);
    opt.step();
    t.same(q.toList(), [1, 1]);
    t.same(p.grad.toList(), [1, 1]);
    t.equal(opt.stateDict().state[1], undefined);
    q.grad = ones([2]);
    opt.step();
    t.match(opt.plan()[0], { path: composition.path });
    if (composition.stats?.().length === 3)
      t.same(
        [0, 1].map((i) => opt.stateDict().state[i]!.step),
        [2, 1],
      );
  }
  t.end();
});
