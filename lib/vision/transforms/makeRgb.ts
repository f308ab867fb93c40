/** makeRgb: every image with three channels, as Pillow's `convert('RGB')` makes them. */

import type { TransformDescription } from '../../data/compose.js';
import { type Image, requireImage } from '../image.js';

/** Repeats grey three times and drops alpha, without blending; RGB stays as it is. Order 0. */
export function makeRgb(image: Image): Image {
  const { width, height, channels, data } = requireImage('makeRgb', image);
  if (channels === 3) return image;
  const pixels = width * height;
  const rgb = new Uint8Array(pixels * 3);
  const isGrey = channels < 3;
  for (let pixel = 0, from = 0, to = 0; pixel < pixels; pixel++, from += channels, to += 3) {
    rgb[to] = data[from]!;
    rgb[to + 1] = data[isGrey ? from : from + 1]!;
    rgb[to + 2] = data[isGrey ? from : from + 2]!;
  }
  return image.with({ channels: 3, data: rgb });
}

makeRgb.order = 0;
makeRgb.describe = (): TransformDescription => ({ name: 'makeRgb' });
