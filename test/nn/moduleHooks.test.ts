/** Hooks see and change what goes into a module and comes out of it, forward and backward, and leave nothing behind. */

import t from 'tap';

import { collectGarbage } from '../collect.js';

import * as nn from '../../lib/nn/index.js';
import { grad, memory, noGrad, ones, randn, tensor, zeros, type Tensor } from '../../lib/tensor/index.js';
import { near } from './golden.js';

t.test('forward hooks', async (t) => {
  const layer = new nn.Lambda((x) => x.mul(2));
  const seen: string[] = [];
  const pre = layer.registerForwardPreHook((module, [x]) => {
    seen.push(`pre ${module.constructor.name} ${x.item()}`);
    return [x.add(1)];
  });
  const post = layer.registerForwardHook((_module, [x], output) => {
    seen.push(`post ${x.item()} ${output.item()}`);
    return output.mul(10);
  });
  t.equal(layer.call(tensor(3)).item(), 80);
  t.strictSame(seen, ['pre Lambda 3', 'post 4 8']);
  t.equal(layer.forward(tensor(3)).item(), 6, 'forward itself has no hooks');
  pre.remove();
  pre.remove();
  t.equal(layer.call(tensor(3)).item(), 60);
  post.remove();
  t.equal(layer.call(tensor(3)).item(), 6);
  t.equal(seen.length, 3);
});

t.test('order, repetition, removal', async (t) => {
  const layer = new nn.Identity();
  const seen: number[] = [];
  const hook = (): void => void seen.push(1);
  const handles = [
    layer.registerForwardHook(hook),
    layer.registerForwardHook(hook),
    layer.registerForwardHook(() => void seen.push(2)),
  ];
  layer.call(zeros([1]));
  t.strictSame(seen, [1, 1, 2], 'one function twice counts twice');
  handles[0]?.remove();
  handles[0]?.remove();
  layer.call(zeros([1]));
  t.strictSame(seen.slice(3), [1, 2], 'removal takes one away, once');
  const once: nn.HookHandle = layer.registerForwardHook(() => {
    once.remove();
  });
  layer.call(zeros([1]));
  layer.call(zeros([1]));
  {
    using _handle = layer.registerForwardPreHook(() => {
      throw new Error('from the hook');
    });
    t.throws(() => layer.call(zeros([1])), /from the hook/);
  }
  layer.call(zeros([1]));
  t.throws(() => layer.registerForwardHook(3 as never), /: hook`/);
  layer.registerForwardPreHook((() => 3) as never);
  t.throws(() => layer.call(zeros([1])), /an array of arguments/);
});

t.test('a backward hook sees the gradients of input and output', async (t) => {
  const layer = new nn.Linear(3, 2);
  const x = randn([4, 3], { requiresGrad: true });
  let seen: (readonly (Tensor | null)[])[] = [];
  const handle = layer.registerFullBackwardHook((_module, gradInput, gradOutput) => {
    seen.push(gradInput, gradOutput);
  });
  const weight = randn([4, 2]);
  layer.call(x).backward(weight);
  t.equal(seen.length, 2);
  near(t, seen[1]?.[0] ?? null, weight, 'gradient of the output', 0);
  near(t, seen[0]?.[0] ?? null, weight.matmul(layer.weight.detach()), 'gradient of the input');
  near(t, x.grad, weight.matmul(layer.weight.detach()), 'which arrives');

  seen = [];
  const output = layer.call(x);
  output.backward(weight, { retainGraph: true });
  output.backward(weight);
  t.equal(seen.length, 4, 'twice for two backwards');

  seen = [];
  layer.call(x.detach()).sum().backward();
  t.strictSame(seen[0], [null], 'an input without gradient is null');
  near(t, seen[1]?.[0] ?? null, ones([4, 2]), 'and the output is seen all the same', 0);

  seen = [];
  noGrad(() => layer.call(x));
  t.equal(seen.length, 0, 'nothing to see without recording');
  handle.remove();
  layer.call(x).sum().backward();
  t.equal(seen.length, 0);
});

t.test('it sees its own share where others use the input too', async (t) => {
  const layer = new nn.Lambda((x) => x.mul(3));
  let share: number | undefined;
  layer.registerFullBackwardHook((_module, [gradInput]) => {
    share = gradInput?.item();
  });
  const x = tensor(1, { requiresGrad: true });
  layer.call(x).add(x.mul(100)).backward();
  t.strictSame([share, x.grad?.item()], [3, 103]);
});

t.test('it may replace the gradient', async (t) => {
  const layer = new nn.Lambda((x) => x.mul(3));
  layer.registerFullBackwardHook((_module, [gradInput]) => [gradInput?.mul(10) ?? null]);
  const x = tensor(1, { requiresGrad: true });
  layer.call(x).backward();
  t.equal(x.grad?.item(), 30);

  class Product extends nn.Module<[Tensor, Tensor]> {
    override forward(a: Tensor, b: Tensor): Tensor {
      return a.mul(b);
    }
  }
  const product = new Product();
  const inputs = [tensor(2, { requiresGrad: true }), tensor(5, { requiresGrad: true })] as const;
  let seen: (number | undefined)[] = [];
  const handle = product.registerFullBackwardHook((_module, gradInput) => {
    seen = gradInput.map((gradient) => gradient?.item());
  });
  product.call(...inputs).backward();
  t.strictSame(seen, [5, 2], 'all arguments');
  handle.remove();
  product.registerFullBackwardHook((_module, gradInput) => gradInput);
  t.throws(() => product.call(...inputs).backward(), /exactly one argument/);
});

t.test('modules that hand their input through or change it in place', async (t) => {
  for (const layer of [new nn.Identity(), new nn.Lambda((x) => x.mul_(2))]) {
    let calls = 0;
    layer.registerFullBackwardHook((_module, [gradInput], [gradOutput]) => {
      calls += gradInput !== null && gradOutput !== null ? 1 : 0;
    });
    const x = tensor([1, 2], { requiresGrad: true });
    const model = new nn.Sequential(new nn.Lambda((y) => y.mul(1)), layer, new nn.Lambda((y) => y.add_(1)));
    const [gradient] = grad(model.call(x).sum(), x);
    t.equal(calls, 1, layer.toString());
    t.strictSame(gradient?.toList(), layer instanceof nn.Identity ? [1, 1] : [2, 2]);
  }
});

t.test('hooks keep no tensor alive', async (t) => {
  const layer = new nn.Linear(3, 2);
  layer.registerForwardHook(() => {});
  layer.registerFullBackwardHook(() => {});
  const x = randn([4, 3], { requiresGrad: true });
  const run = (): number => {
    for (let i = 0; i < 300; i += 1) layer.call(x).sum().backward();
    collectGarbage();
    return memory().tensors;
  };
  const first = run();
  const second = run();
  // The collector may leave a few for its next round; what the hooks kept would be several tensors in each of the 300 calls.
  t.ok(second < first + 50, `${first} tensors, and ${second} after 300 more calls`);
});
