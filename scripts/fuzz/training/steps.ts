/** Training steps with odd parameters, gradients and settings: optimizers, scaling, precision, scopes, and memory that runs out. */

import type { Generator } from '../../../lib/index.js';
import { pick, weigh } from '../choice.js';
import { harmlessValue, hostileIntegers, hostileNumbers } from '../hostile.js';
import { dtypeName, tensorSource } from '../tensors.js';
import { misdeed, network } from './graph.js';
import { input, layer, loss, number, options, size } from './layers.js';

const shapes = [[2, 3], [3], [], [0], [4, 1], [2, 0, 3], [1]];

function parameter(random: Generator): string {
  const shape = `[${pick(random, shapes).join(', ')}]`;
  return weigh(random, [
    [8, () => `t.randn(${shape}, { requiresGrad: true })`],
    [
      2,
      () =>
        `t.randn(${shape}, { dtype: '${pick(random, ['float64', 'bfloat16', 'float16', 'complex64'])}', requiresGrad: true })`,
    ],
    [1, () => `t.randn([3, 3]).t().requiresGrad_()`],
    [1, () => `t.randn([1]).expand([3]).requiresGrad_()`],
    [1, () => `${tensorSource(random, { shape: [2, 3], dtype: dtypeName(random) }, '')}.detach()`],
    [0.5, () => `t.ones([2], { device: 'meta', requiresGrad: true })`],
  ])();
}

const optimizers = ['sgdOpt', 'sgdMomOpt', 'adamOpt', 'lambOpt'];

function hypers(random: Generator): string {
  const entries = { wd: number(random), mom: number(random), sqrMom: number(random), eps: number(random) };
  return `{ lr: ${number(random)}, ...${options(random, entries)} }`;
}

function optimizer(random: Generator, parameters: string): string {
  return weigh(random, [
    [6, () => `t.${pick(random, optimizers)}(${parameters}, ${hypers(random)})`],
    [
      1,
      () =>
        `t.adamOpt(${parameters}, { lr: 0.1, extraStep: t.perTensor((p) => { const g = p, x = p, y = p; ${misdeed(random)} }) })`,
    ],
    [
      1,
      () =>
        `new t.Optimizer(${parameters}, [t.weightDecay, t.momentumStep], { stats: [new t.AverageGrad()], gradSteppers: t.l2Reg, ...${hypers(random)} })`,
    ],
    [
      0.5,
      () =>
        `new t.Optimizer(${parameters}, (p) => { const g = p, x = p, y = p; ${misdeed(random)} }, ${hypers(random)})`,
    ],
  ])();
}

/** What becomes of the gradients before a step. */
function gradients(random: Generator): string {
  return weigh(random, [
    [6, () => 'for (const p of ps) p.grad = t.randnLike(p);'],
    [2, () => 'for (const p of ps) if (p.requiresGrad) p.sum().backward();'],
    [1, () => `for (const p of ps) p.grad = ${tensorSource(random, { shape: [2, 3], dtype: 'float32' }, '')};`],
    [1, () => `for (const p of ps) p.grad = t.fullLike(p, ${pick(random, ['NaN', 'Infinity', '1e38'])});`],
    [1, () => 'for (const p of ps) p.grad = p;'],
    [1, () => 'for (const p of ps) p.grad = t.zeros([1]).expand(p.shape);'],
    [1, () => `ps[0].grad = t.callOperator('aten::to_sparse', [t.ones(ps[0].shape)]);`],
    [0.3, () => `ps[0].grad = ${harmlessValue(random)};`],
  ])();
}

/** What happens between steps. */
function meanwhile(random: Generator): string {
  return weigh(random, [
    [8, () => ''],
    [1, () => 'ps[0].dispose();'],
    [1, () => 'ps[0].setData(t.ones([5]));'],
    [1, () => `ps[0].setData(ps[0].to('${dtypeName(random)}'));`],
    [1, () => 'ps[0].grad.dispose();'],
    [1, () => 'ps[0].grad = null;'],
    [1, () => "t.noGrad(() => t.callOperator('aten::resize_', [ps[0], [7]]));"],
    [1, () => 'ps[0].requiresGrad_(false);'],
    [1, () => `o.hypers[0].${pick(random, ['lr', 'mom', 'wd', 'eps'])} = ${pick(random, hostileNumbers)};`],
    [1, () => 'o.loadStateDict(o.stateDict());'],
    [1, () => 'o.loadStateDict({ ...o.stateDict(), state: [] });'],
    [1, () => `o.addParamGroup([${parameter(random)}]);`],
    [1, () => 'o.zeroGrad({ setToNull: false });'],
    [1, () => 'ps.push(ps[0]);'],
    [1, () => `t.nn.utils.clipGradNorm_(ps, ${number(random)});`],
    [1, () => `t.nn.utils.clipGradValue_(ps, ${number(random)});`],
  ])();
}

export function optimizing(random: Generator): string {
  const list = `[${Array.from({ length: 1 + random.integer(4) }, () => parameter(random)).join(', ')}]`;
  const step = (): string => `${gradients(random)} ${meanwhile(random)} o.step();`;
  const steps = Array.from({ length: 1 + random.integer(3) }, step).join(' ');
  return `((ps) => { const o = ${optimizer(random, random.bernoulli(0.9) ? 'ps' : '[ps, ps]')}; ${steps} return ps; })(${list})`;
}

