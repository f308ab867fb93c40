/** Resampling: the one place where pixels of another size are computed. */

import { loadAddon } from '../runtime/native.js';
import { TenchError, invalid } from '../tensor/errors.js';
import type { Image } from './image.js';

/** Pillow's filters by their names. All but `nearest` average over what they cover when an image gets smaller. */
export const filters = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'] as const;

/** The name of a filter, as Pillow has it. */
export type Filter = (typeof filters)[number];

/** Options of {@link resample}: the new size in pixels, and the filter. */
export interface ResampleOptions {
  readonly width: number;
  readonly height: number;
  readonly filter: Filter;
}

interface ImageAddon {
  /** Pixels as bytes, interleaved; computed on a thread of libuv. */
  resample(
    data: Uint8Array,
    width: number,
    height: number,
    channels: number,
    options: ResampleOptions,
  ): Promise<Uint8Array>;
}

const native = loadAddon() as unknown as ImageAddon;

/** The whole image at another size, with Pillow's pixels; the ratio of the sides may change. Runs on a thread of libuv. */
export async function resample(image: Image, { width, height, filter }: ResampleOptions): Promise<Image> {
  if (!filters.includes(filter)) throw invalid('resample', `one of ${filters.join(', ')}`, filter);
  if (width === image.width && height === image.height) return image;
  try {
    const data = await native.resample(image.data, image.width, image.height, image.channels, {
      width,
      height,
      filter,
    });
    return image.with({ width, height, data });
  } catch (cause) {
    const name = image.path ?? 'an image';
    throw new TenchError(`${name} cannot be resized to ${width} x ${height}: ${(cause as Error).message}`, { cause });
  }
}
