/** Right arguments for everything of the nn room, by name of the call, for tests that spoil them. */

import * as nn from '../../lib/nn/index.js';
import { ones, rand, randn, tensor, zeros, type Tensor } from '../../lib/tensor/index.js';

type Recipes = Readonly<Record<string, () => unknown[]>>;

const picture = (): Tensor => randn([2, 4, 6, 6]);
const rows = (): Tensor => randn([3, 4]);
const classes = (): Tensor => tensor([0, 2, 1], { dtype: 'int64' });
const signs = (): Tensor => tensor([1, -1, 1]);
const probabilities = (): Tensor => rand([3, 4]);
const reduction = 'sum';

/** Of functions whose only argument is a tensor. */
const elementwise = 'relu silu mish sigmoid tanh relu6 hardswish hardsigmoid selu logSigmoid';

/** Of everything in `F`. */
const functions: Recipes = {
  ...Object.fromEntries(elementwise.split(' ').map((name) => [name, () => [rows()]])),
  leakyRelu: () => [rows(), { slope: 0.1 }],
  generalRelu: () => [rows(), { leak: 0.1, sub: 0.4, maxv: 6 }],
  gelu: () => [rows(), { approximate: 'tanh' }],
  softmax: () => [rows(), 1],
  logSoftmax: () => [rows(), 1],
  hardtanh: () => [rows(), { min: -2, max: 2 }],
  elu: () => [rows(), { alpha: 0.5 }],
  celu: () => [rows(), { alpha: 0.5 }],
  softplus: () => [rows(), { beta: 2, threshold: 10 }],
  prelu: () => [rows(), tensor([0.25])],
  glu: () => [rows(), { dim: 1 }],

  linear: () => [rows(), randn([2, 4]), zeros([2])],
  conv2d: () => [picture(), randn([2, 2, 3, 3]), zeros([2]), { stride: 1, padding: [1, 1], dilation: 1, groups: 2 }],
  convTranspose2d: () => [
    picture(),
    randn([4, 1, 3, 3]),
    zeros([2]),
    { stride: 2, padding: 1, outputPadding: 1, groups: 2, dilation: [1, 1] },
  ],
  batchNorm: () => [
    picture(),
    zeros([4]),
    ones([4]),
    { weight: ones([4]), bias: zeros([4]), training: true, momentum: 0.2, eps: 1e-3 },
  ],
  instanceNorm: () => [
    picture(),
    zeros([4]),
    ones([4]),
    { weight: ones([4]), bias: zeros([4]), useInputStats: true, momentum: 0.2, eps: 1e-3 },
  ],
  layerNorm: () => [rows(), [4], { weight: ones([4]), bias: zeros([4]), eps: 1e-3 }],
  groupNorm: () => [picture(), 2, { weight: ones([4]), bias: zeros([4]), eps: 1e-3 }],
  embedding: () => [classes(), randn([3, 2]), { paddingIdx: -1 }],
  dropout: () => [rows(), { p: 0.2, training: true }],
  dropout2d: () => [picture(), { p: 0.2, training: true }],

  adaptiveAvgPool2d: () => [picture(), [2, null]],
  adaptiveMaxPool2d: () => [picture(), [2, null]],
  maxPool2d: () => [picture(), 2, { stride: [2, 2], padding: 1, dilation: 1, ceilMode: true }],
  avgPool2d: () => [picture(), 2, { stride: [2, 2], padding: 1, ceilMode: true, countIncludePad: false }],
  pad: () => [picture(), [1, 1, 2, 2], { mode: 'constant', value: 3 }],
  oneHot: () => [classes(), { classes: 5 }],
  interpolate: () => [picture(), { size: [3, 3], mode: 'bilinear', alignCorners: false, antialias: true }],
  gridSample: () => [picture(), rand([2, 3, 3, 2]), { mode: 'nearest', paddingMode: 'border', alignCorners: true }],
  affineGrid: () => [rand([2, 2, 3]), [2, 4, 3, 3], { alignCorners: true }],
  pixelShuffle: () => [picture(), 2],
  pixelUnshuffle: () => [picture(), 2],

  normalize: () => [rows(), { p: 3, dim: 0, eps: 1e-3 }],
  cosineSimilarity: () => [rows(), rows(), { dim: 0, eps: 1e-3 }],
  pairwiseDistance: () => [rows(), rows(), { p: 3, eps: 1e-3, keepdim: true }],
  cosineEmbeddingLoss: () => [rows(), rows(), signs(), { margin: 0.1, reduction }],
  marginRankingLoss: () => [randn([3]), randn([3]), signs(), { margin: 0.1, reduction }],
  hingeEmbeddingLoss: () => [randn([3]), signs(), { margin: 0.1, reduction }],
  softMarginLoss: () => [randn([3]), signs(), { reduction }],
  tripletMarginLoss: () => [rows(), rows(), rows(), { margin: 0.1, p: 1, eps: 1e-3, swap: true, reduction }],
  crossEntropy: () => [rows(), classes(), { weight: ones([4]), ignoreIndex: 3, labelSmoothing: 0.1, reduction }],
  nllLoss: () => [rows(), classes(), { weight: ones([4]), ignoreIndex: 3, reduction }],
  mseLoss: () => [rows(), rows(), { reduction }],
  l1Loss: () => [rows(), rows(), { reduction }],
  smoothL1Loss: () => [rows(), rows(), { beta: 2, reduction }],
  huberLoss: () => [rows(), rows(), { delta: 2, reduction }],
  binaryCrossEntropy: () => [probabilities(), probabilities(), { weight: ones([4]), reduction }],
  binaryCrossEntropyWithLogits: () => [rows(), probabilities(), { weight: ones([4]), posWeight: ones([4]), reduction }],
  klDiv: () => [rows(), probabilities(), { reduction: 'batchmean', logTarget: true }],
};

