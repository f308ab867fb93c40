/** ResNets and XResNets start as the papers say, keep their memory format, train, and can be frozen and loaded by parts. */

import t from 'tap';

import { Learner } from '../../../lib/learner/index.js';
import * as nn from '../../../lib/nn/index.js';
import { adamOpt } from '../../../lib/optim/index.js';
import { autocast, manualSeed, noGrad, ones, randn, tensor, type Tensor } from '../../../lib/tensor/index.js';
import {
  createModel,
  describeModel,
  resnet18,
  resnet34,
  resnet50,
  xresnet18,
  xresnet34,
  xresnet50,
} from '../../../lib/vision/index.js';
import { FixedLoader } from '../../learner/drawn.js';

/** Small enough for a test, with everything in it. */
const small = { nOut: 4, stemSzs: [8, 8, 16], widen: 0.125, actCls: 'Mish', sa: true, stemPool: 'maxBlur' } as const;

const largest = (x: Tensor): number => x.abs().max().item();

t.test("parameters and multiply-adds are those of torchvision's table", async (t) => {
  const known = [
    [resnet18, 11_689_512, 1.814],
    [resnet34, 21_797_672, 3.664],
    [resnet50, 25_557_032, 4.089],
  ] as const;
  for (const [make, parameters, billions] of known) {
    const summary = make({ device: 'meta' }).summary([1, 3, 224, 224]);
    t.equal(summary.parameters, parameters);
    t.equal(Math.round(summary.multiplyAdds / 1e6) / 1e3, billions);
  }
});

t.test("resnets start as torchvision's", async (t) => {
  manualSeed(1);
  for (const zeroInitResidual of [false, true]) {
    const model = resnet18({ zeroInitResidual });
    // fan_out: 512 channels of 9; a standard deviation of 2.4 million values is known to 0.1 %.
    const conv = (model.layer4[1] as unknown as { conv2: nn.Conv2d }).conv2;
    t.ok(Math.abs(conv.weight.std().item() / Math.sqrt(2 / (512 * 9)) - 1) < 0.005);
    t.ok(largest(conv.weight) > 4 * Math.sqrt(2 / (512 * 9)), 'with the tails of a normal distribution');
    const stem = model.conv1.weight.std().item() / Math.sqrt(2 / (64 * 49));
    t.ok(Math.abs(stem - 1) < 0.05, 'also where the fans differ');
    for (const [name, module] of model.namedModules()) {
      if (!(module instanceof nn.BatchNorm2d)) continue;
      const zero = zeroInitResidual && name.endsWith('bn2');
      t.ok(module.weight!.equal(ones([module.numFeatures]).mul(zero ? 0 : 1)), `${name}: factors`);
      t.equal(largest(module.bias!), 0, `${name}: shifts`);
    }
    const bound = 1 / Math.sqrt(512);
    t.ok(largest(model.fc.weight) <= bound && Math.abs(model.fc.weight.std().item() * Math.sqrt(3) - bound) < 0.001);
  }
});

t.test("xresnets start as fastai's: every block passes on its shortcut", async (t) => {
  manualSeed(1);
  const model = xresnet18();
  for (const [name, module] of model.namedModules()) {
    if (module instanceof nn.BatchNorm2d) {
      const zero = name.endsWith('convpath.1.1');
      t.ok(module.weight!.equal(ones([module.numFeatures]).mul(zero ? 0 : 1)), `${name}: factors`);
      t.equal(largest(module.bias!), 0, `${name}: shifts`);
    }
  }
  for (const [path, fanIn, tolerance] of [
    ['0.0', 27, 0.1],
    ['7.1.convpath.0.0', 512 * 9, 0.005],
    ['11', 512, 0.01],
  ] as const) {
    const layer = new Map(model.namedModules()).get(path) as unknown as nn.Conv2d;
    t.ok(Math.abs(layer.weight.std().item() / Math.sqrt(2 / fanIn) - 1) < tolerance, path);
  }
  t.equal(largest((model.at(-1) as nn.Linear).bias!), 0);

  const block = (xresnet50({ ...small, sa: false })[4] as nn.Sequential)[1]!;
  const x = randn([2, 32, 6, 6]);
  const expected = nn.functional.mish(x);
  t.ok(largest(block.call(x).sub(expected)) < 1e-6);
  const attention = new nn.SimpleSelfAttention(8);
  const y = randn([2, 8, 3, 3]);
  t.ok(attention.call(y).equal(y), 'and so does attention');
});

