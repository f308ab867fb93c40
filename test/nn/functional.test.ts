/** The functions of `F` give PyTorch's values and gradients for every option; what they refuse, they refuse with a sentence. */

import t from 'tap';

import * as F from '../../lib/nn/functional.js';
import * as nn from '../../lib/nn/index.js';
import { ArgumentError, isTensor, randn, tensor, zeros, type Tensor } from '../../lib/tensor/index.js';
import {
  decode,
  decodeOptions,
  evenWeights,
  isFloat,
  isRecorded,
  near,
  readGoldens,
  toleranceOf,
  withoutShapes,
  type Recorded,
} from './golden.js';

interface FunctionCase {
  fn: string;
  args: unknown[];
  options: Record<string, unknown>;
  output: Recorded;
  grads: (Recorded | null)[];
  /** Places of the tensors that get no gradient. */
  constants?: number[];
}

type AnyFunction = (...args: unknown[]) => Tensor;

const files = ['losses', 'resampling', 'rareFunctions', 'modes'];

/** The module of a function that is a loss or a distance: `KLDivLoss` for `klDiv`. */
function lossModule(fn: string, options: Record<string, unknown>): nn.Module<unknown[]> | null {
  const short: Record<string, string> = { binaryCrossEntropy: 'BCE', binaryCrossEntropyWithLogits: 'BCEWithLogits' };
  const name = (short[fn] ?? fn.replace(/Loss$/, '')).toLowerCase();
  const found = Object.entries(nn).find(([key]) => [name, `${name}loss`].includes(key.toLowerCase()));
  const isLoss = found !== undefined && /Loss$|Similarity$|Distance$/.test(found[0]);
  return isLoss ? new (found[1] as new (options: unknown) => nn.Module<unknown[]>)(options) : null;
}

for (const file of files) {
  for (const [index, record] of readGoldens<FunctionCase>(file).entries()) {
    const { fn, args, options, output: expected, grads, constants = [] } = record;
    t.test(
      `${fn} #${index} ${JSON.stringify(options, (key, value: unknown) => (isRecorded(value) ? 'tensor' : value))}`,
      async (t) => {
        const given = args.map((arg, i) => {
          if (!isRecorded(arg)) return arg;
          return isFloat(arg.dtype) && !constants.includes(i) ? decode(arg).requiresGrad_() : decode(arg);
        });
        const output = (F as unknown as Record<string, AnyFunction>)[fn]?.(...given, decodeOptions(options));
        if (output === undefined) throw new Error(`F.${fn} does not exist`);
        const tolerance = 3 * toleranceOf(expected.dtype);
        near(t, output, expected, 'value', tolerance);
        const loss = lossModule(fn, decodeOptions(options));
        if (loss !== null) near(t, loss.call(...given), output, 'the module gives the same', 0);
        const inputs = given.filter(
          (arg): arg is Tensor => isRecorded(args[given.indexOf(arg)]) && (arg as Tensor).requiresGrad,
        );
        if (inputs.length === 0) return;
        output.backward(evenWeights(output));
        grads.forEach((grad, i) => {
          const found = inputs[i]?.grad ?? null;
          if (grad === null) t.equal(found, null, 'no gradient');
          else near(t, found, grad, `gradient ${i}`, tolerance);
        });
      },
    );
  }
}

/** Not the modes: LibTorch has kernels for `meta` of some and not of others. */
const wholeFiles = files.filter((file) => file !== 'modes');

t.test('on the meta device', async (t) => {
  const elsewhere = (value: unknown): unknown => {
    if (!isRecorded(value)) return value;
    return zeros(value.shape, { dtype: value.dtype, device: 'meta' });
  };
  for (const { fn, args, options, output: expected, constants = [] } of wholeFiles.flatMap((file) =>
    readGoldens<FunctionCase>(file),
  )) {
    // How many classes there are is in the values.
    if (fn === 'oneHot' || withoutShapes.has(fn.toLowerCase())) continue;
    const given = args.map(elsewhere);
    for (const [i, input] of given.entries())
      if (isTensor(input) && isFloat(input.dtype) && !constants.includes(i)) input.requiresGrad_();
    const settings = Object.entries(options).map(([key, value]) => [
      key,
      isRecorded(value) ? decode(value).to('meta') : value,
    ]);
    const output = (F as unknown as Record<string, AnyFunction>)[fn]?.(...given, Object.fromEntries(settings));
    t.strictSame([output?.device, output?.shape], ['meta', expected.shape], fn);
    if (output?.requiresGrad !== true) continue;
    output.sum().backward();
    for (const input of given)
      if (isTensor(input) && input.requiresGrad) t.strictSame(input.grad?.shape, input.shape, `gradient of ${fn}`);
  }
});