/** A layer: the arguments of its constructor, and those of its forward. */
type Layer = readonly [make: () => unknown[], forward: () => unknown[]];

const none = (): unknown[] => [];
const onRows = (): unknown[] => [rows()];
const onPicture = (): unknown[] => [picture()];
const place = { device: 'cpu', dtype: 'float32' } as const;

const layers: Readonly<Record<string, Layer>> = {
  ...Object.fromEntries(
    'ReLU SiLU Mish Sigmoid Tanh ReLU6 Hardswish Hardsigmoid SELU LogSigmoid Identity'
      .split(' ')
      .map((name): [string, Layer] => [name, [none, onRows]]),
  ),
  LeakyReLU: [() => [{ slope: 0.1 }], onRows],
  GeneralReLU: [() => [{ leak: 0.1, sub: 0.4, maxv: 6 }], onRows],
  GELU: [() => [{ approximate: 'tanh' }], onRows],
  Softmax: [() => [1], onRows],
  LogSoftmax: [() => [1], onRows],
  Hardtanh: [() => [{ min: -2, max: 2 }], onRows],
  ELU: [() => [{ alpha: 0.5 }], onRows],
  CELU: [() => [{ alpha: 0.5 }], onRows],
  Softplus: [() => [{ beta: 2, threshold: 10 }], onRows],
  PReLU: [() => [{ numParameters: 4, init: 0.1, ...place }], onRows],
  GLU: [() => [{ dim: 1 }], onRows],

  Linear: [() => [4, 2, { bias: true, ...place }], onRows],
  Embedding: [() => [3, 2, { paddingIdx: -1, ...place }], () => [classes()]],
  Conv2d: [
    () => [
      4,
      2,
      [3, 3],
      { stride: 1, padding: [1, 1], paddingMode: 'zeros', dilation: 1, groups: 2, bias: true, ...place },
    ],
    onPicture,
  ],
  ConvTranspose2d: [
    () => [
      4,
      2,
      [3, 3],
      { stride: [2, 2], padding: 1, outputPadding: 1, groups: 2, dilation: 1, bias: true, ...place },
    ],
    onPicture,
  ],
  ConvLayer: [() => [4, 2, { kernelSize: 3, stride: 2, bn: true, leak: 0.1, sub: 0.4, maxv: 6, ...place }], onPicture],
  BatchNorm1d: [() => [4, { eps: 1e-3, momentum: 0.2, affine: true, trackRunningStats: true, ...place }], onRows],
  BatchNorm2d: [() => [4, { eps: 1e-3, momentum: 0.2, affine: true, trackRunningStats: true, ...place }], onPicture],
  InstanceNorm2d: [() => [4, { eps: 1e-3, momentum: 0.2, affine: true, trackRunningStats: true, ...place }], onPicture],
  GroupNorm: [() => [2, 4, { eps: 1e-3, affine: true, ...place }], onPicture],
  LayerNorm: [() => [[4], { eps: 1e-3, elementwiseAffine: true, bias: true, ...place }], onRows],
  Dropout: [() => [{ p: 0.2 }], onRows],
  Dropout2d: [() => [{ p: 0.2 }], onPicture],
  Flatten: [() => [{ start: 1, end: 2 }], onPicture],
  Unflatten: [() => [1, [2, 2]], onRows],
  Lambda: [() => [(x: Tensor) => x], onRows],
  Sequential: [() => [new nn.Linear(4, 2), new nn.ReLU()], onRows],
  ModuleList: [() => [[new nn.Linear(4, 2), new nn.ReLU()]], none],

  AdaptiveAvgPool2d: [() => [[2, null]], onPicture],
  AdaptiveMaxPool2d: [() => [[2, null]], onPicture],
  MaxPool2d: [() => [2, { stride: [2, 2], padding: 1, dilation: 1, ceilMode: true }], onPicture],
  AvgPool2d: [() => [2, { stride: [2, 2], padding: 1, ceilMode: true, countIncludePad: false }], onPicture],
  BlurPool2d: [() => [3, { stride: 2, ...place }], onPicture],
  MaxBlurPool2d: [() => [3, { stride: 2, maxPoolSize: 2, ...place }], onPicture],
  SelfAttention: [() => [8, { ...place }], () => [randn([2, 8, 3, 4])]],
  SimpleSelfAttention: [() => [4, { ...place }], onPicture],
  ZeroPad2d: [() => [[1, 1, 2, 2]], onPicture],
  ConstantPad2d: [() => [[1, 1, 2, 2], 3], onPicture],
  ReflectionPad2d: [() => [[1, 1, 2, 2]], onPicture],
  ReplicationPad2d: [() => [[1, 1, 2, 2]], onPicture],
  CircularPad2d: [() => [[1, 1, 2, 2]], onPicture],
  Upsample: [() => [{ size: [3, 3], mode: 'bilinear', alignCorners: false, antialias: true }], onPicture],
  PixelShuffle: [() => [2], onPicture],
  PixelUnshuffle: [() => [2], onPicture],
};

