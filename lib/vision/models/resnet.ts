/** ResNet-18, 34 and 50 as torchvision has them, by the same names, so that its weights load (He et al. 2015, arXiv:1512.03385). */

import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv2d,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
  init,
  type AnyModule,
  type FactoryOptions,
  type Parameter,
} from '../../nn/index.js';
import { needCount, needFlag, needOptions } from '../../tensor/checks.js';
import type { Tensor } from '../../tensor/index.js';
import { described } from './described.js';
import { declareTransient } from '../../nn/transient.js';

/** Options of {@link resnet18}, {@link resnet34} and {@link resnet50}. */
export interface ResNetOptions extends FactoryOptions {
  /** Logits that come out; default 1000, ImageNet's. */
  numClasses?: number;
  /** Channels of the pictures; default 3. */
  cIn?: number;
  /**
   * Whether every block begins as its shortcut alone, with 0 for the factors of its last batch norm (Goyal et al. 2017, arXiv:1706.02677); default
   * false.
   */
  zeroInitResidual?: boolean;
}

/** A block of some layers beside a shortcut: [batch, ni, height, width] to [batch, width * expansion, height / stride, width / stride]. */
type Block = new (ni: number, width: number, stride: number, place: FactoryOptions) => ResBlock;

/** What both kinds of block share: the sum with the shortcut. */
abstract class ResBlock extends Module {
  /** The last batch norm before the sum. */
  abstract readonly lastNorm: BatchNorm2d;
  /** What makes the input fit, where it does not. */
  abstract downsample: Sequential | null;
  abstract relu: ReLU;

  protected abstract layers(x: Tensor): Tensor;

  override forward(x: Tensor): Tensor {
    const out = this.layers(x);
    return this.relu.call(out.add(this.downsample === null ? x : this.downsample.call(x)));
  }
}

/** Two convolutions of 3x3. */
class BasicBlock extends ResBlock {
  static readonly expansion = 1;
  conv1: Conv2d;
  bn1: BatchNorm2d;
  relu = new ReLU();
  conv2: Conv2d;
  bn2: BatchNorm2d;
  downsample: Sequential | null;

  constructor(ni: number, width: number, stride: number, place: FactoryOptions) {
    super();
    this.conv1 = conv(ni, width, 3, stride, place);
    this.bn1 = new BatchNorm2d(width, place);
    this.conv2 = conv(width, width, 3, 1, place);
    this.bn2 = new BatchNorm2d(width, place);
    this.downsample = fitted(ni, width, stride, place);
  }

  override get lastNorm(): BatchNorm2d {
    return this.bn2;
  }

  protected override layers(x: Tensor): Tensor {
    const hidden = this.relu.call(this.bn1.call(this.conv1.call(x)));
    return this.bn2.call(this.conv2.call(hidden));
  }
}

/** A convolution of 3x3 between two of 1x1, of which the last has four times the channels. The stride is that of the 3x3, as in torchvision. */
class Bottleneck extends ResBlock {
  static readonly expansion = 4;
  conv1: Conv2d;
  bn1: BatchNorm2d;
  conv2: Conv2d;
  bn2: BatchNorm2d;
  conv3: Conv2d;
  bn3: BatchNorm2d;
  relu = new ReLU();
  downsample: Sequential | null;

  constructor(ni: number, width: number, stride: number, place: FactoryOptions) {
    super();
    const nf = width * Bottleneck.expansion;
    this.conv1 = conv(ni, width, 1, 1, place);
    this.bn1 = new BatchNorm2d(width, place);
    this.conv2 = conv(width, width, 3, stride, place);
    this.bn2 = new BatchNorm2d(width, place);
    this.conv3 = conv(width, nf, 1, 1, place);
    this.bn3 = new BatchNorm2d(nf, place);
    this.downsample = fitted(ni, nf, stride, place);
  }

  override get lastNorm(): BatchNorm2d {
    return this.bn3;
  }

  protected override layers(x: Tensor): Tensor {
    const narrow = this.relu.call(this.bn1.call(this.conv1.call(x)));
    const hidden = this.relu.call(this.bn2.call(this.conv2.call(narrow)));
    return this.bn3.call(this.conv3.call(hidden));
  }
}

function conv(ni: number, nf: number, kernelSize: number, stride: number, place: FactoryOptions): Conv2d {
  return new Conv2d(ni, nf, kernelSize, { stride, padding: (kernelSize - 1) / 2, bias: false, ...place });
}

