/** What a step may release: gradients that JavaScript has not seen before it, and that none of its parts keeps. */

import t from 'tap';

import { collectGarbage } from '../collect.js';
import {
  AverageGrad,
  Optimizer,
  adamOpt,
  lambOpt,
  momentumStep,
  sgdMomOpt,
  sgdOpt,
  sgdStep,
} from '../../lib/optim/index.js';
import { memory, scope, tensor, type Tensor, type TensorList } from '../../lib/tensor/index.js';

t.test('a step lets go of the gradients that nobody else has asked for', (t) => {
  const p = tensor([3, 4], { requiresGrad: true });
  const backward = (): void => {
    scope(() => p.mul(2).sum().backward());
  };
  for (const make of [sgdOpt, sgdMomOpt, adamOpt, lambOpt]) {
    const opt = make([p], { lr: 0.1, wd: 0.1 });
    backward();
    opt.step(); // makes what the stats remember
    opt.zeroGrad();
    backward();
    // What earlier optimizers have left must not go in the middle of the count.
    collectGarbage();
    const before = memory();
    opt.step();
    t.same(memory(), before, `${make.name} leaves no more tensors than it found`);
    t.same(p.grad?.toList(), [2, 2], 'and the parameter keeps its gradient');
    opt.zeroGrad();
  }
  t.end();
});

t.test('a step lets go of no gradient that a part or its user has kept', (t) => {
  const p = tensor([1, 2], { requiresGrad: true });
  p.grad = tensor([3, 4]);
  const { grad } = p;
  sgdOpt([p], { lr: 0.1 }).step();
  t.same(grad.toList(), [3, 4], 'it was asked for before');

  class Remembers extends AverageGrad {
    last: TensorList | null = null;
    override update(...args: Parameters<AverageGrad['update']>): void {
      super.update(...args);
      this.last = args[0].grad;
    }
  }
  const backward = (q: Tensor): void => {
    scope(() => q.square().sum().backward());
  };
  const q = tensor([1, 2], { requiresGrad: true });
  backward(q);
  const stat = new Remembers();
  new Optimizer([q], momentumStep, { stats: stat, lr: 0.1 }).step();
  t.same(stat.last?.at(0).toList(), [2, 4], 'a stat that extends a built-in one kept it');

  const kept: Tensor[] = [];
  const keep = (list: TensorList): void => {
    kept.push(list.grad.at(0));
  };
  const r = tensor([1, 2], { requiresGrad: true });
  backward(r);
  new Optimizer([r], [sgdStep, keep], { lr: 0.1 }).step();
  t.same(kept[0]?.toList(), [2, 4], 'a stepper kept it');
  t.end();
});
