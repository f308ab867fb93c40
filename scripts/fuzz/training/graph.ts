/** Backward through code of the user's: hooks, custom functions and checkpoints that throw, return nonsense, or dispose what is in use. */

import type { Generator } from '../../../lib/index.js';
import { pick, weigh } from '../choice.js';
import { harmlessValue } from '../hostile.js';
import { tensorSource } from '../tensors.js';
import { input, layer, size, type Expects } from './layers.js';

/** What a callback does besides what it should; `g` is what it was given, `x` a leaf and `y` what came of it. */
export function misdeed(random: Generator): string {
  return weigh(random, [
    [3, () => `throw thrown.${pick(random, ['error', 'error', 'text', 'symbol'])};`],
    [1, () => 'throw new t.TenchError("mine");'],
    [2, () => `return ${tensorSource(random, { shape: [2, 3], dtype: 'float32' }, '')};`],
    [1, () => `return ${harmlessValue(random)};`],
    [1, () => 'g.dispose();'],
    [1, () => 'x.dispose();'],
    [1, () => 'y.dispose();'],
    [1, () => 't.enableGrad(() => y.sum().backward());'],
    [1, () => 't.enableGrad(() => g.detach().requiresGrad_().pow(2).sum().backward());'],
    [1, () => 'x.grad = null;'],
    [1, () => 'x.setData(t.zeros([1]));'],
    [1, () => 'x.detach().add_(1);'],
    [1, () => "t.callOperator('aten::resize_', [g, [0]]);"],
    [1, () => 'g.zero_();'],
    [1, () => 't.enableGrad(() => t.grad(y.mul(2).sum(), [x], { createGraph: true }));'],
    [1, () => 't.scope(() => { throw thrown.error; });'],
    [1, () => 'return t.scope(() => g.mul(2));'],
    [1, () => 't.emptyCache();'],
    [1, () => `t.randn([${size(random)}, ${size(random)}]).matmul(g);`],
    [4, () => ''],
  ])();
}

/** Something differentiable of `x`. */
function function_(random: Generator): string {
  return pick(random, [
    'x.mul(2)',
    'x.pow(2)',
    'x.exp().log()',
    'x.matmul(x.t())',
    'x.sigmoid().sum(0)',
    'x.relu_()',
    'x.clone().mul_(x)',
    'x.get(0)',
    'x.sort(0)[0]',
    'x.expand([2, ...x.shape])',
    'x.unbind(0)[0]',
    'x.to("bfloat16").to("float64")',
    't.F.softmax(x, 0)',
    't.F.dropout(x)',
    'x.detach()',
    'x.view([-1]).asStrided([2, 2], [1, 1])',
    'x.real()',
    'x.cumsum(0).cumprod(0)',
  ]);
}

/** How a graph is walked. */
function backward(random: Generator): string {
  return weigh(random, [
    [6, () => 'y.sum().backward();'],
    [2, () => 'y.sum().backward(null, { retainGraph: true }); y.sum().backward();'],
    [2, () => 't.grad(y.sum(), [x], { createGraph: true })[0].sum().backward();'],
    [1, () => 'y.backward();'],
    [1, () => `y.backward(${tensorSource(random, { shape: [2, 3], dtype: 'float32' }, '')});`],
    [1, () => 't.noGrad(() => y.sum().backward());'],
    [1, () => 't.detectAnomaly(() => y.sum().backward());'],
    [1, () => 'x.dispose(); y.sum().backward();'],
    [1, () => 'x.detach().mul_(0); y.sum().backward();'],
    [1, () => 't.inferenceMode(() => y.sum().backward());'],
    [0.5, () => 't.gradCheck((x) => y.mul(x), [x]);'],
    [0.5, () => 't.scope(() => { y.sum().backward(); throw thrown.error; });'],
  ])();
}

function leaf(random: Generator): string {
  return weigh(random, [
    [6, () => `t.randn([2, 3], { requiresGrad: true })`],
    [2, () => `t.randn([3, 3], { requiresGrad: true, dtype: 'float64' })`],
    [1, () => `${tensorSource(random, { shape: [2, 3], dtype: 'float32' }, '')}.detach().requiresGrad_()`],
    [1, () => `new t.Parameter(t.rand([2, 3]))`],
    [0.5, () => 't.inferenceMode(() => t.ones([2, 3]))'],
  ])();
}

function body(random: Generator, statements: readonly string[]): string {
  return `(() => { const x = ${leaf(random)}; let y = x; ${statements.filter(Boolean).join(' ')} ${backward(random)} return x.grad; })()`;
}

/** Hooks on a leaf, on what came of it, or after accumulation. */
export function hooks(random: Generator): string {
  const hook = (): string => `(g) => { ${misdeed(random)} }`;
  return body(random, [
    `y = ${function_(random)};`,
    random.bernoulli(0.3) ? 'y.retainGrad();' : '',
    `const hook = y.registerHook(${hook()});`,
    random.bernoulli(0.4) ? `x.registerHook(${hook()});` : '',
    random.bernoulli(0.3) ? `t.registerPostAccumulateGradHook(x, ${hook()});` : '',
    random.bernoulli(0.2) ? 'hook.remove();' : '',
  ]);
}

