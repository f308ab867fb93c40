/** The lesson's CNN has the lesson's shape, computes what PyTorch computes from the same state, and runs where there are no values. */

import fc from 'fast-check';
import t from 'tap';

import * as nn from '../../lib/nn/index.js';
import { manualSeed, randn, zeros } from '../../lib/tensor/index.js';
import { getCnnLayers, getCnnModel, initCnn, prevPow2 } from '../../lib/vision/models/index.js';
import { decode, near, readGoldens, type Recorded } from '../nn/golden.js';

const lesson = { cIn: 3, cOut: 10 };
const widths = [64, 64, 128, 256];

t.test('prevPow2', async (t) => {
  t.strictSame([27, 32, 33, 1, 1.5, 0.5, 0.3].map(prevPow2), [16, 32, 32, 1, 1, 0.5, 0.25]);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), (k) => {
      const power = 2 ** k;
      return (
        prevPow2(power) === power &&
        prevPow2(power * 1.9) === power &&
        (k === 0 || k > 50 || prevPow2(power - 1) === power / 2)
      );
    }),
    { seed: 1 },
  );
  // Where log2 in floating point rounds up to the next whole number.
  t.equal(prevPow2(2 ** 49 - 1), 2 ** 48);
  t.equal(prevPow2(2 ** 53 - 1), 2 ** 52);
  for (const x of [0, -1, NaN, Infinity]) t.throws(() => prevPow2(x), /above 0/);
});

t.test('layers of the lesson', async (t) => {
  const layers = getCnnLayers(lesson, widths, nn.convLayer);
  const convs = layers.filter((layer) => layer instanceof nn.ConvLayer).map(({ conv }) => conv);
  t.strictSame(
    convs.map(({ inChannels, outChannels, stride }) => [inChannels, outChannels, stride[0]]),
    [
      [3, 16, 1],
      [16, 32, 2],
      [32, 64, 2],
      [64, 64, 2],
      [64, 64, 2],
      [64, 128, 2],
      [128, 256, 2],
    ],
  );
  t.ok(convs.every(({ kernelSize, bias }) => String(kernelSize) === '3,3' && bias === null));
  t.strictSame(layers.slice(7).map(String), [
    'AdaptiveAvgPool2d(output_size=1)',
    'Lambda(flatten)',
    'Linear(in_features=256, out_features=10, bias=True)',
  ]);
  const grey = getCnnLayers({ cIn: 1, cOut: 2 }, [], nn.convLayer, { leak: 0.1, sub: 0.4, maxv: 6, bn: false });
  const [first] = grey;
  t.ok(first instanceof nn.ConvLayer && first.conv.outChannels === 8 && first.bn === null && first.relu.sub === 0.4);
  t.equal(String(grey.at(-1)), 'Linear(in_features=32, out_features=2, bias=True)', 'no body is allowed');
  t.throws(() => getCnnLayers({ cIn: 0, cOut: 2 }, [], nn.convLayer), /data\.cIn/);
  t.throws(() => getCnnLayers({ cIn: 3, cOut: undefined }, [], nn.convLayer), /data\.cOut/);
});

t.test('names of the state are those of the same network in PyTorch', async (t) => {
  const names = [...getCnnModel(lesson, widths, nn.convLayer).stateDict().keys()];
  t.strictSame(names.slice(0, 6), [
    '0.0.weight',
    '0.2.weight',
    '0.2.bias',
    '0.2.running_mean',
    '0.2.running_var',
    '0.2.num_batches_tracked',
  ]);
  t.strictSame(names.slice(-2), ['9.weight', '9.bias']);
});

interface NetworkCase {
  state: Record<string, Recorded>;
  x: Recorded;
  y: Recorded;
  logits: Recorded;
  loss: number;
  gradNorms: Record<string, number>;
  firstGrad: Recorded;
  evaluated: Recorded;
}

t.test("PyTorch's outputs, loss and gradients from the same state", async (t) => {
  const [record] = readGoldens<NetworkCase>('network');
  if (record === undefined) throw new Error('no case');
  const model = getCnnModel({ cIn: 3, cOut: 5 }, [8], nn.convLayer, { leak: 0.1 });
  model.loadStateDict(Object.fromEntries(Object.entries(record.state).map(([name, value]) => [name, decode(value)])));
  const logits = model.call(decode(record.x));
  near(t, logits, record.logits, 'logits');
  const loss = nn.functional.crossEntropy(logits, decode(record.y));
  t.ok(Math.abs(loss.item() - record.loss) < 1e-5, `loss ${loss.item()}`);
  loss.backward();
  for (const [name, parameter] of model.namedParameters()) {
    const norm = parameter.grad?.norm().item() ?? NaN;
    const expected = record.gradNorms[name] ?? NaN;
    t.ok(
      Math.abs(norm - expected) <= 1e-4 * Math.max(1, expected),
      `norm of the gradient of ${name}: ${norm} for ${expected}`,
    );
  }
  const [first] = model.parameters();
  near(t, first?.grad ?? null, record.firstGrad, 'gradient of the first weight', 5e-5);
  near(t, model.eval().call(decode(record.x)), record.evaluated, 'in evaluation');
});

