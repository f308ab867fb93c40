/** Layers that change a picture's size without weights: Upsample reads between pixels, PixelShuffle trades channels for pixels. */

import { needCount } from '../tensor/checks.js';
import type { Tensor } from '../tensor/index.js';
import { interpolate, type InterpolateOptions } from './functional/resample.js';
import { needInterpolateOptions } from './functional/interpolateOptions.js';
import { pixelShuffle, pixelUnshuffle } from './functional/shuffle.js';
import { Module } from './module.js';
import { keywords, pythonFloat, pythonRepr } from './repr.js';
import { declareTransient } from './transient.js';

/** See `F.interpolate`. */
export class Upsample extends Module {
  readonly options: Readonly<InterpolateOptions>;

  constructor(options: InterpolateOptions) {
    super();
    needInterpolateOptions('Upsample', options);
    this.options = options;
  }

  override forward(x: Tensor): Tensor {
    return interpolate(x, this.options);
  }

  override extraRepr(): string {
    const { size, scaleFactor, mode = 'nearest' } = this.options;
    const [name, text] =
      scaleFactor === undefined
        ? ['size', pythonRepr(size)]
        : [
            'scale_factor',
            typeof scaleFactor === 'number' ? pythonFloat(scaleFactor) : `(${scaleFactor.map(pythonFloat).join(', ')})`,
          ];
    return `${name}=${text}, ${keywords({ mode })}`;
  }
}

/** See `F.pixelShuffle`. */
export class PixelShuffle extends Module {
  readonly upscaleFactor: number;

  constructor(upscaleFactor: number) {
    super();
    this.upscaleFactor = needCount('PixelShuffle: upscaleFactor', upscaleFactor, 1);
  }

  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor);
  }

  override extraRepr(): string {
    return keywords({ upscale_factor: this.upscaleFactor });
  }
}

/** See `F.pixelUnshuffle`. */
export class PixelUnshuffle extends Module {
  readonly downscaleFactor: number;

  constructor(downscaleFactor: number) {
    super();
    this.downscaleFactor = needCount('PixelUnshuffle: downscaleFactor', downscaleFactor, 1);
  }

  override forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor);
  }

  override extraRepr(): string {
    return keywords({ downscale_factor: this.downscaleFactor });
  }
}

declareTransient('operator', [PixelShuffle, PixelUnshuffle, Upsample]);