/** The loss modules with their functions: their options are the function's, and so are the arguments of their forward. */
const losses: Readonly<Record<string, string>> = {
  CrossEntropyLoss: 'crossEntropy',
  NLLLoss: 'nllLoss',
  MSELoss: 'mseLoss',
  L1Loss: 'l1Loss',
  SmoothL1Loss: 'smoothL1Loss',
  HuberLoss: 'huberLoss',
  BCELoss: 'binaryCrossEntropy',
  BCEWithLogitsLoss: 'binaryCrossEntropyWithLogits',
  KLDivLoss: 'klDiv',
  CosineSimilarity: 'cosineSimilarity',
  PairwiseDistance: 'pairwiseDistance',
  CosineEmbeddingLoss: 'cosineEmbeddingLoss',
  MarginRankingLoss: 'marginRankingLoss',
  HingeEmbeddingLoss: 'hingeEmbeddingLoss',
  SoftMarginLoss: 'softMarginLoss',
  TripletMarginLoss: 'tripletMarginLoss',
};

const lossLayers = Object.entries(losses).map(([name, fn]): [string, Layer] => [
  name,
  [() => functions[fn]!().slice(-1), () => functions[fn]!().slice(0, -1)],
]);

const allLayers: readonly [string, Layer][] = [...Object.entries(layers), ...lossLayers];

const initialisers: Recipes = {
  calculateGain: () => ['leaky_relu', 0.1],
  calculateFans: () => [rows()],
  uniform_: () => [rows(), -1, 1],
  normal_: () => [rows(), 1, 2],
  constant_: () => [rows(), 3],
  zeros_: () => [rows()],
  ones_: () => [rows()],
  eye_: () => [rows()],
  dirac_: () => [picture(), { groups: 2 }],
  sparse_: () => [rows(), { sparsity: 0.5, std: 0.1 }],
  kaimingNormal_: () => [rows(), { a: 0.1, mode: 'fan_out', nonlinearity: 'leaky_relu' }],
  kaimingUniform_: () => [rows(), { a: 0.1, mode: 'fan_out', nonlinearity: 'leaky_relu' }],
  xavierNormal_: () => [rows(), { gain: 2 }],
  xavierUniform_: () => [rows(), { gain: 2 }],
  orthogonal_: () => [rows(), { gain: 2 }],
  truncNormal_: () => [rows(), { mean: 1, std: 2, min: -1, max: 1 }],
};