t.test('initCnn draws convolutions by Kaiming and leaves the rest', async (t) => {
  manualSeed(0);
  const model = getCnnModel(lesson, widths, nn.convLayer, { bn: false });
  const head = model.at(-1) as nn.Linear;
  const before = head.weight.toTypedArray();
  for (const options of [{}, { uniform: true }, { leak: 0 }]) {
    t.equal(initCnn(model, options), model);
    const { conv } = model[6] as nn.ConvLayer;
    const std = Math.sqrt(2 / (1 + ('leak' in options ? 0 : 0.01)) / (128 * 9));
    const found = conv.weight.std().item();
    // 294,912 values: the estimate of a standard deviation is within 1 % here.
    t.ok(Math.abs(found / std - 1) < 0.01, `std ${found} for ${std}`);
    t.equal(
      conv.weight.abs().max().item() > 2 * std,
      !('uniform' in options),
      'normal values have tails, even ones end at sqrt(3) std',
    );
    t.strictSame(conv.bias?.abs().max().item(), 0);
  }
  t.strictSame(head.weight.toTypedArray(), before);
});

t.test('on meta, forward and backward', async (t) => {
  for (const options of [{}, { leak: 0.1, sub: 0.4, maxv: 6 }, { bn: false }]) {
    const model = getCnnModel(lesson, widths, nn.convLayer, { ...options, device: 'meta' });
    const x = zeros([64, 3, 128, 128], { device: 'meta' });
    const y = zeros([64], { device: 'meta', dtype: 'int64' });
    const loss = nn.functional.crossEntropy(model.call(x), y);
    t.strictSame([loss.device, loss.shape], ['meta', []]);
    loss.backward();
    for (const [name, { grad, shape }] of model.namedParameters()) t.strictSame([name, grad?.shape], [name, shape]);
  }
});

t.test('channels_last goes through the whole network', async (t) => {
  const model = getCnnModel(lesson, [8, 8], nn.convLayer, { leak: 0.1, sub: 0.4, maxv: 6 }).to({
    memoryFormat: 'channels_last',
  });
  const x = randn([2, 3, 32, 32]).contiguous({ memoryFormat: 'channels_last' });
  const seen: boolean[] = [];
  using _hooks = new nn.Hooks(
    model
      .modules()
      .filter(
        (module) => module instanceof nn.Conv2d || module instanceof nn.GeneralReLU || module instanceof nn.BatchNorm2d,
      ),
    (_hook, _module, _args, output) => {
      seen.push((output as ReturnType<typeof zeros>).isContiguous({ memoryFormat: 'channels_last' }));
    },
  );
  model.call(x).sum().backward();
  t.equal(seen.length, 15);
  t.ok(seen.every(Boolean));
});

t.test('a 7x7 kernel costs 49/9 of a 3x3', async (t) => {
  const cost = (kernelSize: number): number =>
    nn.countMultiplyAdds(
      new nn.Sequential(new nn.Conv2d(3, 32, kernelSize, { padding: 'same', device: 'meta' })),
      zeros([1, 3, 64, 64], { device: 'meta' }),
    );
  t.equal(cost(7) / cost(3), 49 / 9);
  t.equal(cost(3), 64 * 64 * 32 * 27);
  const model = getCnnModel(lesson, widths, nn.convLayer, { device: 'meta' });
  const picture = zeros([1, 3, 128, 128], { device: 'meta' });
  // By hand: pixels x channels out x 9 x channels in, layer by layer, and the last matrix.
  const byHand =
    9 *
      (128 ** 2 * 16 * 3 +
        64 ** 2 * 32 * 16 +
        32 ** 2 * 64 * 32 +
        16 ** 2 * 64 * 64 +
        8 ** 2 * 64 * 64 +
        4 ** 2 * 128 * 64 +
        2 ** 2 * 256 * 128) +
    2560;
  t.equal(nn.countMultiplyAdds(model, picture), byHand);
  t.equal(nn.countMultiplyAdds(model, zeros([5, 3, 128, 128], { device: 'meta' })), 5 * byHand, 'for each picture');
  t.ok(
    model.modules().every((module) => module.training),
    'the model is left as it was',
  );
  const convs = 9 * (3 * 16 + 16 * 32 + 32 * 64 + 64 * 64 + 64 * 64 + 64 * 128 + 128 * 256);
  const norms = 2 * (16 + 32 + 64 + 64 + 64 + 128 + 256);
  t.equal(nn.countParameters(model), convs + norms + 2560 + 10);
});
