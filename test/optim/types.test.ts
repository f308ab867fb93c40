/** The compiler knows what an optimizer lacks: every expected error here is one, or this file does not compile. */

import t from 'tap';

import {
  AverageGrad,
  AverageSqrGrad,
  Keep,
  NadamMomentum,
  Optimizer,
  StepCount,
  adamOpt,
  l2Reg,
  lambOpt,
  momentumStep,
  perTensor,
  sgdMomOpt,
  sgdOpt,
  sgdStep,
  weightDecay,
  type Stepper,
} from '../../lib/optim/index.js';
import { tensor, type Tensor, type TensorList } from '../../lib/tensor/index.js';

const params = (): Tensor[] => [tensor([1, 2], { requiresGrad: true })];

const untyped: Stepper = sgdStep;

/** Everything but compiling is the business of other tests. */
function compiles(_make: () => unknown): void {}

const signStep = (p: TensorList, { lr, gradAvg, warmth }: { lr: number; gradAvg: TensorList; warmth: number }): void =>
  void p.add_(gradAvg.sign(), { alpha: -lr * warmth });

t.test('types', (t) => {
  compiles(() => new Optimizer(params(), sgdStep, { lr: 0.1 }));
  compiles(() => new Optimizer(params(), [weightDecay, sgdStep], { lr: 0.1 }));
  compiles(() => new Optimizer(params(), [weightDecay, sgdStep], { lr: 0.1, wd: 0.1 }));
  compiles(() => new Optimizer(params(), momentumStep, { stats: new AverageGrad(), lr: 0.1 }));
  compiles(
    () =>
      new Optimizer(params(), momentumStep, {
        stats: [new AverageGrad(), new StepCount()],
        gradSteppers: l2Reg,
        lr: 0.1,
        mom: 0.5,
        wd: 0.1,
      }),
  );
  compiles(() => new Optimizer(params(), signStep, { stats: new AverageGrad(), lr: 0.1, warmth: 2 }));
  compiles(
    () =>
      new Optimizer(
        params(),
        perTensor((p: Tensor, { lr }: { lr: number }) => void p.mul_(lr)),
        { lr: 0.1 },
      ),
  );
  compiles(() => new Optimizer(params(), untyped, { anything: 1 }));
  compiles(() => new Optimizer(params(), [weightDecay, untyped], { stats: new AverageGrad() }));
  compiles(() => new Optimizer(params(), (p: TensorList) => void p.zero_(), {}));

  // @ts-expect-error lr is missing
  compiles(() => new Optimizer(params(), sgdStep, {}));
  // @ts-expect-error no stat keeps gradAvg
  compiles(() => new Optimizer(params(), momentumStep, { lr: 0.1 }));
  // @ts-expect-error StepCount does not keep gradAvg
  compiles(() => new Optimizer(params(), momentumStep, { stats: new StepCount(), lr: 0.1 }));
  const scale = perTensor((p: Tensor, { lr }: { lr: number }) => void p.mul_(lr));
  // @ts-expect-error a stepper of tensors lacks lr
  compiles(() => new Optimizer(params(), scale, {}));
  // @ts-expect-error warmth has no default
  compiles(() => new Optimizer(params(), signStep, { stats: new AverageGrad(), lr: 0.1 }));
  // @ts-expect-error NadamMomentum takes mom, beside a stat that does not
  compiles(() => new Optimizer(params(), sgdStep, { stats: [new AverageSqrGrad(), new NadamMomentum()], lr: 0.1 }));
  // @ts-expect-error nobody takes wt
  compiles(() => new Optimizer(params(), [weightDecay, sgdStep], { lr: 0.1, wt: 0.1 }));
  // @ts-expect-error a hyper-parameter is a number
  compiles(() => new Optimizer(params(), sgdStep, { lr: '0.1' }));

  compiles(
    () => new Optimizer(params(), sgdStep, { stats: [new AverageSqrGrad(), new NadamMomentum()], mom: 0.9, lr: 0.1 }),
  );

  // @ts-expect-error both keep gradAvg
  compiles(() => new Optimizer(params(), momentumStep, { stats: [new AverageGrad(), new Keep('gradAvg')], lr: 0.1 }));
  const counters = [new StepCount(), new NadamMomentum()];
  // @ts-expect-error both count steps
  compiles(() => new Optimizer(params(), sgdStep, { stats: counters, mom: 0.9, lr: 0.1 }));
  // @ts-expect-error wd is a hyper-parameter
  compiles(() => new Optimizer(params(), [weightDecay, sgdStep], { stats: new Keep('wd'), lr: 0.1 }));
  const numberStep = (p: TensorList, { gradAvg }: { gradAvg: number }): void => void p.mul_(gradAvg);
  // @ts-expect-error gradAvg is a list
  compiles(() => new Optimizer(params(), numberStep, { stats: new AverageGrad() }));
  // @ts-expect-error one takes gradAvg as a number, the other as a list
  compiles(() => new Optimizer(params(), [numberStep, momentumStep], { lr: 0.1, gradAvg: 1 }));

  const makers: ((params: Iterable<Tensor>, hypers: { lr: number }) => Optimizer)[] = [
    sgdOpt,
    sgdMomOpt,
    adamOpt,
    lambOpt,
  ];
  for (const make of makers) t.equal(make(params(), { lr: 0.5 }).hypers[0]?.lr, 0.5, `${make.name} is an optFunc`);
  t.end();
});