/** A function with its own backward. */
export function custom(random: Generator): string {
  const forward = weigh(random, [
    [4, () => 'return x.mul(2);'],
    [2, () => 'return [x.mul(2), x.sum()];'],
    [1, () => 'return x;'],
    [1, () => 'this.markDirty(x); return x.mul_(2);'],
    [1, () => 'this.markNonDifferentiable(x); return x;'],
    [1, () => `const g = x; const y = x; ${misdeed(random)} return x.clone();`],
    [1, () => `return ${harmlessValue(random)};`],
    [1, () => 'return x.view([-1]);'],
  ])();
  const saved = pick(random, [
    'this.saveForBackward({ x });',
    '',
    'this.saveForBackward({ x: x.mul(3) });',
    'this.x = x;',
  ]);
  const first = pick(random, [
    'const { x = g, y = g } = this.saved ?? {};',
    'const x = g; const y = g;',
    'const y = this.saved.x; const x = y;',
  ]);
  const result = pick(random, [
    'return g;',
    'return [g, null];',
    'return g.sum();',
    'return null;',
    'return [g, g];',
    'return this.saved.x;',
  ]);
  const definition = `class Custom extends t.AutogradFunction { forward(x) { ${saved} ${forward} } backward(g) { ${first} ${random.bernoulli(0.5) ? misdeed(random) : ''} ${result} } }`;
  return body(random, [
    random.bernoulli(0.3) ? 'y = y.mul(1);' : '',
    `${definition} const made = Custom.apply(y${random.bernoulli(0.3) ? ', 2' : ''}); y = Array.isArray(made) ? made[0] : made;`,
    random.bernoulli(0.3) ? 'y = Custom.apply(y); y = Array.isArray(y) ? y[1] : y;' : '',
  ]);
}

/** A part that is computed twice, and may behave differently the second time. */
export function checkpoint(random: Generator): string {
  const misbehave = `if (turn ${pick(random, ['> 1', '=== 1', '> 2'])}) { const g = x; const y = x; ${misdeed(random)} }`;
  const part = `(x) => { turn += 1; ${random.bernoulli(0.6) ? misbehave : ''} return ${function_(random)}; }`;
  const preserve = `{ preserveRng: ${random.bernoulli(0.5)} }`;
  return body(random, [
    'let turn = 0;',
    random.bernoulli(0.3) ? 'y = y.mul(2);' : '',
    weigh(random, [
      [4, () => `y = t.checkpoint(${part}, y);`],
      [2, () => `y = t.checkpointWith(${preserve}, ${part}, y);`],
      [2, () => `y = t.checkpoint((x) => t.checkpoint(${part}, x).mul(2), y);`],
      [1, () => `y = t.checkpoint(${part}, y); y = t.checkpoint(${part}, y);`],
      [0.5, () => `y = t.checkpoint(${part}, ${harmlessValue(random)});`],
    ])(),
  ]);
}

/** A layer in any state, with hooks of its own. */
export function layers(random: Generator, name?: string): string {
  const { source, expects } = layer(random, name);
  const steps = [
    random.bernoulli(0.25) ? 'm.eval();' : '',
    random.bernoulli(0.08)
      ? `m.to('${pick(random, ['float64', 'bfloat16', 'float16', 'meta', 'int64', 'cuda'])}');`
      : '',
    random.bernoulli(0.05) ? 'm.requiresGrad_(false);' : '',
    random.bernoulli(0.06) ? 'm.loadStateDict(m.stateDict());' : '',
    random.bernoulli(0.06) ? 'm.loadStateDict(new Map([...m.stateDict()].map(([key]) => [key, t.ones([2])])));' : '',
    random.bernoulli(0.06) ? 'm.parameters().forEach((p) => p.dispose());' : '',
    random.bernoulli(0.06) ? 'm.parameters().forEach((p) => p.setData(t.ones([2, 2])));' : '',
    random.bernoulli(0.06) ? 'm.weight = null;' : '',
    random.bernoulli(0.1)
      ? `m.${pick(random, ['registerForwardHook', 'registerForwardPreHook', 'registerFullBackwardHook'])}((g) => { const x = g, y = g; ${misdeed(random)} });`
      : '',
  ];
  return `((m) => { ${steps.filter(Boolean).join(' ')} return m.call(${input(random, expects)}); })(${source})`;
}

/** A chain of layers: one, or some that fit one another only by chance, since few of them change the shape. */
export function network(random: Generator): { source: string; expects: Expects } {
  const names = ['Linear', 'BatchNorm2d', 'GroupNorm', 'PReLU', 'Dropout', 'LayerNorm', 'SiLU', 'Conv2d'];
  const parts = Array.from({ length: pick(random, [1, 1, 2, 3]) }, () =>
    layer(random, random.bernoulli(0.6) ? pick(random, names) : undefined),
  );
  return { source: `new t.nn.Sequential(${parts.map(({ source }) => source).join(', ')})`, expects: parts[0]!.expects };
}