t.test('loss modules are their functions', async (t) => {
  const [input, other] = [randn([5, 4]), randn([5, 4])];
  const [labels, probabilities] = [tensor([0n, 3n, 1n, 1n, 2n]), other.sigmoid()];
  const weight = tensor([0.5, 1, 2, 0.1]);
  const pairs: [nn.Module<[Tensor, Tensor]>, Tensor, Tensor, Tensor][] = [
    [
      new nn.CrossEntropyLoss({ weight, labelSmoothing: 0.1 }),
      input,
      labels,
      F.crossEntropy(input, labels, { weight, labelSmoothing: 0.1 }),
    ],
    [
      new nn.NLLLoss({ weight, reduction: 'sum' }),
      input.logSoftmax(1),
      labels,
      F.nllLoss(input.logSoftmax(1), labels, { weight, reduction: 'sum' }),
    ],
    [new nn.MSELoss(), input, other, F.mseLoss(input, other)],
    [new nn.L1Loss({ reduction: 'none' }), input, other, F.l1Loss(input, other, { reduction: 'none' })],
    [new nn.SmoothL1Loss({ beta: 0.5 }), input, other, F.smoothL1Loss(input, other, { beta: 0.5 })],
    [new nn.HuberLoss({ delta: 0.5 }), input, other, F.huberLoss(input, other, { delta: 0.5 })],
    [
      new nn.BCELoss({ weight }),
      input.sigmoid(),
      probabilities,
      F.binaryCrossEntropy(input.sigmoid(), probabilities, { weight }),
    ],
    [
      new nn.BCEWithLogitsLoss({ posWeight: weight }),
      input,
      probabilities,
      F.binaryCrossEntropyWithLogits(input, probabilities, { posWeight: weight }),
    ],
    [
      new nn.KLDivLoss({ reduction: 'batchmean' }),
      input.logSoftmax(1),
      probabilities,
      F.klDiv(input.logSoftmax(1), probabilities, { reduction: 'batchmean' }),
    ],
  ];
  for (const [loss, x, y, expected] of pairs) near(t, loss.call(x, y), expected, loss.constructor.name, 0);
  const moved = new nn.CrossEntropyLoss({ weight }).to('float64');
  t.equal(moved.call(input.to('float64'), labels).dtype, 'float64', "a loss's weights move with it");
});

t.test('targets of any whole-number dtype are class indices', async (t) => {
  const input = randn([3, 4]);
  const expected = F.crossEntropy(input, tensor([0n, 3n, 1n]));
  for (const dtype of ['uint8', 'int32', 'int16'] as const) {
    near(t, F.crossEntropy(input, tensor([0, 3, 1], { dtype })), expected, dtype, 0);
  }
});

