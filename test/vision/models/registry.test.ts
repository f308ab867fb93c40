/** Models are made by name and options, and what was made tells both. */

import t from 'tap';

import { Identity, Linear, convLayer, type Module } from '../../../lib/nn/index.js';
import { ArgumentError, manualSeed, ones } from '../../../lib/tensor/index.js';
import { createModel, describeModel, getCnnModel, modelNames, registerModel } from '../../../lib/vision/index.js';

const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

t.test("the lesson's CNN by name is the one that its function makes", async (t) => {
  manualSeed(1);
  const direct = getCnnModel({ cIn: 3, cOut: 10 }, [16, 32], convLayer, { leak: 0.1, maxv: 6 });
  manualSeed(1);
  const named = createModel('getCnnModel', { cIn: 3, cOut: 10, nfs: [16, 32], leak: 0.1, maxv: 6 });
  t.equal(String(named), String(direct));
  const x = ones([2, 3, 16, 16]);
  t.strictSame(named.call(x).toList(), direct.call(x).toList());
  for (const model of [direct, named]) {
    const { name, options } = throughJson(describeModel(model))!;
    t.strictSame([name, options], ['getCnnModel', { cIn: 3, cOut: 10, nfs: [16, 32], leak: 0.1, maxv: 6 }]);
    const again = createModel(name, options);
    again.loadStateDict(model.stateDict());
    t.strictSame(again.eval().call(x).toList(), model.eval().call(x).toList());
  }
});

t.test('where a model lives is no part of what it is', async (t) => {
  const options = { cIn: 1, cOut: 2, nfs: [4] };
  const model = createModel('getCnnModel', { ...options, device: 'meta', dtype: 'float64', leak: undefined });
  t.strictSame([model.parameters()[0]?.device, model.parameters()[0]?.dtype], ['meta', 'float64']);
  t.strictSame(describeModel(model), { name: 'getCnnModel', options });
});

t.test('what is described stays as it was when the options are changed afterwards', async (t) => {
  const nfs = [4];
  const model = createModel('getCnnModel', { cIn: 1, cOut: 2, nfs });
  nfs.push(8);
  t.strictSame(describeModel(model)?.options.nfs, [4]);
});

t.test('what has no name, or options that are no data, has no description', async (t) => {
  t.equal(describeModel(new Identity()), null);
  t.equal(describeModel(getCnnModel({ cIn: 1, cOut: 2 }, [4], (ni, nf) => convLayer(ni, nf))), null);
});

t.test("one's own model by name", async (t) => {
  const make = ({ width = 3 }: { width?: number }): Module => new Linear(width, 2);
  registerModel('registry.test: mine', make);
  registerModel('registry.test: mine', make);
  t.ok(modelNames().includes('registry.test: mine'));
  const model = createModel('registry.test: mine', { width: 5 });
  t.ok(model instanceof Linear && model.inFeatures === 5);
  t.strictSame(describeModel(model), { name: 'registry.test: mine', options: { width: 5 } });
  // What is built on another architecture is called by its own name.
  registerModel('registry.test: tall', () => createModel('registry.test: mine', { width: 7 }));
  t.strictSame(describeModel(createModel('registry.test: tall')), { name: 'registry.test: tall', options: {} });
});

t.test('refusals', async (t) => {
  const round: { self?: unknown } = {};
  round.self = round;
  const faults: [run: () => unknown, message: RegExp][] = [
    [() => createModel('getCNN'), /one of getCnnModel,.*registerModel.*`createModel: name`.*getCNN/],
    [() => createModel('getCnnModel', { cIn: 3, nfs: [4] }), /number of classes for `data\.cOut`/],
    [() => createModel('getCnnModel', { cIn: 3, cOut: 2 }), /array for `nfs`/],
    [
      () => createModel('getCnnModel', { cIn: 3, cOut: 2, nfs: [], layer: 'mine' }),
      /'convLayer' for `getCnnModel: layer`/,
    ],
    [() => registerModel('', () => new Identity()), /a name/],
    [() => registerModel('getCnnModel', () => new Identity()), /not taken/],
  ];
  for (const value of [() => 1, 3n, NaN, new Date(0), new Map(), round, [undefined]])
    faults.push([() => createModel('getCnnModel', { cIn: 1, cOut: 2, nfs: [4], extra: value }), /plain data/]);
  for (const [run, message] of faults) {
    t.throws(run, message);
    t.throws(run, ArgumentError);
  }
  registerModel('registry.test: none', () => 7 as never);
  t.throws(() => createModel('registry.test: none'), /Module for `what makes 'registry\.test: none'`.*7/);
});
