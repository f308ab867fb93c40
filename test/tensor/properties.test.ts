/** Whatever a function of the tensor room or a method of a tensor is given, it returns or throws a typed error. */

import fc from 'fast-check';
import t from 'tap';

import * as room from '../../lib/tensor/index.js';
import {
  ArgumentError,
  OperatorError,
  ones,
  setMemoryCap,
  setNumThreads,
  type TenchError,
} from '../../lib/tensor/index.js';
import { hostileArguments, isExpected } from '../hostile.js';

const seed = 1;
const runs = { seed, numRuns: 40 };

setMemoryCap(2 ** 28);
setNumThreads(1);
t.teardown(() => setMemoryCap(null));

/** What changes the process for the tests after it. */
const apart = new Set(['setMemoryCap', 'setNumThreads']);

/** Calls, waits for what is promised, and throws whatever is not to reach a caller. */
async function provoke(call: () => unknown): Promise<void> {
  try {
    const result = call();
    if (result instanceof Promise) await result;
  } catch (error) {
    if (!isExpected(error)) throw error;
  }
}

const isClass = (value: object): boolean => Function.prototype.toString.call(value).startsWith('class');

t.test(`functions that are exported, seed ${seed}`, async (t) => {
  let count = 0;
  for (const [name, value] of Object.entries(room)) {
    if (typeof value !== 'function' || isClass(value) || apart.has(name)) continue;
    count += 1;
    const call = value as (...args: unknown[]) => unknown;
    const property = fc.asyncProperty(hostileArguments, (makers) =>
      provoke(() => call(...makers.map((make) => make()))),
    );
    const found = await fc.check(property, runs);
    if (found.failed)
      t.fail(name, { counterexample: String(found.counterexample), error: String(found.errorInstance) });
  }
  t.ok(count > 350, `${count} functions are called`);
});

t.test(`methods of a tensor, seed ${seed}`, async (t) => {
  let count = 0;
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(room.Tensor.prototype))) {
    if (typeof value !== 'function' || name === 'constructor') continue;
    count += 1;
    const method = value as (this: unknown, ...args: unknown[]) => unknown;
    const property = fc.asyncProperty(hostileArguments, (makers) =>
      provoke(() => method.call(ones([2, 3]), ...makers.map((make) => make()))),
    );
    const found = await fc.check(property, runs);
    if (found.failed)
      t.fail(name, { counterexample: String(found.counterexample), error: String(found.errorInstance) });
  }
  t.ok(count > 300, `${count} methods are called`);
});

t.test('the message names the operator, the argument, what was expected and what came', (t) => {
  const x = ones([2, 3]);
  const loose = room as unknown as Record<string, (...args: unknown[]) => unknown>;
  const cases: [call: () => unknown, type: typeof TenchError, parts: RegExp[]][] = [
    [() => loose.sum!(x, 'first'), ArgumentError, [/sum/, /dim/, /first/]],
    [() => loose.reshape!(x, 'wide'), ArgumentError, [/reshape/, /shape/, /wide/]],
    [() => loose.conv2d!(x, 'kernel'), ArgumentError, [/conv2d/, /weight/, /kernel/]],
    [() => loose.tensor!([1], { dtype: 'float31' }), ArgumentError, [/dtype/, /float32/, /float31/]],
    [() => loose.zeros!([2], { device: 'gpu' }), ArgumentError, [/zeros/, /device/, /gpu/]],
    [
      () => room.callOperator('aten::max_pool2d', [x, [1, 2, 3]]),
      ArgumentError,
      [/max_pool2d/, /kernel_size/, /2/, /3/],
    ],
    [() => room.callOperator('aten::softmax.int', [x, 'last']), ArgumentError, [/softmax/, /dim/, /last/]],
    [() => x.matmul(x), OperatorError, [/matmul/, /2, 3/, /float32/]],
    [() => room.callOperator('aten::_remove_batch_dim', [x, 1, 1, 0]), ArgumentError, [/_remove_batch_dim/, /refused/]],
  ];
  for (const [call, type, parts] of cases) {
    try {
      call();
      t.fail(`throws: ${String(call)}`);
    } catch (error) {
      t.ok(error instanceof type, `${String(call)} throws ${type.name}`);
      for (const part of parts) t.match((error as Error).message, part);
    }
  }
  t.end();
});
