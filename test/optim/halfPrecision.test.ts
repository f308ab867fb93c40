/** Parameters in bfloat16 may have averages in float32, which see what bfloat16 would lose. */

import t from 'tap';

import { AverageGrad, Optimizer, adamStats, adamStep, momentumStep, weightDecay } from '../../lib/optim/index.js';
import { tensor, type DType, type Tensor } from '../../lib/tensor/index.js';

const gradients = Array.from({ length: 400 }, (_, i) => [0.01 * Math.sin(i), -0.03, 0.2 * Math.cos(i / 7)]);

function train(dtype: DType, make: (p: Tensor) => Optimizer): { p: number[]; opt: Optimizer } {
  const p = tensor([1, -2, 3], { dtype, requiresGrad: true });
  const opt = make(p);
  for (const gradient of gradients) {
    p.grad = tensor(gradient, { dtype: 'bfloat16' }).to(dtype); // the same gradients for every dtype
    opt.step();
  }
  return { p: p.detach().to('float64').toList() as number[], opt };
}

const adam = (float32: boolean) => (p: Tensor) =>
  new Optimizer([p], [weightDecay, adamStep], { stats: adamStats({ float32 }), lr: 1e-3, wd: 0.1, sqrMom: 0.999 });

const squares = (opt: Optimizer): Tensor => (opt.stateDict().state[0] as { sqrAvg: Tensor }).sqrAvg;

t.test('the averages are those of parameters in float32', (t) => {
  const [kept, lost, exact] = [
    train('bfloat16', adam(true)),
    train('bfloat16', adam(false)),
    train('float32', adam(false)),
  ];
  t.equal(squares(kept.opt).dtype, 'float32');
  t.equal(squares(lost.opt).dtype, 'bfloat16');
  const error = ({ opt }: { opt: Optimizer }): number =>
    squares(opt).to('float32').div(squares(exact.opt)).sub(1).abs().max().item();
  t.ok(error(kept) < 1e-5, `relative error ${error(kept)}`);
  t.ok(error(lost) > 0.05, `in bfloat16 ${error(lost)}`);
  t.notMatch(kept.opt.plan()[0]?.path, /_fused_/, 'the kernel takes one dtype only');
  t.end();
});

t.test('states resume in their dtype, to the bit', (t) => {
  const make = (p: Tensor) => new Optimizer([p], momentumStep, { stats: new AverageGrad({ float32: true }), lr: 1e-3 });
  const one = train('bfloat16', make);
  const p = tensor([0, 0, 0], { dtype: 'bfloat16', requiresGrad: true });
  const other = make(p);
  other.loadStateDict(one.opt.stateDict());
  const average = (opt: Optimizer): Tensor => (opt.stateDict().state[0] as { gradAvg: Tensor }).gradAvg;
  t.equal(average(other).dtype, 'float32');
  t.same(average(other).toList(), average(one.opt).toList());
  t.end();
});

t.test('parameters in full precision are not touched by it', (t) => {
  t.same(train('float64', adam(true)).p, train('float64', adam(false)).p);
  t.equal(squares(train('float64', adam(true)).opt).dtype, 'float64');
  t.end();
});