t.test('what does not fit is refused, with the argument and what was wanted', async (t) => {
  const input = randn([3, 4]);
  const picture = randn([1, 2, 4, 4]);
  const refused: [() => unknown, RegExp][] = [
    [() => F.crossEntropy(input, tensor([0, 3, 1])), /int64.*: target`/s],
    [
      () => F.crossEntropy(input, tensor([0n, 3n, 1n]), { reduction: 'average' as 'mean' }),
      /'none', 'mean' or 'sum'.*: reduction`.*average/,
    ],
    [() => F.crossEntropy(input, tensor([0n, 3n, 1n]), { labelSmoothing: 1.5 }), /: labelSmoothing`/],
    [() => F.mseLoss(zeros([3]), zeros([3, 1])), /\[3\].*: target`/],
    [() => F.klDiv(input, input, { reduction: 'toString' as 'mean' }), /: reduction`/],
    [() => F.interpolate(picture, {}), /size or scaleFactor/],
    [() => F.interpolate(picture, { size: 4, scaleFactor: 2 }), /size or scaleFactor/],
    [() => F.interpolate(picture, { size: 4, mode: 'linear' }), /'linear'/],
    [() => F.interpolate(picture, { size: 4, mode: 'cubic' as 'bicubic' }), /: mode`/],
    [() => F.interpolate(picture, { size: 4, mode: 'nearest', alignCorners: true }), /: alignCorners`/],
    [() => F.interpolate(picture, { size: 4, antialias: true }), /: antialias`/],
    [() => F.interpolate(picture, { size: [4, 4, 4] }), /: size`/],
    [
      () => F.gridSample(picture, zeros([1, 2, 2, 2]), { mode: 'linear' as 'bilinear' }),
      /'bilinear', 'nearest' or 'bicubic'/,
    ],
    [() => F.gridSample(picture, zeros([1, 2, 2, 2]), { paddingMode: 'mirror' as 'zeros' }), /: paddingMode`/],
    [() => F.pad(picture, [1, 1], { mode: 'mirror' as 'reflect' }), /: mode`/],
    [() => F.dropout(input, { p: 2 }), /: p`/],
    [() => F.conv2d(picture, zeros([2, 2, 3, 3]), null, { padding: 'same', stride: 2 }), /'same'/],
    [
      () => F.conv2d(picture, zeros([2, 2, 3, 3]), null, { stride: [1, 2, 3] as unknown as [number, number] }),
      /: stride`/,
    ],
    [() => F.maxPool2d(picture, 0), /: kernelSize`/],
  ];
  for (const [call, message] of refused) {
    t.throws(call, message);
    t.throws(call, ArgumentError);
  }
});

t.test('conv2d, pooling and normalisation agree with their layers', async (t) => {
  const x = randn([2, 4, 7, 6]);
  const conv = new nn.Conv2d(4, 6, [2, 3], { padding: 'same', groups: 2 });
  near(t, F.conv2d(x, conv.weight, conv.bias, { padding: 'same', groups: 2 }), conv.call(x), 'conv2d', 0);
  const norm = new nn.BatchNorm2d(4).eval();
  near(
    t,
    F.batchNorm(x, norm.runningMean, norm.runningVar, { weight: norm.weight, bias: norm.bias }),
    norm.call(x),
    'batchNorm',
    0,
  );
  t.throws(
    () => F.batchNorm(zeros([1, 4]), null, null, { training: true }),
    /more than one value for each channel.*\[1, 4\]/,
  );
  near(t, F.layerNorm(x, [6]), new nn.LayerNorm(6).call(x), 'layerNorm', 0);
  near(t, F.maxPool2d(x, [3, 2], { padding: 1 }), new nn.MaxPool2d([3, 2], { padding: 1 }).call(x), 'maxPool2d', 0);
  near(t, F.avgPool2d(x, 2), new nn.AvgPool2d(2).call(x), 'avgPool2d', 0);
  const linear = new nn.Linear(6, 2);
  near(t, F.linear(x, linear.weight, linear.bias), linear.call(x), 'linear', 0);
});

t.test('embedding counts its padding row from either end', async (t) => {
  const weight = randn([4, 2], { requiresGrad: true });
  F.embedding(tensor([0n, 2n, 3n]), weight, { paddingIdx: -2 })
    .sum()
    .backward();
  t.strictSame(weight.grad?.sum(1).toList(), [2, 0, 0, 2]);
  t.throws(() => F.embedding(tensor([0n]), weight, { paddingIdx: 4 }), /: paddingIdx`.*4/);
});

t.test('dropout zeroes its share and keeps the mean', async (t) => {
  const x = zeros([100_000]).add(1);
  const y = F.dropout(x, { p: 0.3 });
  const kept = y.gt(0).to('float32').mean().item();
  // Five standard deviations of a share of 0.7 among 100,000.
  t.ok(Math.abs(kept - 0.7) < 5 * Math.sqrt((0.7 * 0.3) / 100_000), `${kept} kept`);
  t.ok(Math.abs(y.max().item() - 1 / 0.7) < 1e-6, 'scaled by 1 / (1 - p)');
  near(t, F.dropout(x, { p: 0.3, training: false }), x, 'nothing without training', 0);
});
