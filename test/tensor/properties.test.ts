/** Whatever a function of the tensor room or a method of a tensor is given, it returns or throws a typed error. */

import t from 'tap';

import * as room from '../../lib/tensor/index.js';
import {
  ArgumentError,
  OperatorError,
  createGenerator,
  ones,
  setMemoryCap,
  setNumThreads,
  shareTensor,
  type TenchError,
} from '../../lib/tensor/index.js';
import { provokeRoom } from '../provoke.js';

const seed = 1;

setMemoryCap(2 ** 28);
setNumThreads(1);
t.teardown(() => setMemoryCap(null));

const list = (): room.TensorList => new room.TensorList([ones([2]), ones([3])]);

/** Doubles its argument. */
class Double extends room.AutogradFunction {
  forward(x: room.Tensor): room.Tensor {
    return x.mul(2);
  }

  backward(gradient: room.Tensor): room.Tensor {
    return gradient.mul(2);
  }
}

t.test(`all that is exported, seed ${seed}`, async (t) => {
  const { calls, faults } = await provokeRoom(
    {
      exports: room,
      apart: {
        setMemoryCap: 'it would change the process for the calls after it',
        setNumThreads: 'it would change the process for the calls after it',
        'new Tensor': 'internal: it takes a handle',
        'new TensorTicket': 'internal: only shareTensor makes tickets',
        'new TenchError': 'what throws it words the message',
        'new ArgumentError': 'what throws it words the message',
        'new OperatorError': 'what throws it words the message',
        'new OutOfMemoryError': 'what throws it words the message',
        'new AnomalyError': 'internal: only anomaly mode makes it',
        'TensorList#made': 'private',
        'TensorList#changed': 'private',
        'TensorList#foreach': 'private',
        'TensorList#sameLength': 'private',
        'TensorList#holdGrad': 'internal: for the optimizer',
      },
      valid: {
        'new TensorList': () => [[ones([2]), ones([3])]],
        'TensorList#at': () => [0],
        'TensorList#map': () => [(x: room.Tensor) => x.neg()],
        'set TensorList#grad': () => [list()],
        ...Object.fromEntries(
          ['add', 'add_', 'sub', 'sub_'].map((word) => [`TensorList#${word}`, () => [list(), { alpha: 2 }]]),
        ),
        ...Object.fromEntries(
          ['mul', 'mul_', 'div', 'div_', 'pow', 'pow_', 'maximum', 'minimum'].map((word) => [
            `TensorList#${word}`,
            () => [list()],
          ]),
        ),
        ...Object.fromEntries(
          ['addcmul', 'addcmul_', 'addcdiv', 'addcdiv_'].map((word) => [
            `TensorList#${word}`,
            () => [list(), list(), { value: 2 }],
          ]),
        ),
        'TensorList#lerp': () => [list(), 0.5],
        'TensorList#lerp_': () => [list(), 0.5],
        'TensorList#clampMin': () => [0.5],
        'TensorList#clampMax': () => [[0.5, 1]],
        'TensorList#copy_': () => [list()],
        'TensorList#norm': () => [2],
        'Tensor#tensorSplit': () => [2, 0],
        'Tensor#isContiguous': () => [{ memoryFormat: 'channels_last' }],
      },
      instances: {
        Tensor: () => ones([2, 3]),
        TensorGenerator: () => createGenerator(),
        TensorList: list,
        TensorTicket: () => shareTensor(ones([2])),
        AutogradFunction: () => new Double(),
      },
    },
    { seed, numRuns: 40 },
  );
  t.strictSame(faults, []);
  t.ok(calls > 750, `${calls} functions, constructors, methods and accessors are called`);
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
