/** Trading channels for pixels, as networks that enlarge pictures do at their end (Shi et al. 2016, arXiv:1609.05158). */

import * as operators from '../../tensor/index.js';
import type { Tensor } from '../../tensor/index.js';
import { needCount } from '../../tensor/checks.js';

/** [..., channels * factor^2, height, width] to [..., channels, height * factor, width * factor]. */
export function pixelShuffle(input: Tensor, factor: number): Tensor {
  return operators.pixelShuffle(input, needCount('pixelShuffle: factor', factor, 1));
}

/** The way back from {@link pixelShuffle}. */
export function pixelUnshuffle(input: Tensor, factor: number): Tensor {
  return operators.pixelUnshuffle(input, needCount('pixelUnshuffle: factor', factor, 1));
}
