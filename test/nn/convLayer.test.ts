/** ConvLayer computes the same whether activation and normalisation are one operator or LibTorch's own, and says so of hooks and changes. */

import t from 'tap';

import * as F from '../../lib/nn/functional.js';
import { BatchNorm2d, ConvLayer, GeneralReLU, Lambda, ReLU, type ConvLayerOptions } from '../../lib/nn/index.js';
import {
  callOperator,
  gradCheck,
  gradGradCheck,
  manualSeed,
  noGrad,
  ones,
  rand,
  randn,
  zeros,
  type Tensor,
} from '../../lib/tensor/index.js';

const activations: ConvLayerOptions[] = [
  {},
  { leak: 0.1 },
  { sub: 0.4 },
  { maxv: 0.7 },
  { leak: 0.1, sub: 0.4, maxv: 1 },
  { leak: 0, sub: -0.2 },
];
// Batches whose places are a multiple of nothing, with few and with many channels; planes shorter and longer than a strip.
const shapes = [
  [2, 3, 5, 7],
  [3, 20, 17, 19],
  [1, 1, 1, 2],
  [2, 150, 3, 1],
  [4, 16, 40, 33],
] as const;

/** Two layers of equal weights that do and do not fuse, with statistics that are not the initial ones. */
function pair(channels: number, dtype: 'float32' | 'float64', options: ConvLayerOptions) {
  const layers = [true, false].map((fused) => {
    manualSeed(3);
    const layer = new ConvLayer(2, channels, { kernelSize: 1, stride: 1, dtype, ...options, fused });
    noGrad(() => {
      layer.bn!.weight!.copy_(rand([channels]).add(0.5));
      layer.bn!.bias!.copy_(randn([channels]));
      layer.bn!.runningMean!.copy_(randn([channels]));
      layer.bn!.runningVar!.copy_(rand([channels]).add(0.5));
    });
    return layer;
  });
  return layers as [ConvLayer, ConvLayer];
}

/** The largest difference as a share of the largest value. */
function difference(a: Tensor, b: Tensor): number {
  const [x, y] = [a.detach().to('float64'), b.detach().to('float64')];
  return x.sub(y).abs().max().item() / Math.max(1, y.abs().max().item());
}

/** What a layer makes of an input, and what it leaves behind. */
function outcome(layer: ConvLayer, input: Tensor, gradient: Tensor): Record<string, Tensor> {
  const x = input.detach().clone().requiresGrad_();
  const y = layer.call(x);
  y.backward(gradient);
  const { weight, bias, runningMean, runningVar, numBatchesTracked } = layer.bn!;
  return {
    y,
    dx: x.grad!,
    conv: layer.weight.grad!,
    weight: weight!.grad!,
    bias: bias!.grad!,
    runningMean: runningMean!,
    runningVar: runningVar!,
    numBatchesTracked: numBatchesTracked!,
  };
}

for (const memoryFormat of ['contiguous_format', 'channels_last'] as const) {
  t.test(`the fused pair is the composition, ${memoryFormat}`, async (t) => {
    for (const [batch, channels, height, width] of shapes) {
      for (const options of activations) {
        for (const training of [true, false]) {
          const layers = pair(channels, 'float64', options);
          const input = randn([batch, 2, height, width], { dtype: 'float64' }).contiguous({ memoryFormat });
          const gradient = randn([batch, channels, height, width], { dtype: 'float64' });
          const [fused, composed] = layers.map((layer) => outcome(layer.train(training), input, gradient));
          for (const key of Object.keys(composed!)) {
            const gap = difference(fused![key]!, composed![key]!);
            // With two values a channel, nearly all of a gradient cancels.
            const limit = batch * height * width === 2 ? 1e-9 : 1e-12;
            t.ok(gap < limit, `${key} of ${JSON.stringify({ batch, channels, training, ...options })}: ${gap}`);
          }
          t.equal(fused!.y!.isContiguous({ memoryFormat }), composed!.y!.isContiguous({ memoryFormat }));
        }
      }
    }
  });
}

/** The operator with all that can be given to it. */
function operator(x: Tensor, [weight, bias]: readonly Tensor[], { leak, sub = 0, maxv }: ConvLayerOptions): Tensor {
  const given = [x, weight, bias, null, null, leak ?? null, sub, maxv ?? null, true, 0.1, 1e-5];
  return callOperator('tench::general_relu_batch_norm', given) as Tensor;
}

