/** A Module finds its parts, keeps its state, and says what is wrong with a state that does not fit. */

import { inspect } from 'node:util';

import t from 'tap';

import * as nn from '../../lib/nn/index.js';
import { TenchError, noGrad, ones, randn, scope, tensor, zeros, type Tensor } from '../../lib/tensor/index.js';
import { near, readGoldens } from './golden.js';

class Net extends nn.Module {
  body = new nn.Linear(3, 4);
  act = new nn.ReLU();
  scale = new nn.Parameter(ones([4]));
  notLearned = zeros([4]);
  head: nn.Linear | null = null;

  constructor(options: { head?: boolean } = {}) {
    super();
    if (options.head === true) this.head = new nn.Linear(4, 2, { bias: false });
    this.registerBuffer('steps', tensor(0n));
    this.registerBuffer('cache', zeros([1]), { persistent: false });
  }

  override forward(x: Tensor): Tensor {
    const hidden = this.act.call(this.body.call(x)).mul(this.scale);
    return this.head === null ? hidden : this.head.call(hidden);
  }
}

t.test('parts are found by being properties', async (t) => {
  const net = new Net({ head: true });
  t.strictSame(
    net.namedParameters().map(([name]) => name),
    ['scale', 'body.weight', 'body.bias', 'head.weight'],
  );
  t.strictSame(
    net.namedBuffers().map(([name]) => name),
    ['steps', 'cache'],
  );
  t.strictSame(
    net.namedChildren().map(([name]) => name),
    ['body', 'act', 'head'],
  );
  t.strictSame(
    net.namedModules().map(([name]) => name),
    ['', 'body', 'act', 'head'],
  );
  t.strictSame([...net.stateDict().keys()], ['scale', 'steps', 'body.weight', 'body.bias', 'head.weight']);
  t.strictSame(net.call(zeros([5, 3])).shape, [5, 2]);
  t.ok(net.parameters().every((p) => p instanceof nn.Parameter && p.requiresGrad && p.isLeaf));
});

t.test('a plain tensor, a result and a list of modules are not parts', async (t) => {
  class Odd extends nn.Module {
    result = new nn.Parameter(ones([2])).mul(2);
    list = [new nn.Linear(1, 1)];
    override forward(x: Tensor): Tensor {
      return x.mul(this.result);
    }
  }
  t.strictSame([new Odd().parameters().length, new Odd().children().length, new Odd().stateDict().size], [0, 0, 0]);
});