/** The formats of all pictures that come out of layers. */
function watchFormats(model: nn.Module, run: () => void): { strided: string[]; dtypes: Set<string>; seen: number } {
  const found = { strided: [] as string[], dtypes: new Set<string>(), seen: 0 };
  const names = new Map(model.namedModules().map(([name, module]) => [module as unknown, name]));
  using _hooks = new nn.Hooks(model.modules(), (_hook, module, _args, output) => {
    const out = output as Tensor;
    if (out.ndim !== 4 || out.size(2) * out.size(3) === 1) return;
    found.seen += 1;
    found.dtypes.add(out.dtype);
    if (!out.isContiguous({ memoryFormat: 'channels_last' })) found.strided.push(names.get(module)!);
  });
  run();
  return found;
}

t.test('channels_last goes through every layer, in float32 and in bfloat16, with the same results', async (t) => {
  const networks: [name: string, make: () => nn.Module][] = [
    ['resnet18', () => resnet18({ numClasses: 4 })],
    ['resnet50', () => resnet50({ numClasses: 4 })],
    ['xresnet18', () => xresnet18(small)],
    ['xresnet50', () => xresnet50(small)],
  ];
  for (const [name, make] of networks) {
    manualSeed(2);
    const model = make();
    // Attention starts with a factor of 0.
    for (const [path, parameter] of model.namedParameters())
      if (path.endsWith('gamma')) nn.init.constant_(parameter, 0.01);
    const x = randn([2, 3, 64, 64]);
    model.eval();
    const plain = noGrad(() => model.call(x));
    model.to({ memoryFormat: 'channels_last' });
    const last = x.contiguous({ memoryFormat: 'channels_last' });
    let out = plain;
    const inFloat = watchFormats(model, () => {
      out = noGrad(() => model.call(last));
    });
    t.ok(inFloat.seen > 20, `${name}: ${inFloat.seen} outputs`);
    t.strictSame(inFloat.strided, [], name);
    t.ok(largest(out.sub(plain)) < 1e-4 * Math.max(1, largest(plain)), `${name}: the same logits`);

    model.train();
    const lastX = last.detach().requiresGrad_();
    const inBf16 = watchFormats(model, () => {
      autocast({ dtype: 'bfloat16' }, () => model.call(lastX))
        .sum()
        .backward();
    });
    t.strictSame(inBf16.strided, [], `${name} under autocast`);
    t.ok(inBf16.dtypes.has('bfloat16'), `${name}: ${[...inBf16.dtypes].join(', ')}`);
    t.ok(lastX.grad?.isContiguous({ memoryFormat: 'channels_last' }), `${name}: and so is the gradient of the input`);
    for (const [path, { grad, dtype }] of model.namedParameters())
      if (grad?.dtype !== dtype || !Number.isFinite(grad.sum().item())) t.fail(`${name}: gradient of ${path}`);
  }
});

t.test('three groups hold every parameter once, and the last is the head', async (t) => {
  const heads: [model: nn.Module, head: string[]][] = [
    ...[resnet18, resnet34, resnet50].map((make) => [make({ device: 'meta' }), ['fc.weight', 'fc.bias']] as const),
    ...[xresnet18, xresnet34, xresnet50].map((make) => [make({ device: 'meta' }), ['11.weight', '11.bias']] as const),
  ].map(([model, head]) => [model, [...head]]);
  for (const [model, head] of heads) {
    const names = new Map(model.namedParameters().map(([name, parameter]) => [parameter, name]));
    const groups = model.parameterGroups().map((group) => group.map((parameter) => names.get(parameter)!));
    t.strictSame(groups.flat(), [...names.values()]);
    t.strictSame(groups[2], head);
  }
  t.match(resnet18({ device: 'meta' }).parameterGroups()[1]?.[0]?.shape, [256, 128, 3, 3]);
});