// Double precision takes one loop for all activations, the others have one for each of the usual.
for (const dtype of ['float32', 'bfloat16'] as const) {
  t.test(`in ${dtype} every activation is that of float64, up to rounding`, async (t) => {
    manualSeed(8);
    const limit = dtype === 'float32' ? 1e-5 : 1 / 128;
    const wide = [
      [2, 24, 11, 13],
      [2, 64, 9, 9],
      [3, 130, 5, 5],
      [70, 5, 2, 2],
      [8, 37, 7, 7],
    ] as const;
    for (const [batch, channels, height, width] of [...shapes, ...wide]) {
      if (batch * height * width === 2) continue;
      for (const memoryFormat of ['contiguous_format', 'channels_last'] as const) {
        for (const options of [...activations, { leak: 1.5 }, { leak: -0.2 }]) {
          const x = randn([batch, channels, height, width]).to(dtype).contiguous({ memoryFormat });
          const g = randn([batch, channels, height, width]).to(dtype);
          const vectors = [rand([channels]).add(0.5), randn([channels])];
          const run = (exact: boolean): Tensor[] => {
            const [input, gradient] = [x, g].map((tensor) => (exact ? tensor.to('float64') : tensor.clone()));
            const given = vectors.map((vector) => (exact ? vector.to('float64') : vector.clone()));
            [input!, ...given].forEach((tensor) => void tensor.requiresGrad_());
            const y = operator(input!, given, options);
            y.backward(gradient!.contiguous({ memoryFormat }));
            return [y, input!.grad!, ...given.map((vector) => vector.grad!)];
          };
          const exact = run(true);
          const gaps = run(false).map((tensor, i) => difference(tensor, exact[i]!));
          t.ok(
            Math.max(...gaps) < limit,
            `${JSON.stringify({ batch, channels, memoryFormat, ...options })}: ${gaps.join()}`,
          );
        }
      }
    }
  });
}

t.test('a gradient that others hold is left as it is', async (t) => {
  manualSeed(9);
  const vectors = [rand([16]), randn([16])];
  const inputs = [0, 1].map(() => randn([4, 16, 8, 8]).requiresGrad_());
  const held: Tensor[] = [];
  // Both branches of a sum are given the same tensor.
  const [first, second] = inputs.map((x) => operator(x, vectors, { leak: 0.1 })) as [Tensor, Tensor];
  second.registerHook((g) => void held.push(g));
  const gradient = randn([4, 16, 8, 8]);
  const before = gradient.clone();
  first.add(second).backward(gradient);
  t.ok(gradient.equal(before), 'the one that was passed in');
  t.ok(held[0]!.equal(before), 'the one that a hook has seen');
  for (const x of inputs) {
    const alone = x.detach().clone().requiresGrad_();
    operator(alone, vectors, { leak: 0.1 }).backward(before.clone());
    t.ok(x.grad!.equal(alone.grad!));
  }
});