function fitted(ni: number, nf: number, stride: number, place: FactoryOptions): Sequential | null {
  if (stride === 1 && ni === nf) return null;
  return new Sequential(conv(ni, nf, 1, stride, place), new BatchNorm2d(nf, place));
}

/** Pictures [batch, cIn, height, width] to logits [batch, numClasses]. Any size from 1 x 1 on will do; 32 times smaller it is pooled. */
export class ResNet extends Module {
  conv1: Conv2d;
  bn1: BatchNorm2d;
  relu = new ReLU();
  maxpool = new MaxPool2d(3, { stride: 2, padding: 1 });
  layer1: Sequential;
  layer2: Sequential;
  layer3: Sequential;
  layer4: Sequential;
  avgpool = new AdaptiveAvgPool2d(1);
  /** The head: replace it, or make the model with other `numClasses`. */
  fc: Linear;

  /** @internal */
  constructor(block: Block & { readonly expansion: number }, depths: readonly number[], options: ResNetOptions) {
    super();
    const { numClasses = 1000, cIn = 3, zeroInitResidual = false, ...place } = options;
    needCount('ResNet: numClasses', numClasses, 1);
    needCount('ResNet: cIn', cIn, 1);
    needFlag('ResNet: zeroInitResidual', zeroInitResidual);
    this.conv1 = new Conv2d(cIn, 64, 7, { stride: 2, padding: 3, bias: false, ...place });
    this.bn1 = new BatchNorm2d(64, place);
    const stage = (index: number): Sequential => {
      const width = 64 * 2 ** index;
      const nf = width * block.expansion;
      const ni = index === 0 ? 64 : nf / 2;
      const first = new block(ni, width, index === 0 ? 1 : 2, place);
      const rest = Array.from({ length: depths[index]! - 1 }, () => new block(nf, width, 1, place));
      return new Sequential(first, ...rest);
    };
    this.layer1 = stage(0);
    this.layer2 = stage(1);
    this.layer3 = stage(2);
    this.layer4 = stage(3);
    this.fc = new Linear(512 * block.expansion, numClasses, place);

    for (const module of this.modules()) {
      if (module instanceof Conv2d) init.kaimingNormal_(module.weight, { mode: 'fan_out', nonlinearity: 'relu' });
      else if (zeroInitResidual && module instanceof ResBlock) init.zeros_(module.lastNorm.weight!);
    }
  }

  override forward(x: Tensor): Tensor {
    const stem = this.maxpool.call(this.relu.call(this.bn1.call(this.conv1.call(x))));
    const features = this.layer4.call(this.layer3.call(this.layer2.call(this.layer1.call(stem))));
    return this.fc.call(this.avgpool.call(features).flatten(1));
  }

  /** The stem with the first two stages, the other two, and the head, as fastai cuts them. */
  override parameterGroups(): Parameter[][] {
    const { conv1, bn1, layer1, layer2, layer3, layer4, fc } = this;
    const groups: AnyModule[][] = [[conv1, bn1, layer1, layer2], [layer3, layer4], [fc]];
    return groups.map((modules) => modules.flatMap((module) => module.parameters()));
  }
}

/**
 * torchvision's ResNet-18: `loadStateDict(await readTorch('resnet18.pth'))` takes its weights, and `{ except: ['fc'] }` leaves out their head.
 *
 * Starts as torchvision's does: convolutions by Kaiming's normal rule for the outputs, batch norms with 1 and 0.
 */
export function resnet18(options: ResNetOptions = {}): ResNet {
  needOptions('resnet18', options);
  return described(new ResNet(BasicBlock, [2, 2, 2, 2], options), 'resnet18', options);
}

/** torchvision's ResNet-34; see {@link resnet18}. */
export function resnet34(options: ResNetOptions = {}): ResNet {
  needOptions('resnet34', options);
  return described(new ResNet(BasicBlock, [3, 4, 6, 3], options), 'resnet34', options);
}

/** torchvision's ResNet-50; see {@link resnet18}. */
export function resnet50(options: ResNetOptions = {}): ResNet {
  needOptions('resnet50', options);
  return described(new ResNet(Bottleneck, [3, 4, 6, 3], options), 'resnet50', options);
}

declareTransient('network', [BasicBlock, Bottleneck, ResNet]);
