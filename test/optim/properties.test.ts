/** Whatever the optimizers, schedules and the scaler are given, they return or throw a typed error. */

import t from 'tap';

import * as optim from '../../lib/optim/index.js';
import {
  ArgumentError,
  TensorList,
  ones,
  setMemoryCap,
  setNumThreads,
  tensor,
  type Tensor,
} from '../../lib/tensor/index.js';
import { hostileMakers, isExpected } from '../hostile.js';
import { provokeRoom } from '../provoke.js';

const seed = 1;

setMemoryCap(2 ** 28);
setNumThreads(1);
t.teardown(() => setMemoryCap(null));

/** A parameter with a gradient. */
function parameter(): Tensor {
  const p = tensor([1, 2]).requiresGrad_();
  p.grad = tensor([0.5, -1]);
  return p;
}

const makeAdam = (): optim.Optimizer => optim.adamOpt([parameter()], { lr: 0.1 });
const norms = (): TensorList => new TensorList([tensor(1), tensor(2)]);

function stepped(): optim.Optimizer {
  const opt = makeAdam();
  opt.step();
  return opt;
}

function scaled(): optim.GradScaler {
  const scaler = new optim.GradScaler();
  scaler.scale(ones([1]));
  return scaler;
}

/** A schedule is called with whatever a position may be by mistake. */
function useSchedule(schedule: optim.Schedule): void {
  for (const make of hostileMakers) {
    try {
      schedule(make() as number);
    } catch (error) {
      if (!isExpected(error)) throw error;
    }
  }
}

/** What was made takes a step. */
const useOptimizer = (opt: optim.Optimizer): void => opt.step();

const byOptimizer =
  'the optimizer calls it, with lists and numbers that it has checked; its parameter list declares them';
const steppers = Object.keys(optim).filter((name) =>
  /(Step|weightDecay|l2Reg|^clipGrad\w+|centralizeGrad)$/.test(name),
);
const keepers = [
  'StepCount',
  'AverageGrad',
  'AverageSqrGrad',
  'NadamMomentum',
  'FactoredSqrGrad',
  'AverageShare',
  'CenteredSqrGrad',
];
const updates = keepers.map((name) => `${name}#update`);

/** The recipes of the family, with hyper-parameters of which each lies where it may. */
const recipes: Readonly<Record<string, Record<string, number>>> = {
  dampenedOpt: { mom: 0.9 },
  nesterovOpt: { mom: 0.9 },
  qhmOpt: { mom: 0.9, nu: 0.5 },
  lionOpt: { mom: 0.9, avgMom: 0.9 },
  adagradOpt: { eps: 1e-8, lrDecay: 0.1 },
  rmsPropOpt: { mom: 0.9, sqrMom: 0.9, eps: 1e-8 },
  adamWOpt: { mom: 0.9, sqrMom: 0.9, eps: 1e-8 },
  adamaxOpt: { mom: 0.9, maxMom: 0.9, eps: 1e-8 },
  amsGradOpt: { mom: 0.9, sqrMom: 0.9, eps: 1e-8 },
  nadamOpt: { mom: 0.9, sqrMom: 0.9, momDecay: 0.1, eps: 1e-8 },
  radamOpt: { mom: 0.9, sqrMom: 0.9, eps: 1e-8 },
  adaBoundOpt: { mom: 0.9, sqrMom: 0.9, finalLr: 1, gamma: 0.1, eps: 1e-8 },
  qhAdamOpt: { mom: 0.9, sqrMom: 0.9, nu: 0.5, sqrNu: 0.5, eps: 1e-8 },
  larsOpt: { mom: 0.9, trust: 0.1 },
  adafactorOpt: { sqrDecay: 0.5, leastScale: 0.1, clip: 1, eps: 1e-8 },
  emaOpt: { mom: 0.9, sqrMom: 0.9, emaDecay: 0.9, eps: 1e-8 },
  lookaheadOpt: { mom: 0.9, syncEvery: 1, slowShare: 0.5 },
  rangerOpt: { mom: 0.9, sqrMom: 0.9, syncEvery: 1, slowShare: 0.5, eps: 1e-8 },
  scheduleFreeOpt: { mom: 0.9, sqrMom: 0.9, eps: 1e-8 },
};
const ofRecipes = <T>(make: (hypers: Record<string, number>) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(recipes).map(([name, hypers]) => [name, make(hypers)]));