t.test('gradients, and gradients of gradients, are those of the function', async (t) => {
  for (const training of [true, false]) {
    const vector = (): Tensor => rand([3], { dtype: 'float64' }).add(0.5);
    const [mean, variance] = [vector(), vector()];
    const f = (x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
      callOperator('tench::general_relu_batch_norm', [
        ...[x, weight, bias, training ? null : mean, training ? null : variance],
        ...[0.1, 0.4, 1, training, 0.1, 1e-5],
      ]) as Tensor;
    // Away from where the function bends.
    const x = randn([2, 3, 4, 2], { dtype: 'float64' });
    const clear = x.add(x.sign().mul(0.05)).add(x.sub(1.4).abs().lt(0.05).to('float64').mul(0.2));
    const inputs = [clear, vector(), vector()].map((input) => input.requiresGrad_());
    t.ok(gradCheck(f, inputs));
    t.ok(gradGradCheck(f, inputs));
  }
});

t.test('half the bits: as exact as the rounding of its input and output', async (t) => {
  manualSeed(5);
  const x = randn([8, 12, 21, 20]).to('bfloat16');
  const vectors = [ones([12]), zeros([12]), zeros([12]), ones([12])];
  const run = (input: Tensor, [weight, bias, mean, variance]: Tensor[]): Tensor =>
    callOperator('tench::general_relu_batch_norm', [
      input,
      weight,
      bias,
      mean,
      variance,
      0.1,
      0.4,
      null,
      true,
      0.1,
      1e-5,
    ]) as Tensor;
  const exact = run(
    x.to('float64'),
    vectors.map((vector) => vector.to('float64')),
  );
  const rounded = run(x, vectors);
  t.equal(rounded.dtype, 'bfloat16');
  t.ok(rounded.to('float64').sub(exact).abs().max().item() <= exact.abs().max().item() / 256);
  // To the nearest, ties to even: what LibTorch makes of the exact result, except where float32 fell on the other side of a tie.
  const other = rounded.ne(exact.to('bfloat16')).sum().item();
  t.ok(other < 0.001 * x.numel(), `${other} numbers of ${x.numel()}`);
});

t.test('a mean far from zero costs no digits', async (t) => {
  manualSeed(6);
  const x = randn([16, 4, 32, 32], { dtype: 'float64' }).add(3000);
  const run = (dtype: 'float32' | 'float64'): Tensor => {
    return operator(x.to('float32').to(dtype), [ones([4], { dtype }), zeros([4], { dtype })], { leak: 0.1 });
  };
  t.ok(difference(run('float32'), run('float64')) < 1e-3);
});

t.test('NaN and infinity stay what they are', async (t) => {
  for (const value of [NaN, Infinity, -Infinity]) {
    for (const options of [{}, { leak: 0.1 }, { leak: 0.1, maxv: 1 }]) {
      const [fused, composed] = pair(2, 'float32', options).map((layer) => {
        layer.eval();
        const x = ones([1, 2, 1, 2]);
        x.set([0, 0, 0, 0], value);
        return layer.call(x).detach().toList();
      });
      t.same(fused, composed, `${value} ${JSON.stringify(options)}`);
    }
    // In bfloat16 nothing of a channel that such a number is in can be told, and the other is not touched.
    const x = randn([1, 2, 40, 40]).to('bfloat16');
    x.set([0, 0, 3, 4], value);
    const y = operator(x, [ones([2]), zeros([2])], { leak: 0.1 });
    t.same(y.isnan().sum([2, 3]).toList(), [[1600, 0]], String(value));
  }
});

t.test('whoever watches or changes a part gets that part', async (t) => {
  const x = randn([2, 2, 6, 6]);
  const reference = new ConvLayer(2, 4, { leak: 0.1, fused: false });
  const same = (layer: ConvLayer, label: string): void => {
    layer.loadStateDict(reference.stateDict());
    t.ok(difference(layer.eval().call(x), reference.eval().call(x)) < 1e-5, label);
  };

  const hooked = new ConvLayer(2, 4, { leak: 0.1 });
  const seen: string[] = [];
  hooked.relu.registerForwardHook(() => void seen.push('relu'));
  hooked.bn!.registerForwardPreHook(() => void seen.push('bn'));
  same(hooked, 'hooks');
  t.same(seen, ['relu', 'bn']);

  const replaced = new ConvLayer(2, 4, { leak: 0.1 });
  replaced.registerModule('1', new Lambda((input) => F.leakyRelu(input, { slope: 0.1 })));
  same(replaced, 'another activation');

  class Shifted extends GeneralReLU {
    override forward(input: Tensor): Tensor {
      return super.forward(input).add(1);
    }
  }
  const derived = new ConvLayer(2, 4, { leak: 0.1 });
  derived.loadStateDict(reference.stateDict());
  const before = derived.eval().call(x);
  derived.registerModule('1', new Shifted({ leak: 0.1 }));
  t.ok(difference(derived.call(x), before) > 0.5, 'a class of its own');

  const longer = new ConvLayer(2, 4, { leak: 0.1 });
  longer.append(new ReLU());
  longer.eval();
  t.ok(longer.call(x).min().item() >= 0, 'one layer more');

  const shifted = new ConvLayer(2, 4, { leak: 0.1 });
  shifted.loadStateDict(reference.stateDict());
  shifted.bias = 0.5;
  const plain = new ConvLayer(2, 4, { leak: 0.1, fused: false });
  plain.loadStateDict(reference.stateDict());
  plain.bias = 0.5;
  t.ok(difference(shifted.eval().call(x), plain.eval().call(x)) < 1e-5, 'a shift set later');
});

t.test('a batch that cannot be normalised is refused as without fusing', async (t) => {
  const messages = [true, false].map((fused) => {
    const layer = new ConvLayer(1, 2, { kernelSize: 1, fused });
    let message = '';
    try {
      layer.call(ones([1, 1, 1, 1]));
    } catch (error) {
      message = (error as Error).message;
    }
    return message;
  });
  t.match(messages[0], /BatchNorm2d needs more than one value for each channel/);
  t.equal(messages[0], messages[1]);
  t.throws(() => new BatchNorm2d(3).beginBatch(ones([2, 3])), { code: 'ERR_TENCH_ARGUMENT' });
});