function withGradient(): Tensor {
  const x = rows().requiresGrad_();
  x.sum().backward();
  return x;
}

/** Methods are called once, for the class that defines them. */
function hasOwnForward(name: string): boolean {
  const { prototype } = (nn as unknown as Record<string, { prototype: object }>)[name]!;
  return Object.hasOwn(prototype, 'forward') && name !== 'ModuleList';
}

/** What the layers run on, by class. */
export const inputs: Recipes = Object.fromEntries(allLayers.map(([name, [, forward]]) => [name, forward]));

const prefixed = (prefix: string, recipes: Recipes): Recipes =>
  Object.fromEntries(Object.entries(recipes).map(([name, recipe]) => [prefix + name, recipe]));

/** A small network of the kinds that modules can hold. */
export const makeNetwork = (): nn.Sequential =>
  new nn.Sequential(new nn.Linear(4, 2), new nn.BatchNorm1d(2), new nn.ReLU());

/** A layer, what it is measured on, and the network around it. */
function layerOfNetwork(): unknown[] {
  const network = makeNetwork();
  return [network[0], [randn([20, 4])], network];
}

/** All of them. */
export const recipes: Recipes = {
  ...prefixed('functional.', functions),
  ...prefixed('init.', initialisers),
  ...Object.fromEntries(
    allLayers.flatMap(([name, [make, forward]]) => [
      [`new ${name}`, make],
      ...(hasOwnForward(name) ? [[`${name}#forward`, forward] as const] : []),
    ]),
  ),
  'BatchNorm#forward': onRows,
  'Pad2d#forward': onPicture,
  'utils.clipGradNorm_': () => [[withGradient()], 1, { normType: 2, errorIfNonfinite: true }],
  'utils.clipGradValue_': () => [[withGradient()], 0.5],
  convLayer: layers.ConvLayer![0],
  flatten: onPicture,
  countMultiplyAdds: () => [makeNetwork(), rows()],
  countParameters: () => [makeNetwork()],
  findModules: () => [makeNetwork(), () => false],
  isLayer: () => [new nn.ReLU()],
  lsuvModule: () => [...layerOfNetwork(), { tolerance: 0.01, maxIter: 30, orthogonal: true }],
  lsuvInit: () => [
    makeNetwork(),
    [randn([20, 4])],
    { tolerance: 0.01, maxIter: 30, orthogonal: true, layers: nn.isLayer, batches: 1, transform: (xb: Tensor) => xb },
  ],
  'new OutputStats': () => [{ bins: 4, min: -1, max: 1, nearZero: 0.1 }],
  'OutputStats#add': () => [rows()],
  appendStat: () => [new nn.Hook(new nn.ReLU(), () => undefined), new nn.ReLU(), [], rows()],
  appendStatWith: () => [{ bins: 4, min: -1, max: 1, nearZero: 0.1 }],
  'new Parameter': () => [rows(), { requiresGrad: true }],
  'new Hook': () => [new nn.ReLU(), () => undefined],
  'new Hooks': () => [[new nn.ReLU(), new nn.ReLU()], () => undefined],
  'Hooks#at': () => [0],
  'ModuleSequence#at': () => [0],
  'ModuleSequence#append': () => [new nn.ReLU()],
  'Sequential#slice': () => [0, 1],
  'set ConvLayer#bias': () => [0.5],
  'Module#call': onRows,
  'Module#registerParameter': () => ['extra', rows()],
  'Module#registerBuffer': () => ['extra', rows(), { persistent: true }],
  'Module#registerModule': () => ['extra', new nn.ReLU()],
  'Module#train': () => [true],
  'Module#apply': () => [() => undefined],
  'Module#requiresGrad_': () => [true],
  'Module#to': () => [{ device: 'cpu', dtype: 'float64', memoryFormat: 'channels_last' }],
  'Module#loadStateDict': () => [{ '0.weight': ones([2, 4]) }, { strict: false, except: ['1'] }],
  'Module#summary': () => [[3, 4]],
  'Conv2d#multiplyAdds': () => [[], picture()],
  'ConvTranspose2d#multiplyAdds': () => [[picture()]],
  'Linear#multiplyAdds': () => [[], rows()],
  'Module#registerForwardPreHook': () => [() => undefined],
  'Module#registerForwardHook': () => [() => undefined],
  'Module#registerFullBackwardHook': () => [() => undefined],
};
