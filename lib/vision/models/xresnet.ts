/**
 * XResNet-18, 34 and 50 as fastai has them, by the same names, so that its weights load: ResNets with the tricks of He et al. 2018
 * (arXiv:1812.01187), a stem of three convolutions and shortcuts that average before they project.
 */

import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  Dropout,
  Flatten,
  GELU,
  LeakyReLU,
  Linear,
  MaxBlurPool2d,
  MaxPool2d,
  Mish,
  Module,
  ReLU,
  Sequential,
  SiLU,
  SimpleSelfAttention,
  init,
  type FactoryOptions,
  type Parameter,
} from '../../nn/index.js';
import {
  needArray,
  needCount,
  needFlag,
  needFunction,
  needInRange,
  needInstance,
  needOneOf,
  needOptions,
} from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import type { Tensor } from '../../tensor/index.js';
import { described } from './described.js';
import { declareTransient } from '../../nn/transient.js';

const activations = { ReLU, LeakyReLU, Mish, SiLU, GELU };
const activationNames = Object.keys(activations) as (keyof typeof activations)[];

/** Options of {@link xresnet18}, {@link xresnet34} and {@link xresnet50}, by fastai's names. */
export interface XResNetOptions extends FactoryOptions {
  /** Logits that come out; default 1000. */
  nOut?: number;
  /** Channels of the pictures; default 3. */
  cIn?: number;
  /** Share that dropout leaves out before the last layer; default 0. */
  p?: number;
  /** Channels of the stem's three convolutions; default [32, 32, 64]. */
  stemSzs?: readonly number[];
  /** Factor of all channels behind the stem; default 1. */
  widen?: number;
  /** Whether the first stage ends in a {@link SimpleSelfAttention}; default false. */
  sa?: boolean;
  /** The activation, by the name of its layer, or a function that makes one; default `'ReLU'`. */
  actCls?: (typeof activationNames)[number] | (() => Module);
  /** How shortcuts become smaller; default `'avg'`. */
  pool?: 'avg' | 'max';
  /** How the stem becomes smaller at its end; default `'max'`, and `'maxBlur'` is {@link MaxBlurPool2d} with a kernel of 3. */
  stemPool?: 'max' | 'maxBlur';
}

/** What all blocks of a network have in common. */
interface Style {
  /** Channels out for one of the narrow middle. */
  readonly expansion: number;
  readonly activation: () => Module;
  readonly pool: 'avg' | 'max';
  readonly place: FactoryOptions;
}

interface BlockOptions extends Style {
  readonly stride: number;
  /** Whether attention comes last. */
  readonly sa: boolean;
}

interface ConvOptions {
  readonly kernelSize: number;
  readonly stride?: number;
  /** None where it is null. */
  readonly activation: (() => Module) | null;
  readonly place: FactoryOptions;
}

/** Convolution, batch norm and activation: fastai's order, which is not that of the lesson's ConvLayer. */
function convBlock(ni: number, nf: number, { kernelSize, stride = 1, activation, place }: ConvOptions): Sequential {
  const conv = new Conv2d(ni, nf, kernelSize, { stride, padding: (kernelSize - 1) / 2, bias: false, ...place });
  return new Sequential(conv, new BatchNorm2d(nf, place), ...(activation === null ? [] : [activation()]));
}

/** Some layers and a shortcut, whose sum is activated. */
class XResBlock extends Module {
  convpath: Sequential;
  idpath: Sequential;
  act: Module;

  /** @param ni channels in @param nf channels out, both before their expansion */
  constructor(ni: number, nf: number, { stride, sa, expansion, activation, pool, place }: BlockOptions) {
    super();
    const [wideIn, wideOut] = [ni * expansion, nf * expansion];
    const active = { activation, place };
    const last = { activation: null, place };
    const convs =
      expansion === 1
        ? [
            convBlock(wideIn, nf, { kernelSize: 3, stride, ...active }),
            convBlock(nf, wideOut, { kernelSize: 3, ...last }),
          ]
        : [
            convBlock(wideIn, nf, { kernelSize: 1, ...active }),
            convBlock(nf, nf, { kernelSize: 3, stride, ...active }),
            convBlock(nf, wideOut, { kernelSize: 1, ...last }),
          ];
    // The block begins as its shortcut alone.
    init.zeros_((convs.at(-1)![1] as BatchNorm2d).weight!);
    this.convpath = new Sequential(...convs, ...(sa ? [new SimpleSelfAttention(wideOut, place)] : []));
    const Pool = pool === 'avg' ? AvgPool2d : MaxPool2d;
    this.idpath = new Sequential(
      ...(stride === 1 ? [] : [new Pool(stride, { ceilMode: true })]),
      ...(wideIn === wideOut ? [] : [convBlock(wideIn, wideOut, { kernelSize: 1, ...last })]),
    );
    this.act = activation();
  }

