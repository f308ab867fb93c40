/** TorchScript programs: they run as in PyTorch, take and give values of every kind, and damaged ones are refused. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

import { jit, readTorch } from '../../lib/io/index.js';
import { arange, isTensor, memory, noGrad, tensor, type Tensor } from '../../lib/tensor/index.js';
import { collectGarbage } from '../collect.js';
import { described, describedAll, expectedOf, golden, readDamaged } from './golden.js';

const x = (): Tensor => arange(6).to('float32').reshape([2, 3]);

t.test('scripted and traced programs compute what they compute in PyTorch', async (t) => {
  for (const name of ['scripted.pt', 'traced.pt']) {
    const module = await jit.load(golden(name));
    const expected = expectedOf(name);
    t.strictSame(described(module.forward(x())), expected.forward, name);
    t.strictSame(described(module.call(x())), expected.forward, `${name}, called again`);
  }
  const module = await jit.load(golden('scripted.pt'));
  const { forward: _, ...state } = expectedOf('scripted.pt');
  t.strictSame(describedAll(module.stateDict()), state);
  t.strictSame(
    module.namedParameters().map(([name]) => name),
    ['body.weight', 'body.bias'],
  );
  t.strictSame(
    module.namedBuffers().map(([name]) => name),
    ['seen'],
  );
  t.strictSame(module.methods.toSorted(), ['anything', 'counts', 'fails', 'forward', 'many', 'values']);
  t.match(String(module), /ScriptModule\(.*scripted\.pt: forward/);
});

t.test('values of every kind go in and come out', async (t) => {
  const module = await jit.load(golden('scripted.pt'));
  const many = module.run('many', [tensor([1]), tensor([2])], { x: tensor([3]) }, [2, 0.5], true, 'text', [4, 5]);
  t.strictSame(
    [...(many as Map<string, Tensor>)].map(([name, value]) => [name, value.toList()]),
    [
      ['total', [3]],
      ['text', [6.5]],
      ['sizes', [4, 5]],
    ],
  );
  const more = module.run('many', [tensor([1])], new Map([['x', tensor([3])]]), [2, 1], false, '', [], tensor([10]));
  t.strictSame((more as Map<string, Tensor>).get('total')?.toList(), [11]);
  const [count, half, yes, text, list, none, dict, tuple] = module.run('values', 3) as unknown[];
  t.strictSame([count, half, yes, text, list, none], [3, 0.5, true, 'a', [1, 2], null]);
  t.strictSame(dict, new Map([[1, 'x']]));
  t.ok(Object.isFrozen(tuple), 'a tuple is frozen');
  t.strictSame((tuple as Tensor[])[0]?.toList(), [1, 1, 1]);
  for (const value of [1, 1.5, true, 'text', null, [1, 2], [1.5], ['a'], new Map([['a', 1]])])
    t.strictSame(module.run('anything', value), value);
  t.strictSame(module.run('anything', [1, 'a']), [1, 'a']);
  t.equal((module.run('anything', [tensor([5])]) as Tensor[])[0]?.item(), 5);
  t.strictSame([module.run('counts'), module.run('counts')], [1, 2], 'a program keeps its state');
});

t.test('calls are recorded, and training is learned', async (t) => {
  const module = await jit.load(golden('scripted.pt'));
  t.equal(module.training, false);
  const weight = module.parameters()[0]!;
  const before = (module.forward(x()) as Tensor).sum();
  before.backward();
  t.strictSame(weight.grad?.toList(), [
    [6, 10, 14],
    [6, 10, 14],
  ]);
  noGrad(() => weight.sub_(weight.grad!));
  t.ok((module.forward(x()) as Tensor).sum().item() < before.item(), 'parameters are those of the program');
  t.equal(module.train().training, true);
  t.equal(module.eval().training, false);
  module.to('float64');
  t.equal((module.forward(x().to('float64')) as Tensor).dtype, 'float64');
});

t.test('wrong arguments and failures are typed and named', async (t) => {
  const module = await jit.load(golden('scripted.pt'));
  const hostile = {
    get x(): never {
      throw new RangeError('no');
    },
  };
  const circle: unknown[] = [];
  circle.push(circle);
  const cases: [() => unknown, RegExp, string][] = [
    [() => module.forward(1), /expected Tensor for `forward: x` but received 1/, 'ERR_TENCH_ARGUMENT'],
    [() => module.forward(), /forward.*missing value for argument 'x'/s, 'ERR_TENCH_OPERATOR'],
    [() => module.forward(x(), 'a'), /for `forward: scale` but received the string "a"/, 'ERR_TENCH_ARGUMENT'],
    [
      () => module.forward(x(), 1, 2),
      /expected at most 2 arguments for `forward` but received 3/,
      'ERR_TENCH_ARGUMENT',
    ],
    [() => module.run('none'), /expected the name of a method/, 'ERR_TENCH_ARGUMENT'],
    [() => module.run('values', 1.5), /a whole number for `values: count`/, 'ERR_TENCH_ARGUMENT'],
    [() => module.run('many', [1]), /expected Tensor for `many: tensors\[0\]`/, 'ERR_TENCH_ARGUMENT'],
    [() => module.run('anything', (() => 1) as never), /a value of a script/, 'ERR_TENCH_ARGUMENT'],
    [() => module.run('anything', new Date(0) as never), /a tensor, a number/, 'ERR_TENCH_ARGUMENT'],
    [() => module.run('anything', circle as never), /holds itself/, 'ERR_TENCH'],
    [() => module.run('fails', x()), /scripted\.pt: fails: .*shape '\[7\]' is invalid/s, 'ERR_TENCH_OPERATOR'],
    [() => module.to(1 as never), /a dtype or a device/, 'ERR_TENCH_ARGUMENT'],
    [() => module.to('nowhere'), /a device such as cpu/, 'ERR_TENCH_ARGUMENT'],
  ];
  for (const [call, message, code] of cases) t.throws(call, { message, code });
  t.throws(() => module.run('anything', hostile), { name: 'RangeError' }, 'a getter throws its own error');
  const disposed = tensor([1]);
  disposed.dispose();
  t.throws(() => module.forward(disposed), { code: 'ERR_TENCH_DISPOSED' });
});

t.test('what is no whole archive is refused by name', async (t) => {
  const folder = t.testdir({ 'text.pt': 'no archive' });
  await t.rejects(jit.load(join(folder, 'text.pt')), { message: /text\.pt is not a whole/, code: 'ERR_TENCH_DAMAGED' });
  await t.rejects(jit.load(join(folder, 'nowhere')), { code: 'ERR_TENCH_READ' });
  await t.rejects(jit.load(golden('traced.pt'), { device: 'nowhere' }), { code: 'ERR_TENCH_ARGUMENT' });
  await t.rejects(jit.load(golden('model.pt')), /has no program in it; `readTorch` reads files of torch\.save/);
  await t.rejects(readTorch(golden('scripted.pt')), /is a TorchScript archive; use `jit\.load`/);
  const whole = readFileSync(golden('scripted.pt'));
  const path = join(folder, 'damaged.pt');
  const { cut, cutRefused, flipRefused } = await readDamaged(
    whole,
    path,
    async (path) => described((await jit.load(path)).forward(x())),
    { cuts: 60, flips: 200 },
  );
  t.equal(cutRefused, cut, 'every cut is noticed');
  t.ok(flipRefused > 60, `${flipRefused} of 200 flips are noticed`);
  writeFileSync(path, whole);
  t.ok(isTensor((await jit.load(path)).forward(x())));
});

t.test('programs are released when they are collected', async (t) => {
  for (let i = 0; i < 5; i += 1) await jit.load(golden('traced.pt'));
  collectGarbage();
  const before = memory().bytes;
  for (let i = 0; i < 20; i += 1) await jit.load(golden('traced.pt'));
  collectGarbage();
  t.ok(memory().bytes <= before, `${memory().bytes} bytes, ${before} before`);
});
