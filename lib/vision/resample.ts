/** Resampling: the one place where pixels of another size are computed. */

import sharp, { type KernelEnum } from 'sharp';
import { TenchError, invalid } from '../tensor/errors.js';
import type { Image } from './image.js';

/** Pillow's filters by their names. */
export type Filter = 'nearest' | 'bilinear' | 'bicubic' | 'lanczos';

const kernels: Record<Filter, keyof KernelEnum> = {
  nearest: 'nearest',
  bilinear: 'linear',
  bicubic: 'cubic',
  lanczos: 'lanczos3',
};

export const filters = Object.keys(kernels) as readonly Filter[];

export interface ResampleOptions {
  readonly width: number;
  readonly height: number;
  readonly filter: Filter;
}

/** The whole image at another size; the ratio of the sides may change. Runs on a thread of libuv. */
export async function resample(image: Image, { width, height, filter }: ResampleOptions): Promise<Image> {
  if (!filters.includes(filter)) throw invalid('resample', `one of ${filters.join(', ')}`, filter);
  if (width === image.width && height === image.height) return image;
  const raw = { width: image.width, height: image.height, channels: image.channels };
  try {
    const resized = sharp(image.data, { raw }).resize(width, height, { fit: 'fill', kernel: kernels[filter] });
    const data = await (image.channels === 1 ? resized.toColourspace('b-w') : resized).raw().toBuffer();
    return image.with({ width, height, data });
  } catch (cause) {
    throw new TenchError(
      `${image.path ?? 'an image'} cannot be resized to ${width} x ${height}: ${(cause as Error).message}`,
      { cause },
    );
  }
}