t.test('a Parameter shares memory and has no history', async (t) => {
  const source = ones([2], { requiresGrad: true });
  const parameter = new nn.Parameter(source.mul(3));
  t.ok(parameter.isLeaf && parameter.requiresGrad);
  const data = zeros([2]);
  const sharing = new nn.Parameter(data, { requiresGrad: false });
  data.fill_(7);
  t.strictSame(sharing.toList(), [7, 7]);
  t.notOk(sharing.requiresGrad);
  t.match(inspect(parameter), /^Parameter containing:\ntensor\(/);
  t.throws(() => new nn.Parameter([1, 2] as unknown as Tensor), /a Tensor.*: data`/);
  t.ok(noGrad(() => sharing.add_(1)) === sharing, 'in-place operators return the parameter itself');
});

t.test('a module made in a scope survives when it is returned', async (t) => {
  const net = scope(() => new Net({ head: true }));
  t.ok(net.parameters().every((parameter) => parameter.isAlive));
  t.strictSame(net.call(zeros([1, 3])).shape, [1, 2]);
});

t.test('names given at run time', async (t) => {
  const net = new Net();
  net.registerParameter('extra', zeros([2]));
  net.registerParameter('none', null);
  net.registerModule('tail', new nn.Identity());
  t.ok(net.namedParameters().some(([name]) => name === 'extra'));
  t.notOk(net.namedParameters().some(([name]) => name === 'none'));
  t.strictSame(net.namedChildren().at(-1)?.[0], 'tail');
  t.throws(() => net.registerParameter('a.b', zeros([1])), /without dots/);
  t.throws(() => net.registerBuffer('', zeros([1])), /: name`/);
  t.throws(() => net.registerBuffer('forward', zeros([1])), /Net does not use otherwise/);
  t.throws(() => net.registerBuffer('b', 3 as unknown as Tensor), /: data`/);
  t.throws(() => net.registerModule('m', zeros([1]) as unknown as nn.Module), /a Module/);
});

t.test('what is shared is reported once, but saved under each name', async (t) => {
  const shared = new nn.Linear(3, 3);
  const net = new nn.Sequential(shared, new nn.ReLU(), shared);
  t.equal(net.parameters().length, 2);
  t.equal(net.modules().length, 3);
  const tied = new nn.Sequential(new nn.Linear(3, 3), new nn.Linear(3, 3));
  (tied[1] as nn.Linear).weight = (tied[0] as nn.Linear).weight;
  t.strictSame(
    tied.namedParameters().map(([name]) => name),
    ['0.weight', '0.bias', '1.bias'],
  );
  t.strictSame([...tied.stateDict().keys()], ['0.weight', '0.bias', '1.weight', '1.bias']);
  let calls = 0;
  net.apply(() => (calls += 1));
  t.equal(calls, 3, 'apply visits once');
});

t.test('train, eval, freeze, forget', async (t) => {
  const net = new nn.Sequential(new nn.Dropout(), new nn.Sequential(new nn.BatchNorm2d(3)));
  t.ok(net.modules().every((module) => module.training));
  t.equal(net.eval(), net);
  t.notOk(net.modules().some((module) => module.training));
  net.train();
  t.ok(net.modules().every((module) => module.training));
  net.requiresGrad_(false);
  t.notOk(net.parameters().some((parameter) => parameter.requiresGrad));
  net.requiresGrad_();
  net
    .call(randn([2, 3, 4, 4]))
    .sum()
    .backward();
  t.ok(net.parameters().every((parameter) => parameter.grad !== null));
  net.zeroGrad();
  t.ok(net.parameters().every((parameter) => parameter.grad === null));
  const order: string[] = [];
  new Net().apply((module) => order.push(module.constructor.name));
  t.strictSame(order, ['Linear', 'ReLU', 'Net'], 'apply visits children first');
});

t.test('to changes tensors in place', async (t) => {
  const net = new nn.Sequential(new nn.Conv2d(3, 4, 3), new nn.BatchNorm2d(4));
  net
    .call(randn([2, 3, 5, 5]))
    .sum()
    .backward();
  const before = net.parameters();
  const values = before.map((parameter) => parameter.toTypedArray());
  t.equal(net.to('float64'), net);
  const after = net.parameters();
  t.ok(
    before.every((parameter, i) => parameter === after[i]),
    'the objects stay',
  );
  t.ok(
    after.every(
      ({ dtype, grad, isLeaf, requiresGrad }) =>
        dtype === 'float64' && grad?.dtype === 'float64' && isLeaf && requiresGrad,
    ),
  );
  t.strictSame(
    net.buffers().map(({ dtype }) => dtype),
    ['float64', 'float64', 'int64'],
    'counters stay whole numbers',
  );
  t.strictSame(
    after.map((parameter) => Float32Array.from(parameter.toTypedArray() as Float64Array)),
    values,
  );
  t.equal(net.call(randn([2, 3, 5, 5], { dtype: 'float64' })).dtype, 'float64');

  net.to({ dtype: 'float32', memoryFormat: 'channels_last' });
  const [weight] = net.parameters();
  t.ok(weight?.isContiguous({ memoryFormat: 'channels_last' }) && weight.dtype === 'float32');
  t.ok(
    net.call(randn([2, 3, 5, 5])).isContiguous({ memoryFormat: 'channels_last' }),
    'the weight decides for the output',
  );

  net.to('meta');
  t.ok(
    net
      .parameters()
      .every(
        (parameter, i) => parameter === before[i] && parameter.device === 'meta' && parameter.grad?.device === 'meta',
      ),
  );
  net.zeroGrad();
  net
    .call(zeros([2, 3, 5, 5], { device: 'meta' }))
    .sum()
    .backward();
  t.ok(net.parameters().every(({ grad, shape }) => String(grad?.shape) === String(shape)));
  t.throws(() => net.to('int64'), /floating-point/);
});

t.test('a state goes in and out', async (t) => {
  const [a, b] = [new Net({ head: true }), new Net({ head: true })];
  const kept = b.parameters();
  t.strictSame(b.loadStateDict(a.stateDict()), { missing: [], unexpected: [] });
  const x = randn([2, 3]);
  near(t, b.call(x), a.call(x), 'equal outputs', 0);
  t.ok(
    b.parameters().every((parameter, i) => parameter === kept[i] && parameter.requiresGrad),
    'the objects stay',
  );
  t.ok(a.stateDict().get('scale')?.requiresGrad === false, 'the state has no history');
  noGrad(() => a.stateDict().get('scale')?.fill_(5));
  t.strictSame(a.scale.toList(), [5, 5, 5, 5], 'and shares memory');
  b.loadStateDict({ ...Object.fromEntries(a.stateDict()), scale: tensor([1, 2, 3, 4], { dtype: 'float64' }) });
  t.strictSame([b.scale.dtype, b.scale.toList()], ['float32', [1, 2, 3, 4]], 'dtypes are converted');
});

t.test('a state that does not fit is listed and changes nothing', async (t) => {
  const net = new Net();
  const before = net.scale.toList();
  const state = new Map(net.stateDict());
  state.set('scale', zeros([4]).add(9));
  state.delete('body.bias');
  state.set('tail.weight', zeros([1]));
  state.set('body.weight', zeros([3, 3]));
  const error = t.throws(() => net.loadStateDict(state)) as TenchError;
  t.ok(error instanceof TenchError);
  t.match(error.message, /does not fit Net.*nothing was loaded/);
  t.match(error.message, /missing: body\.bias/);
  t.match(error.message, /unexpected: tail\.weight/);
  t.match(error.message, /other shapes: body\.weight is \[4, 3\] here and \[3, 3\] in the state/);
  t.strictSame(net.scale.toList(), before);
  t.throws(() => net.loadStateDict(state, { strict: false }), /other shapes/, 'a wrong shape is never accepted');
  state.delete('body.weight');
  t.strictSame(net.loadStateDict(state, { strict: false }), {
    missing: ['body.weight', 'body.bias'],
    unexpected: ['tail.weight'],
  });
  t.strictSame(net.scale.toList(), [9, 9, 9, 9]);
  t.throws(() => net.loadStateDict({ scale: [1] as unknown as Tensor }), /state\[scale\]/);
});

t.test('states of before batch norms counted are whole', async (t) => {
  const net = new nn.Sequential(new nn.BatchNorm2d(2), new nn.BatchNorm2d(2));
  net.call(ones([2, 2, 3, 3]));
  const old = Object.fromEntries([...net.stateDict()].filter(([name]) => !name.endsWith('num_batches_tracked')));
  t.strictSame(net.loadStateDict(old), { missing: [], unexpected: [] });
  t.equal((net[0] as nn.BatchNorm2d).numBatchesTracked?.item(), 1);
  const half = { ...old, '0.num_batches_tracked': tensor(5n) };
  t.throws(() => net.loadStateDict(half), /missing: 1\.num_batches_tracked/);
});

t.test('what is excepted from a state stays as it is, whatever the state has of it', async (t) => {
  const net = new Net();
  const kept = net.body.weight.toList();
  const state = new Map(net.stateDict());
  state.set('scale', zeros([4]).add(9));
  state.set('body.weight', zeros([3, 3]));
  state.delete('body.bias');
  state.set('body.more', zeros([1]));
  t.strictSame(net.loadStateDict(state, { except: ['body'] }), { missing: [], unexpected: [] });
  t.strictSame(net.scale.toList(), [9, 9, 9, 9]);
  t.strictSame(net.body.weight.toList(), kept);
  t.throws(
    () => net.loadStateDict(state, { except: ['body.weight'] }),
    /missing: body\.bias\n {2}unexpected: body\.more$/,
  );
  for (const path of ['head', 'bod', '', 'body.'])
    t.throws(() => net.loadStateDict(state, { except: [path] }), /paths of .* for `loadStateDict: except`/);
  t.throws(() => net.loadStateDict(state, { except: 'body' as never }), /an array of paths/);
});

t.test('modules print as in PyTorch', async (t) => {
  interface Printed {
    layer: string;
    args: unknown[];
    text: string;
    nested?: boolean;
  }
  const recorded = [...readGoldens<Printed>('printed'), ...readGoldens<Printed>('rarePrinted')];
  for (const { layer, args, text, nested } of recorded) {
    const module =
      nested === true
        ? nestedModel()
        : new (nn as unknown as Record<string, new (...args: unknown[]) => nn.Module>)[layer]!(...args);
    t.equal(inspect(module), text);
  }
  t.equal(String(new nn.GeneralReLU({ leak: 0.1, sub: 0.4 })), 'GeneralReLU(leak=0.1, sub=0.4)');
  t.equal(String(new nn.Lambda(nn.flatten)), 'Lambda(flatten)');
  t.match(String(new Net()), /^Net\(\n {2}\(body\): Linear\(in_features=3/);
});

function nestedModel(): nn.AnyModule {
  const list = new nn.ModuleList([new nn.Linear(3, 3), new nn.Linear(3, 3), new nn.ReLU(), new nn.Linear(3, 3)]);
  return new nn.Sequential(new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU()), new nn.Flatten(), list);
}

t.test('the work of a transposed convolution is counted by what it paints', async (t) => {
  const layer = new nn.ConvTranspose2d(4, 6, [3, 2], { stride: 2, groups: 2 });
  // Each of the 2 * 4 * 5 * 7 inputs times the 3 * 3 * 2 weights that it meets.
  t.equal(nn.countMultiplyAdds(layer, zeros([2, 4, 5, 7])), 2 * 4 * 5 * 7 * 18);
});

t.test('containers', async (t) => {
  const model = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU());
  t.equal(model.append(new nn.Linear(3, 1)), model);
  t.equal(model.length, 3);
  t.equal(model[0], [...model][0]);
  t.equal(model.at(-1), model[2]);
  t.equal(model[3], undefined);
  const head = model.slice(1);
  t.ok(head instanceof nn.Sequential && head.length === 2 && head[0] === model[1], 'a slice shares its modules');
  t.strictSame(model.call(zeros([4, 2])).shape, [4, 1]);
  t.strictSame(new nn.Sequential().call(ones([2])).toList(), [1, 1], 'an empty one changes nothing');
  t.throws(() => new nn.Sequential(nn.flatten as unknown as nn.Module), /Sequential: layer 0.*flatten/);
  const list = new nn.ModuleList([new nn.Linear(1, 1), new nn.Linear(1, 1)]);
  t.strictSame([list.length, list.parameters().length, list[1] === list.at(1)], [2, 4, true]);
  t.throws(() => (list as unknown as nn.Module).call(zeros([1])), /no forward/);
});

t.test('layers refuse what cannot work when they are made', async (t) => {
  t.throws(() => new nn.Linear(0, 3), /: inFeatures`/);
  t.throws(() => new nn.Conv2d(3, 4, 3, { groups: 2 }), /: groups`/);
  t.throws(() => new nn.Conv2d(3, 4, 3, { padding: 'same', stride: 2 }), /: padding`/);
  t.throws(() => new nn.Conv2d(3, 4, 3, { paddingMode: 'mirror' as 'zeros' }), /: paddingMode`/);
  t.throws(() => new nn.Conv2d(3, 4, [3, 3, 3] as unknown as [number, number]), /: kernelSize`/);
  t.throws(() => new nn.Dropout({ p: -1 }), /: p`/);
  t.throws(() => new nn.Embedding(3, 2, { paddingIdx: 3 }), /: paddingIdx`/);
  t.throws(() => new nn.BatchNorm2d(3, { momentum: 2 }), /: momentum`/);
  t.throws(() => new nn.BatchNorm2d(3).call(zeros([2, 3])), /4 axes/);
  t.throws(() => new nn.BatchNorm2d(3).call(zeros([1, 3, 1, 1])), /more than one value.*eval\(\)/);
  t.strictSame(new nn.BatchNorm2d(3).eval().call(zeros([1, 3, 1, 1])).shape, [1, 3, 1, 1]);
  t.throws(() => new nn.Lambda(3 as unknown as (x: Tensor) => Tensor), /: fn`/);
});

t.test('convLayer has what LSUV adjusts', async (t) => {
  const layer = nn.convLayer(3, 8, { leak: 0.1, sub: 0.4 });
  t.strictSame(
    [...layer].map((module) => module.constructor.name),
    ['Conv2d', 'GeneralReLU', 'BatchNorm2d'],
  );
  t.strictSame([layer.conv.bias, layer.conv.stride, layer.conv.padding], [null, [2, 2], [1, 1]]);
  t.equal(layer.weight, layer.conv.weight);
  t.equal(layer.bias, -0.4);
  layer.bias -= 0.25;
  t.equal(layer.relu.sub, 0.65);
  const plain = nn.convLayer(3, 8, { bn: false, kernelSize: 5, stride: 1 });
  t.ok(plain.bn === null && plain.conv.bias !== null && plain.bias === 0);
  const x = randn([1, 3, 6, 6]);
  const before = plain.call(x);
  plain.bias = 0.5;
  near(t, plain.call(x), before.add(0.5), 'the shift comes after the activation');
});