export function scaling(random: Generator): string {
  const settings = options(random, {
    initScale: number(random),
    growthFactor: number(random),
    backoffFactor: number(random),
    growthInterval: size(random),
    enabled: pick(random, ['true', 'false']),
  });
  const act = (): string =>
    pick(random, [
      's.scale(ps[0].sum()).backward();',
      's.scale(ps[0].sum().mul(Infinity)).backward();',
      's.unscale_(o);',
      's.step(o);',
      's.update();',
      's.loadStateDict(s.stateDict());',
      `s.loadStateDict({ ...s.stateDict(), scale: ${number(random)} });`,
      `s.scale(${tensorSource(random, { shape: [2], dtype: dtypeName(random) }, '')});`,
      gradients(random),
      meanwhile(random),
    ]);
  const acts = Array.from({ length: 2 + random.integer(5) }, act).join(' ');
  return `((ps) => { const s = new t.GradScaler(${settings}); const o = ${optimizer(random, 'ps')}; ${acts} return ps; })([${parameter(random)}])`;
}

function inPrecision(random: Generator, inner: string): string {
  const settings = options(random, {
    dtype: random.bernoulli(0.9) ? pick(random, ["'bfloat16'", "'float16'"]) : harmlessValue(random),
    device: random.bernoulli(0.8) ? "'cpu'" : pick(random, ["'meta'", "'cuda'", "'garbage'"]),
    enabled: pick(random, ['true', 'false']),
  });
  return `t.autocast(${settings}, () => ${inner})`;
}

/** A whole step: a network, its loss, backward and an optimizer, each wherever it may be. */
export function step(random: Generator): string {
  const { source, expects } = network(random);
  const call = `m.call(${input(random, expects)})`;
  const wrapped = weigh(random, [
    [5, () => call],
    [2, () => inPrecision(random, call)],
    [1, () => `t.checkpoint(() => ${call})`],
    [1, () => `t.scope(() => ${call})`],
    [1, () => `t.noGrad(() => ${call})`],
    [1, () => `t.inferenceMode(() => ${call})`],
  ])();
  const cost = random.bernoulli(0.6) ? 'y.sum()' : loss(random, undefined, 'y');
  const update = `o.zeroGrad(); const y = ${wrapped}; ${cost}.backward(); o.step();`;
  const twice = random.bernoulli(0.4) ? `for (let i = 0; i < 2; i += 1) { ${update} }` : `{ ${update} }`;
  return `((m) => { const o = ${optimizer(random, '[...m.parameters(), t.ones([2], { requiresGrad: true })]')}; ${twice} return m.parameters(); })(${source})`;
}

/** Scopes with things disposed and thrown anywhere. */
export function scopes(random: Generator): string {
  const act = (depth: number): string =>
    weigh(random, [
      [3, () => `b = a.add(${number(random)});`],
      [1, () => 'a.dispose();'],
      [1, () => 'b.dispose();'],
      [1, () => 'b = a.view([-1]);'],
      [1, () => 'b[Symbol.dispose]();'],
      [1, () => 'a = b;'],
      [1, () => 'kept.push(a.mul(2));'],
      [1, () => 'kept.pop()?.sum().item();'],
      [1, () => 't.emptyCache();'],
      [1, () => 'a.requiresGrad_(); b = a.mul(3); b.sum().backward();'],
      [0.7, () => 'throw thrown.error;'],
      [0.3, () => 'return Promise.resolve(a);'],
      [0.5, () => 'return [a, { b, kept }];'],
      [0.3, () => `return ${harmlessValue(random)};`],
      [
        depth < 3 ? 2 : 0,
        () =>
          `try { b = t.scope(() => { ${acts(depth + 1)} return a.clone(); }); } catch (e) { if (e !== thrown.error && !(e instanceof t.TenchError)) throw e; }`,
      ],
      [0.5, () => `b = t.${pick(random, ['noGrad', 'enableGrad', 'inferenceMode', 'detectAnomaly'])}(() => a.mul(a));`],
      [0.2, () => 't.memory({ trace: true }); t.memory({ trace: false });'],
    ])();
  const acts = (depth: number): string => Array.from({ length: 1 + random.integer(5) }, () => act(depth)).join(' ');
  return `t.scope(() => { let a = ${tensorSource(random, { shape: [2, 3], dtype: 'float32' }, '')}, b = a; const kept = []; ${acts(0)} return [a, b, kept]; })`;
}

/** Layers and tensors that reach the cap in the middle of something, after which all must go on. */
export function memory(random: Generator): string {
  const { source, expects } = layer(random);
  const cap = pick(random, ['1024', '4096', '65536', '1000000', '3000000', '30000000', '1', '-1', 'NaN']);
  const large = pick(random, [
    `t.zeros([${pick(random, hostileIntegers)}, ${size(random)}])`,
    't.ones([1000, 1000, 100])',
    't.ones([1]).expand([10000, 10000]).clone()',
    't.randn([1, 3, 64, 64]).repeat([100, 10, 10, 10])',
    `t.randn([200, 200], { requiresGrad: true }).pow(2).sum().backward()`,
    `new t.nn.Linear(${size(random)}, 100000000)`,
    `new t.nn.Linear(100, 100).call(t.randn([10, 100])).sum().backward()`,
    `((m) => m.call(${input(random, expects)}).sum().backward())(${source})`,
    't.ones([300, 300]).matmul(t.ones([300, 300]))',
  ]);
  return `(() => { t.setMemoryCap(${cap}); try { return ${large}; } finally { t.setMemoryCap(268435456); t.ones([3]).sum().item(); } })()`;
}
