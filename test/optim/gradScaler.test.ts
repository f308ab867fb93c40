import { readFileSync } from 'node:fs';

import t from 'tap';

import {
  GradScaler,
  autocast,
  nn,
  ones,
  randn,
  scope,
  sgdOpt,
  tensor,
  type GradScalerState,
  type Tensor,
} from '../../lib/index.js';

interface Case {
  options: { init_scale: number; growth_factor?: number; backoff_factor?: number; growth_interval: number };
  steps: { factor: string; scale: number; tracker: number; stepped: boolean; p: number[]; q: number[] }[];
}

const goldens = JSON.parse(
  readFileSync(new URL('../../../test/goldens/autograd/scaler.json', import.meta.url), 'utf8'),
) as { cases: Case[] };

const factors: Record<string, number> = { inf: Infinity, '-inf': -Infinity, nan: NaN };

function parameters(): [Tensor, Tensor] {
  return [tensor([1, 2], { requiresGrad: true }), tensor([1], { dtype: 'float64', requiresGrad: true })];
}

t.test('the scale, the steps and the parameters are those of PyTorch', async (t) => {
  for (const { options, steps } of goldens.cases) {
    const scaler = new GradScaler({
      initScale: options.init_scale,
      growthFactor: options.growth_factor,
      backoffFactor: options.backoff_factor,
      growthInterval: options.growth_interval,
    });
    const [p, q] = parameters();
    const optimizer = sgdOpt([p, q], { lr: 0.125 });
    steps.forEach((expected, index) => {
      const factor = factors[expected.factor] ?? Number(expected.factor);
      optimizer.zeroGrad();
      const loss = scope(() =>
        p
          .mul(tensor([1, factor]))
          .sum()
          .add(q.mul(0.5).sum().to('float32')),
      );
      scaler.scale(loss).backward();
      if (index % 2 === 1) scaler.unscale_(optimizer);
      const stepped = scaler.step(optimizer);
      scaler.update(index === 12 ? 4 : undefined);
      const { scale, growthTracker } = scaler.stateDict();
      t.same(
        { scale, tracker: growthTracker, stepped, p: p.toList(), q: q.toList() },
        { scale: expected.scale, tracker: expected.tracker, stepped: expected.stepped, p: expected.p, q: expected.q },
        `${JSON.stringify(options)}, iteration ${index}`,
      );
    });
  }
});

t.test('a small network trains in float16 as well as in float32', async (t) => {
  const train = (dtype: 'float16' | 'float32'): number => {
    const model = new nn.Linear(8, 1);
    model.weight.detach().fill_(0.1);
    model.bias?.detach().fill_(0);
    const optimizer = sgdOpt(model.parameters(), { lr: 0.05 });
    const scaler = new GradScaler({ enabled: dtype === 'float16', growthInterval: 20 });
    const xb = randn([64, 8]);
    const yb = xb.sum([1], true).mul(1e-3);
    let loss = Infinity;
    for (let i = 0; i < 60; i += 1) {
      const error = autocast({ dtype: 'float16', enabled: dtype === 'float16' }, () => model.call(xb))
        .to('float32')
        .sub(yb);
      const mean = error.pow(2).mean();
      loss = mean.item();
      scaler.scale(mean).backward();
      scaler.step(optimizer);
      scaler.update();
      optimizer.zeroGrad();
    }
    return loss;
  };
  t.ok(train('float16') < 1e-3);
  t.ok(train('float32') < 1e-3);
});

t.test('a state goes on where it was', async (t) => {
  const make = (): GradScaler => new GradScaler({ growthInterval: 3 });
  const run = (scaler: GradScaler, steps: number): number => {
    const [p] = parameters();
    const optimizer = sgdOpt([p], { lr: 0.1 });
    for (let i = 0; i < steps; i += 1) {
      optimizer.zeroGrad();
      scaler.scale(p.sum()).backward();
      scaler.step(optimizer);
      scaler.update();
    }
    return scaler.getScale();
  };
  const first = make();
  t.equal(run(first, 2), 65536);
  const second = make();
  second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())) as GradScalerState);
  t.equal(run(second, 1), 131072);
  t.same(second.stateDict().growthTracker, 0);
  t.throws(() => second.loadStateDict({ ...first.stateDict(), scale: NaN }), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => second.loadStateDict(null as never), { code: 'ERR_TENCH_ARGUMENT' });
  t.equal(second.getScale(), 131072, 'unchanged by what was refused');
});

t.test('switched off, it passes on', async (t) => {
  const scaler = new GradScaler({ enabled: false });
  const [p] = parameters();
  const optimizer = sgdOpt([p], { lr: 1 });
  const loss = p.sum();
  t.equal(scaler.scale(loss), loss);
  loss.backward();
  scaler.unscale_(optimizer);
  t.equal(scaler.step(optimizer), true);
  scaler.update();
  t.same(p.toList(), [0, 1]);
  t.equal(scaler.getScale(), 1);
});

t.test('wrong order and wrong values are errors', async (t) => {
  const code = 'ERR_TENCH_GRAD_SCALER';
  const scaler = new GradScaler();
  const [p] = parameters();
  const optimizer = sgdOpt([p], { lr: 1 });
  t.throws(() => scaler.step(optimizer), { code, message: /scale the loss/ });
  t.throws(() => scaler.update(), { code });
  scaler.scale(p.sum());
  t.throws(() => scaler.step(optimizer), { code, message: /backward first/ });
  scaler.scale(p.sum()).backward();
  const fresh = new GradScaler();
  fresh.scale(p.sum()).backward();
  fresh.unscale_(optimizer);
  t.throws(() => fresh.unscale_(optimizer), { code, message: /since the last update/ });
  fresh.step(optimizer);
  t.throws(() => fresh.step(optimizer), { code });
  t.throws(() => fresh.unscale_(optimizer), { code, message: /before step/ });
  const half = ones([1], { dtype: 'float16', requiresGrad: true });
  const halfOptimizer = sgdOpt([half], { lr: 1 });
  const third = new GradScaler();
  third.scale(half.sum()).backward();
  t.throws(() => third.step(halfOptimizer), { code, message: /float32 and use autocast/ });
  const argument = { code: 'ERR_TENCH_ARGUMENT' };
  t.throws(() => new GradScaler({ initScale: 0 }), argument);
  t.throws(() => new GradScaler({ growthFactor: 1 }), argument);
  t.throws(() => new GradScaler({ backoffFactor: 1 }), argument);
  t.throws(() => new GradScaler({ growthInterval: 0.5 }), argument);
  t.throws(() => new GradScaler({ enabled: 1 as never }), argument);
  t.throws(() => fresh.scale(5 as never), argument);
  t.throws(() => fresh.update(-1), argument);
  t.throws(() => fresh.step({} as never), argument);
});
