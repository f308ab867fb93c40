import { execFileSync } from 'node:child_process';
import t from 'tap';

import { collectGarbage } from '../collect.js';
import * as nn from '../../lib/nn/index.js';
import { memory, ones, randn, scope, type Tensor } from '../../lib/tensor/index.js';
import { inputs, recipes } from './recipes.js';

const network = (...layers: nn.Module[]): nn.Sequential =>
  new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), ...layers, new nn.Linear(8, 2));

/** How many tensors a call leaves alive: the result, and whatever no scope has released and no collection found yet. */
function left(model: nn.Module, x: Tensor): number {
  collectGarbage();
  const before = memory().tensors;
  const result = model.call(x);
  const after = memory().tensors;
  result.dispose();
  return after - before;
}

class Keeping extends nn.ReLU {
  kept: Tensor | null = null;

  override forward(x: Tensor): Tensor {
    this.kept = x;
    return super.forward(x);
  }
}

t.test('a network of our own modules leaves its result alone', async (t) => {
  const x = randn([3, 4]);
  t.equal(left(network(), x), 1);
  t.equal(left(network(new nn.Sequential(new nn.Linear(8, 8), new nn.Tanh())), x), 1);
  t.equal(left(network(new nn.Lambda(nn.flatten)), x), 1);
  const picture = randn([2, 3, 32, 32]);
  t.equal(left(new nn.Sequential(nn.convLayer(3, 8), nn.convLayer(8, 8)), picture), 1);
});

t.test('nothing is released that a user may have kept', async (t) => {
  const x = randn([3, 4]);
  const keeping = new Keeping();
  network(keeping).call(x);
  t.same(keeping.kept!.shape, [3, 8]);
  t.ok(keeping.kept!.isAlive);

  const seen: Tensor[] = [];
  network(new nn.Lambda((h) => (seen.push(h), h.mul(2)))).call(x);
  const hooked = network(new nn.Tanh());
  const handle = hooked[2]!.registerForwardHook((_, [input], output) => void seen.push(input, output));
  hooked.call(x);
  const patched = network();
  const layer = patched[1]!;
  layer.forward = (h) => (seen.push(h), h.relu());
  patched.call(x);
  t.equal(seen.length, 4);
  t.ok(seen.every((tensor) => tensor.isAlive));

  handle.remove();
  t.equal(left(hooked, x), 1, 'without its hook again');
});

t.test('an input that is returned, or seen twice, stays', async (t) => {
  const x = randn([3, 4]);
  const same = new nn.Sequential(new nn.Identity(), new nn.Dropout({ p: 0.5 })).eval();
  t.equal(same.call(x), x);
  t.ok(x.isAlive);
  const inner = scope(() => network().call(x));
  t.same(inner.shape, [3, 2]);
});

t.test('gradients are the same with and without a scope', async (t) => {
  const gradients = (model: nn.Module): number[][] => {
    const x = ones([3, 4]);
    model.zeroGrad();
    model.call(x).square().sum().backward();
    return model.parameters().map((parameter) => parameter.grad!.reshape([-1]).toList() as number[]);
  };
  const model = network(new nn.BatchNorm1d(8));
  const scoped = gradients(model);
  const hook = model[1]!.registerForwardHook(() => undefined);
  const plain = gradients(model);
  hook.remove();
  t.same(scoped, plain);
});

t.test('every module of ours is known, but for losses and functions of others', async (t) => {
  const unknown = Object.keys(inputs).filter((name) => {
    const args = inputs[name]!();
    if (name === 'Lambda' || args.length !== 1) return false;
    const type = (nn as unknown as Record<string, new (...args: unknown[]) => nn.Module>)[name]!;
    // Where a scope was opened, the module's own result is released.
    const outer = new nn.Sequential(new type(...recipes[`new ${name}`]!()), new nn.Tanh());
    return left(outer, args[0] as Tensor) !== 1;
  });
  t.same(unknown, []);
});

t.test('what only a graph keeps alive weighs on the result, so that the collector comes in time', async (t) => {
  const library = new URL('../../lib/index.js', import.meta.url).href;
  // 32 MiB a call stay in the graph, 3.2 GB in all, and a result weighs four bytes.
  const code = `
    const { nn, ones } = await import(${JSON.stringify(library)});
    const model = new nn.Sequential(new nn.Sigmoid(), new nn.Sigmoid(), new nn.Sigmoid(), new nn.Sigmoid(), new nn.AdaptiveAvgPool2d(1));
    const x = ones([1, 1, 1448, 1448], { requiresGrad: true });
    const base = process.resourceUsage().maxRSS / 1024;
    for (let i = 0; i < 100; i += 1) model.call(x).sum();
    console.log(process.resourceUsage().maxRSS / 1024 - base);`;
  const grown = Number(execFileSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' }));
  t.ok(grown < 500, `${grown.toFixed(0)} MB at the peak`);
});