  override forward(x: Tensor): Tensor {
    return this.act.call(this.convpath.call(x).add(this.idpath.call(x)));
  }
}

/** Children of the stem, without its pool, and of the body: the stem's three convolutions, the pool and four stages. */
const [stemEnd, bodyEnd] = [3, 8];

/** Pictures [batch, cIn, height, width] to logits [batch, nOut]. */
export class XResNet extends Sequential {
  /** @internal */
  constructor(expansion: number, depths: readonly number[], options: XResNetOptions) {
    const { nOut = 1000, cIn = 3, p = 0, stemSzs = [32, 32, 64], widen = 1, sa = false, ...rest } = options;
    const { actCls = 'ReLU', pool = 'avg', stemPool = 'max', ...place } = rest;
    needCount('XResNet: cIn', cIn, 1);
    if (needArray('XResNet: stemSzs', stemSzs).length !== 3) throw invalid('XResNet: stemSzs', 'three widths', stemSzs);
    for (const size of stemSzs) needCount('XResNet: stemSzs', size, 1);
    const stemOut = stemSzs[2]!;
    if (stemOut % expansion !== 0)
      throw invalid('XResNet: stemSzs', `a last width that is a multiple of ${expansion}`, stemSzs);
    needInRange('XResNet: widen', widen, { least: 1 / 64, most: 64 });
    needFlag('XResNet: sa', sa);
    needOneOf('XResNet: pool', pool, ['avg', 'max']);
    needOneOf('XResNet: stemPool', stemPool, ['max', 'maxBlur']);
    const activation = activationOf(actCls);

    const style: Style = { expansion, activation, pool, place };
    const stem = stemSzs.map((nf, i) =>
      convBlock(i === 0 ? cIn : stemSzs[i - 1]!, nf, { kernelSize: 3, stride: i === 0 ? 2 : 1, activation, place }),
    );
    const widths = [stemOut / expansion, ...[64, 128, 256, 512].map((width) => Math.trunc(width * widen))];
    const stages = depths.map((depth, stage) => {
      const [ni, nf] = [widths[stage]!, widths[stage + 1]!];
      const blocks = Array.from({ length: depth }, (_, block) => {
        const stride = stage > 0 && block === 0 ? 2 : 1;
        const attends = sa && stage === 0 && block === depth - 1;
        return new XResBlock(block === 0 ? ni : nf, nf, { stride, sa: attends, ...style });
      });
      return new Sequential(...blocks);
    });
    super(
      ...stem,
      stemPool === 'max' ? new MaxPool2d(3, { stride: 2, padding: 1 }) : new MaxBlurPool2d(3, place),
      ...stages,
      new AdaptiveAvgPool2d(1),
      new Flatten(),
      new Dropout({ p }),
      new Linear(widths.at(-1)! * expansion, needCount('XResNet: nOut', nOut, 1), place),
    );
    for (const module of this.modules()) {
      if (!(module instanceof Conv2d || module instanceof Linear)) continue;
      init.kaimingNormal_(module.weight);
      if (module.bias !== null) init.zeros_(module.bias);
    }
  }

  /** The stem's convolutions, the stages, and the head, as fastai cuts them. */
  override parameterGroups(): Parameter[][] {
    const children = [...this];
    const groups = [children.slice(0, stemEnd), children.slice(stemEnd, bodyEnd), children.slice(bodyEnd)];
    return groups.map((modules) => modules.flatMap((module) => module.parameters()));
  }
}

function activationOf(actCls: NonNullable<XResNetOptions['actCls']>): () => Module {
  if (typeof actCls === 'string') {
    const Activation = activations[needOneOf('XResNet: actCls', actCls, activationNames)];
    return () => new Activation();
  }
  needFunction('XResNet: actCls', actCls, `${activationNames.join(', ')}, or a function that makes a Module`);
  return () => needInstance('XResNet: actCls()', actCls(), Module);
}

/**
 * fastai's XResNet-18: its state has the same names and shapes, and `loadStateDict(state, { except: ['11'] })` leaves out the head.
 *
 * Starts as fastai's does: convolutions and the last layer by Kaiming's normal rule, without bias, and every block as its shortcut alone.
 */
export function xresnet18(options: XResNetOptions = {}): XResNet {
  needOptions('xresnet18', options);
  return described(new XResNet(1, [2, 2, 2, 2], options), 'xresnet18', options);
}

/** fastai's XResNet-34; see {@link xresnet18}. */
export function xresnet34(options: XResNetOptions = {}): XResNet {
  needOptions('xresnet34', options);
  return described(new XResNet(1, [3, 4, 6, 3], options), 'xresnet34', options);
}

/** fastai's XResNet-50; see {@link xresnet18}. */
export function xresnet50(options: XResNetOptions = {}): XResNet {
  needOptions('xresnet50', options);
  return described(new XResNet(4, [3, 4, 6, 3], options), 'xresnet50', options);
}

declareTransient('network', [XResBlock, XResNet]);