/** Pictures whose class is the place of a bright square. */
function drawPictures(count: number): [Tensor, Tensor] {
  const yb = Array.from({ length: count }, (_, i) => i % 4);
  const xb = randn([count, 3, 32, 32]).mul(0.3);
  yb.forEach((place, i) => {
    const [top, left] = [place < 2 ? 0 : 16, place % 2 === 0 ? 0 : 16];
    xb.select(0, i).narrow(1, top, 16).narrow(2, left, 16).add_(1);
  });
  return [xb, tensor(yb, { dtype: 'int64' })];
}

t.test('they train, and a Learner fine-tunes them by their own groups', async (t) => {
  for (const [name, make] of [
    ['resnet18', () => resnet18({ numClasses: 4 })],
    ['xresnet50', () => xresnet50(small)],
  ] as const) {
    manualSeed(3);
    const model = make();
    const [xb, yb] = drawPictures(16);
    const batches = new FixedLoader([[xb, yb]]);
    const learn = new Learner(model, { trainDl: batches, validDl: null }, { optFunc: adamOpt, lr: 2e-3 });
    learn.logger = () => undefined;
    const lossOf = (): number => noGrad(() => nn.functional.crossEntropy(model.train().call(xb), yb).item());
    const before = lossOf();
    learn.freeze();
    const open = model.namedParameters().filter(([, { requiresGrad }]) => requiresGrad);
    t.ok(open.length < model.parameters().length / 1.2, `${name}: ${open.length} parameters are trained when frozen`);
    learn.unfreeze();
    await learn.fineTune(6, { baseLr: 4e-3, freezeEpochs: 1, lrMult: 4 });
    t.equal(learn.opt.paramGroups.length, 3);
    t.ok(model.parameters().every(({ requiresGrad }) => requiresGrad));
    const after = lossOf();
    t.ok(after < 0.75 * before, `${name}: the loss falls from ${before} to ${after}`);
  }
});

t.test('a body that was trained on other classes', async (t) => {
  manualSeed(4);
  const trained = createModel('xresnet18', { ...small, nOut: 10 });
  const mine = createModel('xresnet18', small);
  t.throws(() => mine.loadStateDict(trained.stateDict()), /other shapes: 11\.weight is \[4, 64\] here and \[10, 64\]/);
  const head = mine.stateDict().get('11.weight')!.toList();
  mine.loadStateDict(trained.stateDict(), { except: ['11'] });
  t.strictSame(mine.stateDict().get('11.weight')!.toList(), head);
  t.strictSame(mine.stateDict().get('7.1.act.weight'), undefined);
  for (const [name, value] of mine.stateDict())
    if (!name.startsWith('11.')) t.ok(value.equal(trained.stateDict().get(name)!), name);
  const { name, options } = describeModel(mine)!;
  t.strictSame([name, options], ['xresnet18', small]);
});

t.test('refusals name the option', async (t) => {
  const faults: [run: () => unknown, message: RegExp][] = [
    [() => resnet18({ numClasses: 0 }), /`ResNet: numClasses`/],
    [() => resnet34({ cIn: 1.5 }), /`ResNet: cIn`/],
    [() => resnet50({ zeroInitResidual: 1 as never }), /`ResNet: zeroInitResidual`/],
    [() => resnet18(null as never), /`resnet18: options`/],
    [() => xresnet18({ nOut: -1 }), /`XResNet: nOut`/],
    [() => xresnet18({ stemSzs: [32, 64] }), /three widths.*`XResNet: stemSzs`/],
    [() => xresnet50({ stemSzs: [32, 32, 30] }), /multiple of 4.*`XResNet: stemSzs`/],
    [() => xresnet18({ widen: 0 }), /`XResNet: widen`/],
    [() => xresnet18({ actCls: 'Swish' as never }), /'Mish'.*`XResNet: actCls`/],
    [() => xresnet18({ actCls: () => 7 as never }), /Module.*`XResNet: actCls\(\)`/],
    [() => xresnet18({ pool: 'maxBlur' as never }), /`XResNet: pool`/],
    [() => xresnet18({ stemPool: 'avg' as never }), /`XResNet: stemPool`/],
    [() => xresnet18({ p: 2 }), /`Dropout: p`/],
  ];
  for (const [run, message] of faults) t.throws(run, message);
  const own = xresnet18({ ...small, actCls: () => new nn.Tanh() });
  t.equal(own.modules().filter((module) => module instanceof nn.Tanh).length, 3 + 8 * 2);
  t.equal(describeModel(own), null, 'a function has no description');
});
