/** Padding as layers: what stands outside the picture is zeros, a value, the picture mirrored, its border, or its other side. */

import type { Tensor } from '../tensor/index.js';
import { needInRange } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { pad, type PadMode } from './functional/pooling.js';
import { Module } from './module.js';
import { keywords, pythonRepr } from './repr.js';
import { declareTransient } from './transient.js';

/** One width for every side, or [left, right, top, bottom]. */
export type Edges2d = number | readonly [left: number, right: number, top: number, bottom: number];

/** Pads the last two axes. */
abstract class Pad2d extends Module {
  readonly padding: readonly [left: number, right: number, top: number, bottom: number];
  protected abstract readonly mode: PadMode;
  readonly value: number = 0;

  constructor(padding: Edges2d) {
    super();
    const edges: readonly unknown[] = Array.isArray(padding) ? padding : [padding, padding, padding, padding];
    if (edges.length !== 4 || !edges.every(Number.isSafeInteger))
      throw invalid(
        `${this.constructor.name}: padding`,
        'a whole number or four as [left, right, top, bottom]',
        padding,
      );
    this.padding = [...edges] as [number, number, number, number];
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, this.mode === 'constant' ? { value: this.value } : { mode: this.mode });
  }

  override extraRepr(): string {
    return pythonRepr([...this.padding]);
  }
}

/** Zeros outside the picture; negative widths cut off. */
export class ZeroPad2d extends Pad2d {
  protected override get mode(): PadMode {
    return 'constant';
  }
}

/** One value outside the picture; negative widths cut off. */
export class ConstantPad2d extends Pad2d {
  override readonly value: number;

  constructor(padding: Edges2d, value: number) {
    super(padding);
    this.value = needInRange('ConstantPad2d: value', value);
  }

  protected override get mode(): PadMode {
    return 'constant';
  }

  override extraRepr(): string {
    return keywords({ padding: [...this.padding], value: this.value });
  }
}

/** The picture mirrored at its border pixels. */
export class ReflectionPad2d extends Pad2d {
  protected override get mode(): PadMode {
    return 'reflect';
  }
}

/** The border pixels repeated. */
export class ReplicationPad2d extends Pad2d {
  protected override get mode(): PadMode {
    return 'replicate';
  }
}

/** The picture's other side, as on a torus. */
export class CircularPad2d extends Pad2d {
  protected override get mode(): PadMode {
    return 'circular';
  }
}

declareTransient('operator', [CircularPad2d, ConstantPad2d, ReflectionPad2d, ReplicationPad2d, ZeroPad2d]);
