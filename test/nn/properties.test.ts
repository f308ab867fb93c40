/** Whatever the functions, layers and modules of the nn room are given, they return or throw a typed error. */

import { inspect } from 'node:util';

import t from 'tap';

import * as nn from '../../lib/nn/index.js';
import { ArgumentError, Tensor, manualSeed, randn, setMemoryCap, setNumThreads } from '../../lib/tensor/index.js';
import { provokeRoom } from '../provoke.js';
import { inputs, makeNetwork, recipes } from './recipes.js';

const seed = 1;

setMemoryCap(2 ** 28);
setNumThreads(1);
manualSeed(seed);
t.teardown(() => setMemoryCap(null));

/** A layer that was made prints itself and runs, or its constructor should have refused. */
const useLayer =
  (name: string) =>
  (made: unknown): void => {
    inspect(made);
    if (name in inputs && name !== 'ModuleList') (made as nn.Module).call(...(inputs[name]!() as [Tensor]));
  };

t.test(`all that is exported, seed ${seed}`, async (t) => {
  const { calls, places, faults } = await provokeRoom(
    {
      exports: nn,
      known: [Tensor],
      valid: recipes,
      instances: { Module: makeNetwork, Sequential: makeNetwork, Summary: () => makeNetwork().summary([3, 4]) },
      apart: {
        'ModuleList#forward': 'it always throws, and says why',
        'SelfAttention#factors': 'protected',
        'SimpleSelfAttention#factors': 'protected',
      },
      open: {
        'Identity#forward 0': 'it returns what it is given',
        'Lambda#forward 0': 'the function in it decides',
        'appendStat 1': 'the hook has the module',
        'appendStat 2': 'arguments are not measured',
        'Conv2d#multiplyAdds 0': 'only its output counts',
        'Linear#multiplyAdds 0': 'only its output counts',
      },
      uses: Object.fromEntries(
        Object.keys(recipes)
          .filter((name) => name.startsWith('new '))
          .map((name) => [name, useLayer(name.slice(4))]),
      ),
    },
    { seed, numRuns: 40 },
  );
  t.strictSame(faults, []);
  t.ok(calls > 300, `${calls} functions, constructors, methods and accessors are called, ${places} arguments spoilt`);
});

t.test('the message names the layer or function, the argument, what was expected and what came', (t) => {
  const x = randn([2, 4]);
  const made = nn as unknown as Record<string, new (...args: unknown[]) => unknown>;
  const F = nn.functional as unknown as Record<string, (...args: unknown[]) => unknown>;
  const init = nn.init as unknown as Record<string, (...args: unknown[]) => unknown>;
  const net = makeNetwork() as unknown as Record<string, (...args: unknown[]) => unknown>;
  const hidden = new nn.GeneralReLU();
  const cases: [call: () => unknown, message: string][] = [
    [
      () => new made.Linear!('3', -1),
      'expected a whole number of at least 1 for `Linear: inFeatures` but received the string "3"',
    ],
    [() => new made.Linear!(3, -1), 'expected a whole number of at least 1 for `Linear: outFeatures` but received -1'],
    [() => new made.Linear!(3, 1, null), 'expected a plain object for `Linear: options` but received null'],
    [
      () => new made.Linear!(3, 1, { bias: 'no' }),
      'expected true or false for `Linear: bias` but received the string "no"',
    ],
    [
      () => new made.Conv2d!(3, 4, [3, 3, 3]),
      'expected a whole number of at least 1 or two of them as [height, width] for `Conv2d: kernelSize` but received [ 3, 3, 3 ]',
    ],
    [
      () => new made.BatchNorm2d!(3, { eps: -1e-5 }),
      'expected a number of at least 0 for `BatchNorm2d: eps` but received -0.00001',
    ],
    [
      () => new made.InstanceNorm2d!(3, { momentum: NaN }),
      'expected a number from 0 to 1 for `InstanceNorm2d: momentum` but received NaN',
    ],
    [() => new made.Dropout2d!({ p: 2 }), 'expected a number from 0 to 1 for `Dropout2d: p` but received 2'],
    [() => new made.CELU!({ alpha: '1' }), 'expected a number for `CELU: alpha` but received the string "1"'],
    [() => new made.HuberLoss!({ delta: 0 }), 'expected a number above 0 for `HuberLoss: delta` but received 0'],
    [
      () => new made.KLDivLoss!({ reduction: 'batch' }),
      "expected 'none', 'mean', 'sum' or 'batchmean' for `KLDivLoss: reduction` but received the string \"batch\"",
    ],
    [
      () => new made.Upsample!({ size: 0 }),
      'expected a whole number of at least 1, or one an axis for `Upsample: size` but received 0',
    ],
    [() => new made.Hook!({}, () => undefined), 'expected an instance of Module for `Hook: module` but received {}'],
    [() => F.leakyRelu!(x, { slope: NaN }), 'expected a number for `leakyRelu: slope` but received NaN'],
    [() => F.mseLoss!(x, [1]), 'expected a Tensor for `mseLoss: target` but received [ 1 ]'],
    [
      () => F.interpolate!(x, { size: 2, scaleFactor: 2 }),
      'expected either size or scaleFactor for `interpolate: options` but received { size: 2, scaleFactor: 2 }',
    ],
    [
      () => F.pad!(x, 'wide'),
      'expected an array of two whole numbers an axis for `pad: edges` but received the string "wide"',
    ],
    [() => init.normal_!(x, 0, -1), 'expected a number of at least 0 for `normal_: std` but received -1'],
    [
      () => init.kaimingNormal_!(x, { mode: 'in' }),
      "expected 'fan_in' or 'fan_out' for `kaimingNormal_: mode` but received the string \"in\"",
    ],
    [
      () => nn.utils.clipGradNorm_([x], NaN),
      'expected a number of at least 0 for `clipGradNorm_: maxNorm` but received NaN',
    ],
    [
      () => net.to!('int64'),
      'expected a floating-point or complex dtype (whole numbers cannot be learned) for `to: dtype` but received the string "int64"',
    ],
    [() => net.apply!(7), 'expected a function of a module for `apply: fn` but received 7'],
    [
      () => net.loadStateDict!(new Map([[Symbol('weight'), x]])),
      'expected a Map or a plain object of tensors by name for `loadStateDict: state` but received an object of class Map',
    ],
    [
      () => {
        hidden.sub = 'low' as never;
        hidden.call(x);
      },
      'expected a number for `generalRelu: sub` but received the string "low"',
    ],
  ];
  for (const [call, message] of cases) t.throws(call, { constructor: ArgumentError, message });
  t.end();
});
