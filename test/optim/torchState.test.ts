/** Optimizers go on where PyTorch's stopped, and their states are PyTorch's own. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import { readTorch, writeTorch } from '../../lib/io/index.js';
import {
  AverageGrad,
  Optimizer,
  adamOpt,
  adamStats,
  adamStep,
  l2Reg,
  lionOpt,
  loadTorchState,
  momentumStep,
  nesterovOpt,
  sgdMomOpt,
  sgdOpt,
  torchState,
  type SgdHypers,
} from '../../lib/optim/index.js';
import { isTensor, noGrad, type Tensor } from '../../lib/tensor/index.js';
import { noPython, runPython } from '../io/golden.js';
import { difference, flat, lossOf, makeWeights } from './network.js';

interface Saved {
  weights: readonly Tensor[];
  optimizer: ReadonlyMap<string, unknown>;
  later: readonly Tensor[];
}

const path = fileURLToPath(new URL('../../../test/goldens/optim/states.pt', import.meta.url));

async function saved(name: string): Promise<Saved> {
  const all = (await readTorch(path)) as ReadonlyMap<string, ReadonlyMap<string, unknown>>;
  return Object.fromEntries(all.get(name)!) as unknown as Saved;
}

type Make = (groups: Tensor[][], hypers: SgdHypers) => Optimizer;

const makers: Record<string, Make> = {
  sgd: sgdOpt,
  momentum: (groups, hypers) =>
    new Optimizer(groups, momentumStep, { stats: new AverageGrad(), gradSteppers: l2Reg, ...hypers }),
  nesterov: nesterovOpt,
  adam: adamOpt,
  adamL2: (groups, hypers) => new Optimizer(groups, adamStep, { stats: adamStats(), gradSteppers: l2Reg, ...hypers }),
  adamW: adamOpt,
};

function start(make: Make, weights: readonly Tensor[] | null): { params: Tensor[]; opt: Optimizer } {
  const params = makeWeights('float64');
  if (weights !== null) noGrad(() => params.forEach((p, i) => void p.copy_(weights[i]!)));
  return { params, opt: make([params.slice(0, 2), params.slice(2)], { lr: 1 }) };
}

function steps({ params, opt }: { params: Tensor[]; opt: Optimizer }, count: number): void {
  for (let i = 0; i < count; i += 1) {
    opt.zeroGrad();
    lossOf(params, 'float64').backward();
    opt.step();
  }
}

/** A value of a file as plain data, with tensors as their dtype and elements. */
function plain(value: unknown): unknown {
  if (isTensor(value)) return [value.dtype, value.shape, value.toList()];
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

for (const [name, make] of Object.entries(makers)) {
  t.test(name, async (t) => {
    const { weights, optimizer, later } = await saved(name);
    const run = start(make, weights);
    loadTorchState(run.opt, optimizer);
    t.strictSame(plain(sortedKeys(torchState(run.opt))), plain(sortedKeys(optimizer)), 'it is written as it was read');
    steps(run, 5);
    const worst = Math.max(...run.params.map((p, i) => difference(flat([p]), flat([later[i]!]))));
    t.ok(worst < 1e-12, `five steps later the largest relative difference is ${worst}`);

    const own = `${t.testdir()}/own.pt`;
    await writeTorch(own, { optimizer: torchState(run.opt) });
    const resumed = start(make, run.params);
    loadTorchState(resumed.opt, ((await readTorch(own)) as ReadonlyMap<string, unknown>).get('optimizer'));
    steps(run, 3);
    steps(resumed, 3);
    t.strictSame(flat(resumed.params), flat(run.params), 'a run resumed from our own file has the same bits');
  });
}

/** PyTorch's order of keys depends on its version; what a setting is called when it decides nothing, on the class. */
function sortedKeys(dict: ReadonlyMap<string, unknown>): unknown {
  const groups = dict.get('param_groups') as (ReadonlyMap<string, unknown> | Record<string, unknown>)[];
  const sorted = groups.map((group) => {
    const entries = group instanceof Map ? [...(group as Map<string, unknown>)] : Object.entries(group);
    const record = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
    if (record.weight_decay === 0) delete record.decoupled_weight_decay;
    return record;
  });
  const state = [...(dict.get('state') as ReadonlyMap<number, unknown>)].filter(([, entry]) => {
    const items = entry instanceof Map ? [...(entry as Map<string, unknown>).values()] : Object.values(entry as object);
    return items.some((item) => item !== null);
  });
  return { state: new Map(state), groups: sorted };
}

t.test('what does not fit is refused, and nothing changes', async (t) => {
  const refuse = async (make: Make, name: string, message: RegExp): Promise<void> => {
    const { opt } = start(make, null);
    const before = plain(opt.stateDict());
    const { optimizer } = await saved(name);
    t.throws(() => loadTorchState(opt, optimizer), { code: 'ERR_TENCH_STATE_DICT', message });
    t.strictSame(plain(opt.stateDict()), before);
  };
  await refuse(lionOpt, 'adam', /neither those of PyTorch's SGD nor of its Adam/);
  await refuse(adamOpt, 'sgd', /no number for mom/);
  await refuse(sgdOpt, 'momentum', /no momentum/);
  await refuse(sgdMomOpt, 'momentum', /decays by L2/);
  await refuse(nesterovOpt, 'momentum', /nesterov is false in param_groups\[0\], and this optimizer has true/);
  await refuse(adamOpt, 'adamL2', /decoupled_weight_decay is false/);
  await refuse(
    (groups, { lr }) => new Optimizer(groups, adamStep, { stats: adamStats(), lr }),
    'adamW',
    /wd is 0.1 there/,
  );
  t.throws(() => loadTorchState(start(adamOpt, null).opt, new Map()), { code: 'ERR_TENCH_STATE_DICT' });
  t.throws(() => torchState(start(lionOpt, null).opt), { code: 'ERR_TENCH_STATE_DICT' });
  const momentum = sgdMomOpt(start(sgdOpt, null).params, { lr: 1, wd: 0.1 });
  t.throws(() => torchState(momentum), { code: 'ERR_TENCH_STATE_DICT', message: /decays by L2/ });
});

t.test('states by name', (t) => {
  const run = start(adamOpt, null);
  steps(run, 2);
  const label = (params: readonly Tensor[]) => params.map((p, i) => [`layer.${i}`, p] as const);
  const dict = run.opt.stateDict({ names: label(run.params) });
  t.strictSame(
    dict.groups.map(({ params }) => params),
    [
      ['layer.0', 'layer.1'],
      ['layer.2', 'layer.3'],
    ],
  );
  t.strictSame(Object.keys(dict.state), ['layer.0', 'layer.1', 'layer.2', 'layer.3']);

  const params = makeWeights('float64');
  noGrad(() => params.forEach((p, i) => void p.copy_(run.params[i]!)));
  const [a, b, c, d] = params as [Tensor, Tensor, Tensor, Tensor];
  const opt = adamOpt(
    [
      [b, a],
      [d, c],
    ],
    { lr: 1 },
  );
  opt.loadStateDict(dict, { names: label(params) });
  steps(run, 2);
  steps({ params, opt }, 2);
  t.strictSame(flat(params), flat(run.params), 'in another order, to the bit');

  t.throws(() => opt.loadStateDict(dict), { code: 'ERR_TENCH_ARGUMENT', message: /names beside the option names/ });
  t.throws(() => opt.loadStateDict(dict, { names: label([b, a, c, d]).slice(0, 3) }), /a name for every parameter/);
  const other = label(params).map(([name, p]) => [`other.${name}`, p] as const);
  t.throws(() => opt.loadStateDict(dict, { names: other }), /names of the same parameters/);
  const again = start(adamOpt, run.params);
  again.opt.loadStateDict(run.opt.stateDict(), { names: label(again.params) });
  t.same((again.opt.stateDict().state[0] as { step: number }).step, 4, 'a state by number loads by place');
  t.end();
});

t.test('PyTorch goes on from ours, with weights_only', { skip: noPython }, async (t) => {
  const file = join(t.testdir(), 'own.pt');
  for (const [name, type] of Object.entries({ momentum: 'SGD', nesterov: 'SGD', adam: 'Adam', adamW: 'AdamW' })) {
    const run = start(makers[name]!, null);
    loadTorchState(run.opt, (await saved(name)).optimizer);
    await writeTorch(file, torchState(run.opt));
    const ones = run.params.map((p) => p.detach().mul(0).add(1));
    run.params.forEach((p, i) => {
      noGrad(() => p.fill_(1));
      p.grad = ones[i]!;
    });
    run.opt.step();
    const script = `import json, sys, torch
params = [torch.nn.Parameter(torch.ones(shape, dtype=torch.float64)) for shape in [(5, 4), (5,), (3, 5), (3,)]]
opt = torch.optim.${type}([{'params': params[:2]}, {'params': params[2:]}], lr=9)
opt.load_state_dict(torch.load(sys.argv[1], weights_only=True))
for p in params:
    p.grad = torch.ones_like(p)
opt.step()
print(json.dumps([v for p in params for v in p.detach().flatten().tolist()]))`;
    const worst = difference(flat(run.params), runPython(script, file) as number[]);
    t.ok(worst < 1e-12, `${name}: largest relative difference ${worst}`);
  }
});
