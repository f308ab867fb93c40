/** After LSUV every layer's output has mean 0 and standard deviation 1, measured here anew; what cannot have them is told by name and left alone. */

import t from 'tap';

import * as nn from '../../lib/nn/index.js';
import { TenchError, cat, manualSeed, noGrad, randn, zeros, type Tensor } from '../../lib/tensor/index.js';
import { getCnnModel } from '../../lib/vision/index.js';

t.beforeEach(() => {
  manualSeed(3);
});

/** Mean and standard deviation of all that a layer puts out in training, by the textbook, in float64. */
function spreadOf(model: nn.Module, layer: nn.AnyModule, batches: readonly Tensor[]): { mean: number; std: number } {
  const values: number[] = [];
  using _hook = new nn.Hook(layer, (_hook, _module, _args, output) => {
    for (const value of (output as Tensor).detach().reshape([-1]).toList() as number[]) values.push(value);
  });
  const buffers = model.buffers().map((buffer) => buffer.clone());
  noGrad(() => {
    for (const xb of batches) model.call(xb);
    model.buffers().forEach((buffer, i) => buffer.copy_(buffers[i]!));
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, std: Math.sqrt(variance) };
}

/** A layer whose bias is a real one, before the activation: shifting it changes the spread too. */
class Leaky extends nn.Module {
  readonly conv: nn.Conv2d;
  constructor(
    ni: number,
    nf: number,
    readonly slope = 0.2,
  ) {
    super();
    this.conv = new nn.Conv2d(ni, nf, 3, { padding: 1 });
  }
  get weight(): nn.Parameter {
    return this.conv.weight;
  }
  get bias(): nn.Parameter | null {
    return this.conv.bias;
  }
  override forward(x: Tensor): Tensor {
    return nn.functional.leakyRelu(this.conv.call(x), { slope: this.slope });
  }
}

const pictures = (count: number, channels = 1, side = 12): Tensor => randn([count, channels, side, side]).mul(3).add(1);

const lesson = (bn = false): nn.Sequential =>
  getCnnModel({ cIn: 1, cOut: 4 }, [32], nn.convLayer, { bn, leak: 0.1, sub: 0.4, maxv: 6 });

const state = (model: nn.Module): unknown =>
  [...model.stateDict()].map(([name, tensor]) => [name, tensor.reshape([-1]).toList()]);

t.test('every layer of the lesson, whose shift comes after the activation', async (t) => {
  const model = lesson();
  const batches = [pictures(20), pictures(5).add(2)];
  const found = await nn.lsuvInit(model, batches);
  t.strictSame(
    found.map(({ name }) => name),
    ['0', '1', '2', '3', '6'],
  );
  for (const { name, mean, std } of found) {
    const truth = spreadOf(model, model.namedModules().find(([path]) => path === name)![1], batches);
    t.ok(Math.abs(truth.mean) < 1e-3 && Math.abs(truth.std - 1) < 1e-3, `${name}: ${truth.mean}, ${truth.std}`);
    t.ok(Math.abs(truth.mean - mean) < 1e-5 && Math.abs(truth.std - std) < 1e-5, 'and these are returned');
  }
});

t.test('the first layer is what the lesson makes of it: weight / std, and minus the mean', (t) => {
  const layer = nn.convLayer(1, 8, { bn: false, kernelSize: 5 });
  nn.init.zeros_(layer.conv.bias!);
  const xb = pictures(30);
  const before = layer.weight.clone();
  const { mean, std } = spreadOf(layer, layer, [xb]);
  nn.lsuvModule(layer, xb, layer);
  t.ok(layer.weight.sub(before.div(std)).abs().max().item() < 1e-6);
  // Without a bias before it, a ReLU scales with its input, and so does its mean.
  t.ok(Math.abs(layer.bias + mean / std) < 1e-5);
  t.strictSame(layer.conv.bias!.toList(), Array(8).fill(0));
  t.end();
});

t.test('layers with a real bias before the activation, also a large one', async (t) => {
  const model = new nn.Sequential(new Leaky(1, 6), new nn.Flatten(), new nn.Linear(6 * 144, 5));
  const [leaky, , linear] = [...model] as [Leaky, nn.Flatten, nn.Linear];
  noGrad(() => {
    leaky.bias!.copy_(randn([6]).mul(4).sub(1));
    linear.bias!.copy_(randn([5]).mul(30));
  });
  const xb = pictures(16);
  const found = await nn.lsuvInit(model, xb, { layers: (module) => 'weight' in module });
  t.equal(found.length, 2);
  for (const layer of [leaky, linear]) {
    const { mean, std } = spreadOf(model, layer, [xb]);
    t.ok(Math.abs(mean) < 1e-3 && Math.abs(std - 1) < 1e-3, `${mean}, ${std}`);
  }
});

t.test('a layer without any bias: the spread alone, and its mean is returned', (t) => {
  const layer = new nn.Linear(4, 3, { bias: false });
  const xb = randn([50, 4]).add(5);
  const { mean, std } = nn.lsuvModule(layer, xb, layer);
  const truth = spreadOf(layer, layer, [xb]);
  t.ok(Math.abs(std - 1) < 1e-3 && Math.abs(truth.std - 1) < 1e-3);
  t.ok(Math.abs(mean) > 0.01 && Math.abs(mean - truth.mean) < 1e-5);
  t.end();
});

t.test('a dead layer is named, and nothing is left of the attempt', async (t) => {
  const model = lesson();
  const third = model[2] as nn.ConvLayer;
  third.relu.leak = null;
  nn.init.zeros_(third.weight);
  for (const bias of [0, -1]) {
    nn.init.constant_(third.conv.bias!, bias);
    const before = state(model);
    const shifts = [0, 1, 2].map((i) => (model[i] as nn.ConvLayer).bias);
    await t.rejects(nn.lsuvInit(model, pictures(8)), {
      constructor: TenchError,
      message: /layer '2' \(ConvLayer\) is dead/,
    });
    t.strictSame(state(model), before, 'all weights as before, also of the layers before it');
    t.strictSame(
      [0, 1, 2].map((i) => (model[i] as nn.ConvLayer).bias),
      shifts,
    );
  }
  nn.init.constant_(third.weight, -1);
  nn.init.constant_(third.conv.bias!, -1e4);
  t.throws(
    () => nn.lsuvModule(third, pictures(8), model),
    /layer '2' \(ConvLayer\) is dead.*-0.4 everywhere \(std 0\)/,
  );
});

t.test('what cannot be reached ends, with the layer and its values', (t) => {
  const relu = new Leaky(1, 4, 0);
  const model = new nn.Sequential(relu);
  const before = state(model);
  t.throws(() => nn.lsuvModule(relu, pictures(9), model, { maxIter: 7 }), {
    constructor: TenchError,
    message: /layer '0' \(Leaky\) has mean 0\.\d+ and std [\d.]+ after 7 changes/,
  });
  t.strictSame(state(model), before);
  t.notOk(relu.isHooked);
  noGrad(() => relu.weight.fill_(NaN));
  t.throws(() => nn.lsuvModule(relu, pictures(9), model), /layer '0' \(Leaky\) puts out values that are not finite/);
  t.end();
});

t.test('batch normalisation, modes, gradients and the tensors themselves are as before', async (t) => {
  const model = new nn.Sequential(
    nn.convLayer(1, 4),
    new nn.BatchNorm2d(4),
    new Leaky(4, 3),
    new nn.Dropout({ p: 0.9 }),
    new Leaky(3, 3),
  );
  noGrad(() => model.call(pictures(6)));
  model.eval();
  model[1]!.train();
  const modes = (): boolean[] => model.modules().map(({ training }) => training);
  const buffers = (): unknown => model.buffers().map((buffer) => buffer.toList());
  const before = [modes(), buffers(), model.parameters()];
  const found = await nn.lsuvInit(model, pictures(6), { layers: (module) => module instanceof Leaky });
  t.ok(
    found.every(({ mean, std }) => Math.abs(mean) < 1e-3 && Math.abs(std - 1) < 1e-3),
    'dropout is off',
  );
  t.strictSame([modes(), buffers()], before.slice(0, 2));
  t.ok(model.parameters().every((parameter, i) => parameter === (before[2] as nn.Parameter[])[i]));
  t.ok(model.parameters().every(({ requiresGrad, grad }) => requiresGrad && grad === null));
  t.throws(() => nn.lsuvModule(model[2]!, pictures(6, 2), model), /aten::conv/, 'the batch does not fit');
  t.strictSame([modes(), buffers()], before.slice(0, 2), 'also when a forward fails');
});

t.test('several batches count as one', (t) => {
  const batches = [pictures(7), pictures(3).mul(5), pictures(1).sub(4)];
  const [apart, together] = [0, 1].map(() => {
    manualSeed(5);
    return new Leaky(1, 3);
  }) as [Leaky, Leaky];
  const found = nn.lsuvModule(apart, batches, apart);
  const expected = nn.lsuvModule(together, cat(batches), together);
  t.ok(Math.abs(found.mean - expected.mean) < 1e-5 && Math.abs(found.std - expected.std) < 1e-5);
  t.ok(apart.weight.sub(together.weight).abs().max().item() < 1e-5);
  t.end();
});

t.test('an orthonormal start', async (t) => {
  for (const dtype of ['float32', 'bfloat16'] as const) {
    const layer = new nn.Linear(12, 5, { dtype });
    await nn.lsuvInit(layer, randn([400, 12]).to(dtype), { orthogonal: true, tolerance: 0.01 });
    const rows = layer.weight.detach().to('float64');
    const product = rows.matmul(rows.t());
    const length = product.diag().mean().item();
    // Inputs of variance 1 through rows of length 1 have variance 1 already.
    t.ok(Math.abs(length - 1) < 0.1, `${length}`);
    t.ok(
      product
        .div(length)
        .sub(nn.init.eye_(zeros([5, 5], { dtype: 'float64' })))
        .abs()
        .max()
        .item() < 0.03,
    );
  }
});

t.test('data: a loader, pairs, a transform; only as many batches as asked for', async (t) => {
  let read = 0;
  let closed = 0;
  const trainDl = {
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          read += 1;
          yield [zeros([4, 3]), zeros([4])];
        }
      } finally {
        closed += 1;
      }
    },
  };
  const model = new nn.Linear(3, 2);
  const drawn = randn([4, 3]);
  await nn.lsuvInit(model, { trainDl }, { batches: 3, transform: (xb) => xb.add(drawn) });
  t.strictSame([read, closed], [3, 1]);
  const { mean, std } = spreadOf(model, model, [drawn]);
  // Of three equal batches of 8 values this is one: the same squares, divided by 7 instead of 23 / 3.
  t.ok(Math.abs(mean) < 1e-3 && Math.abs(std - Math.sqrt(23 / 21)) < 2e-3, `${mean}, ${std}`);
  await nn.lsuvInit(model, trainDl, { transform: () => drawn });
  t.strictSame([read, closed], [4, 2]);
  await nn.lsuvInit(model, [
    [drawn, zeros([4])],
    [drawn, zeros([4])],
  ]);
  await t.rejects(nn.lsuvInit(model, []), /at least one batch/);
  await t.rejects(nn.lsuvInit(model, 7 as never), /lsuvInit: data/);
  await t.rejects(nn.lsuvInit(new nn.ReLU(), drawn), /a model with layers to adjust/);
});

t.test('a shared weight is adjusted once; layers that are not there or not called are told', async (t) => {
  const tied = new nn.Sequential(new nn.Linear(3, 3), new nn.Linear(3, 3));
  (tied[1] as nn.Linear).weight = (tied[0] as nn.Linear).weight;
  const found = await nn.lsuvInit(tied, randn([40, 3]));
  t.strictSame(
    found.map(({ name }) => name),
    ['0'],
  );
  class Forgetful extends nn.Module {
    used = new nn.Linear(3, 3);
    unused = new nn.Linear(3, 3);
    override forward(x: Tensor): Tensor {
      return this.used.call(x);
    }
  }
  await t.rejects(nn.lsuvInit(new Forgetful(), randn([9, 3])), /layer 'unused' \(Linear\) is not called/);
  t.throws(() => nn.lsuvModule(new nn.Linear(3, 3), randn([9, 3]), tied), /a module of the model/);
  t.throws(() => nn.lsuvModule(tied, randn([9, 3]), tied), /a module whose `weight` is a Tensor/);
});
