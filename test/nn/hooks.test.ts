/** findModules walks in forward order and stops at a match; Hook and Hooks watch, and can always be taken away. */

import t from 'tap';

import * as nn from '../../lib/nn/index.js';
import { randn, type Tensor } from '../../lib/tensor/index.js';

const model = (): nn.Sequential =>
  new nn.Sequential(
    nn.convLayer(3, 4),
    new nn.Sequential(nn.convLayer(4, 5), nn.convLayer(5, 6)),
    new nn.Flatten(),
    new nn.Linear(6, 2),
  );

t.test('findModules', async (t) => {
  const net = model();
  const layers: nn.ConvLayer[] = nn.findModules(net, (module) => module instanceof nn.ConvLayer);
  t.strictSame(
    layers.map((layer) => layer.conv.outChannels),
    [4, 5, 6],
    'in forward order',
  );
  t.equal(nn.findModules(net, () => true)[0], net, 'the module itself may match');
  t.equal(nn.findModules(net, (module) => module instanceof nn.Sequential).length, 1, 'nothing below a match');
  t.strictSame(
    nn.findModules(net, (module) => module instanceof nn.Embedding),
    [],
    'no match is an empty list',
  );
});

t.test('Hook and Hooks', async (t) => {
  const net = model();
  const x = randn([2, 3, 8, 8]);
  const seen: unknown[][] = [];
  const hooks = new nn.Hooks(
    nn.findModules(net, (module) => module instanceof nn.ConvLayer),
    (hook, module, _args, output) => {
      seen.push([hook, module, (output as Tensor).shape[1]]);
    },
  );
  t.equal(hooks.length, 3);
  net.call(x);
  t.strictSame(
    seen.map(([, , channels]) => channels),
    [4, 5, 6],
  );
  t.ok(seen.every(([hook, module], i) => hook === hooks.at(i) && module === hooks.at(i)?.module));
  hooks.remove();
  hooks.remove();
  net.call(x);
  t.equal(seen.length, 3);

  let calls = 0;
  t.throws(() => {
    using _hooks = new nn.Hooks(net, () => void (calls += 1));
    net.call(x);
    throw new Error('from the loop');
  }, /from the loop/);
  const inside = calls;
  net.call(x);
  t.strictSame([inside, calls], [4, 4], 'gone also when the loop threw');
  t.throws(() => new nn.Hook(net, 3 as never), /: fn`/);
});
