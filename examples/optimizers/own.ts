/** An optimizer of one's own: one new stepper among parts that are there. */

import * as tench from 'tench';

/** Signum: momentum, of which only the sign is followed. */
function signumStep(p: tench.TensorList, { lr, gradAvg }: { lr: number; gradAvg: tench.TensorList }): void {
  p.add_(gradAvg.sign(), { alpha: -lr });
}

const model = new tench.nn.Linear(4, 2);
const opt = new tench.Optimizer([[model.weight], [model.bias!]], [tench.weightDecay, signumStep], {
  stats: new tench.AverageGrad({ dampening: true }),
  gradSteppers: tench.clipGradNorm,
  lr: 0.01,
  wd: 0.1,
});
opt.hypers[1]!.wd = 0; // the second group's, from the next step on

model
  .call(tench.ones([8, 4]))
  .square()
  .mean()
  .backward();
opt.step();
console.log(opt);