t.test(`all that is exported, seed ${seed}`, async (t) => {
  const { calls, places, faults } = await provokeRoom(
    {
      exports: optim,
      apart: {
        ...Object.fromEntries([...steppers, ...updates].map((name) => [name, byOptimizer])),
        StatefulOptimizer: 'it is Optimizer by another name',
        'new Stat': 'it is abstract, and takes nothing',
      },
      instances: { Optimizer: stepped, GradScaler: scaled, Stat: () => new optim.StepCount() },
      valid: {
        'new Optimizer': () => [
          [[parameter()], [parameter()]],
          [optim.weightDecay, optim.momentumStep],
          { stats: [new optim.AverageGrad()], gradSteppers: [optim.l2Reg], lr: 0.1, wd: 0.1, mom: 0.9 },
        ],
        'Optimizer#zeroGrad': () => [{ setToNull: false }],
        'Optimizer#addParamGroup': () => [[parameter()], { lr: 0.2 }],
        'Optimizer#stateDict': () => [{ names: undefined }],
        'Optimizer#loadStateDict': () => [stepped().stateDict(), { names: undefined }],
        torchState: () => [stepped()],
        loadTorchState: () => [makeAdam(), optim.torchState(stepped())],
        sgdOpt: () => [[parameter()], { lr: 0.1, wd: 0.1 }],
        sgdMomOpt: () => [[parameter()], { lr: 0.1, wd: 0.1, mom: 0.9 }],
        adamOpt: () => [
          [parameter()],
          { lr: 0.1, wd: 0.1, mom: 0.9, sqrMom: 0.99, eps: 1e-5, extraStep: [optim.sgdStep] },
        ],
        lambOpt: () => [[parameter()], { lr: 0.1, wd: 0.1, mom: 0.9, sqrMom: 0.99, eps: 1e-5 }],
        'new AverageGrad': () => [{ dampening: true, float32: true }],
        'new AverageSqrGrad': () => [{ dampening: true, float32: true }],
        'AverageGrad#initState': () => [norms()],
        'AverageSqrGrad#initState': () => [norms()],
        'new StepCount': () => [],
        perTensor: () => [(p: Tensor, { lr }: { lr: number }) => p.sub_(lr)],
        ...ofRecipes((hypers) => () => [
          [parameter()],
          { lr: 0.1, wd: 0.1, gradSteppers: [optim.clipGradNorm], maxNorm: 1, maxValue: 1, ...hypers },
        ]),
        adamStats: () => [{ float32: true }],
        'new Keep': () => ['slow', 'weights'],
        'Keep#initState': () => [norms()],
        'new NadamMomentum': () => [],
        'new AverageShare': () => [],
        'new CenteredSqrGrad': () => [],
        'CenteredSqrGrad#initState': () => [norms()],
        'new FactoredSqrGrad': () => [],
        'FactoredSqrGrad#initState': () => [norms()],
        acrossGroups: () => [(lists: readonly TensorList[], { lr }: { lr: number }) => [lists, lr]],
        'Optimizer#evalWeights': () => [() => 1],
        trustRatio: () => [norms(), norms(), { most: 10 }],
        debiasTerm: () => [0.9, 0.1, 3],
        schedNo: () => [1],
        schedLin: () => [1, 2],
        schedCos: () => [1, 2],
        schedExp: () => [1, 2],
        cos1cycleAnneal: () => [1, 2, 3],
        schedPoly: () => [1, 2, { power: 3 }],
        schedFlatCos: () => [1, 2, { share: 0.5 }],
        schedRestarts: () => [1, 2, { cycles: 2, factor: 2 }],
        oneCycle: () => [{ lr: [0, 1, 0], mom: [[1, 0.9, 1]] }, { share: 0.3 }],
        plotSchedules: () => [
          { lr: optim.schedNo(1), mom: [optim.schedNo(0.5)] },
          { title: 'Rates', points: 3 },
        ],
        setHypers: () => [makeAdam(), { lr: optim.schedNo(1), mom: [optim.schedNo(0.5)] }, 0.5],
        combineScheds: () => [
          [0.3, 0.7],
          [optim.schedLin(0, 1), optim.schedLin(1, 0)],
        ],
        'new GradScaler': () => [
          { initScale: 8, growthFactor: 3, backoffFactor: 0.25, growthInterval: 5, enabled: true },
        ],
        'GradScaler#scale': () => [ones([2])],
        'GradScaler#unscale_': () => [makeAdam()],
        'GradScaler#step': () => [makeAdam()],
        'GradScaler#update': () => [4],
        'GradScaler#loadStateDict': () => [new optim.GradScaler().stateDict()],
      },
      uses: {
        'new Optimizer': useOptimizer,
        sgdOpt: useOptimizer,
        sgdMomOpt: useOptimizer,
        adamOpt: useOptimizer,
        lambOpt: useOptimizer,
        ...ofRecipes(() => useOptimizer),
        schedNo: useSchedule,
        schedLin: useSchedule,
        schedCos: useSchedule,
        schedExp: useSchedule,
        combineScheds: useSchedule,
        schedPoly: useSchedule,
        schedFlatCos: useSchedule,
        schedRestarts: useSchedule,
      },
    },
    { seed, numRuns: 100 },
  );
  t.strictSame(faults, []);
  t.ok(calls > 30, `${calls} functions, constructors, methods and accessors are called, ${places} arguments spoilt`);
});

