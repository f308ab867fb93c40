/** GaussianBlur: the image out of focus by a random amount. */

import { needOptions } from '../../tensor/checks.js';
import type { TransformContext } from '../../data/compose.js';
import type { ImageOperation, ImageSize } from '../program.js';
import { ImageTransform, randomOf } from './imageTransform.js';
import { requireNumber, requireRange, type Range } from './options.js';

/** Blurs as Pillow does, with a Gaussian of a standard deviation between two bounds. Order 11. */
export class GaussianBlur extends ImageTransform {
  readonly sigma: Range;

  /** @param options `sigma`: the standard deviation in pixels, or `[least, largest]` of it, up to 1000. Default `[0.1, 2]` */
  constructor(options: { readonly sigma?: number | Range } = {}) {
    super();
    needOptions(new.target.name, options);
    const { sigma = [0.1, 2] } = options;
    this.sigma =
      typeof sigma === 'number'
        ? [requireNumber('sigma', sigma, 0, 1000), sigma]
        : requireRange('sigma', sigma, 0, 1000);
  }

  plan(_size: ImageSize, context?: TransformContext): ImageOperation[] {
    const [least, largest] = this.sigma;
    const sigma = least === largest ? least : randomOf(this, context).uniform(least, largest);
    return sigma === 0 ? [] : [{ op: 'blur', across: sigma, down: sigma }];
  }
}