t.test('the message names the function, the argument, what was expected and what came', (t) => {
  const loose = optim as unknown as Record<string, (...args: unknown[]) => unknown>;
  const opt = makeAdam() as unknown as Record<string, (...args: unknown[]) => unknown>;
  const cases: [call: () => unknown, message: string][] = [
    [
      () => loose.sgdOpt!([parameter()], { lr: NaN }),
      'expected a number of at least 0 for `sgdOpt: lr` but received NaN',
    ],
    [
      () => loose.adamOpt!([parameter()], { lr: 1, eps: -1 }),
      'expected a number of at least 0 for `adamOpt: eps` but received -1',
    ],
    [() => loose.lambOpt!([parameter()], null), 'expected a plain object for `lambOpt: options` but received null'],
    [
      () => new optim.Optimizer([parameter()], optim.sgdStep, { lr: '1' as never }),
      'expected a number, as every hyper-parameter for `Optimizer: lr` but received the string "1"',
    ],
    [() => opt.zeroGrad!({ setToNull: 0 }), 'expected true or false for `zeroGrad: setToNull` but received 0'],
    [
      () => opt.addParamGroup!([parameter()], { lr: NaN }),
      'expected a number, as every hyper-parameter for `addParamGroup: lr` but received NaN',
    ],
    [
      () => opt.loadStateDict!({ state: {}, groups: 1 }),
      'expected an array of groups for `dict.groups` but received 1',
    ],
    [() => loose.schedLin!('0', 1), 'expected a finite number for `schedLin: start` but received the string "0"'],
    [
      () => loose.combineScheds!([2], [optim.schedNo(1)]),
      'expected a number from 0 to 1 for `combineScheds: shares` but received 2',
    ],
    [
      () => new optim.GradScaler({ growthFactor: 1 }),
      'expected a number above 1 for `GradScaler: growthFactor` but received 1',
    ],
    [
      () => new optim.GradScaler().step({} as never),
      'expected an optimizer for `GradScaler: optimizer` but received {}',
    ],
  ];
  for (const [call, message] of cases) t.throws(call, { constructor: ArgumentError, message });
  t.end();
});
