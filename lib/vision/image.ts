/** Image: the pixels of one picture as bytes, and where they came from. */

import { inspect } from 'node:util';
import { needCount, needOptions, needText } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';

/** The number of channels and what they are: grey, grey and alpha, RGB, RGB and alpha. */
export type Channels = 1 | 2 | 3 | 4;

/** What an {@link Image} is made of. */
export interface ImageOptions {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  /** Rows from top to bottom, pixels from left to right, the channels of a pixel side by side. Not copied. */
  readonly data: Uint8Array;
  /** Where the pixels came from, for messages. */
  readonly path?: string | undefined;
}

/** A picture in memory. Transforms never change one: they return another. */
export class Image {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  readonly data: Uint8Array;
  readonly path: string | undefined;

  constructor(options: ImageOptions) {
    needOptions('Image', options);
    const { width, height, channels, data, path } = options;
    needCount('width', width, 1);
    needCount('height', height, 1);
    if (![1, 2, 3, 4].includes(channels)) throw invalid('channels', '1, 2, 3 or 4', channels);
    if (!(data instanceof Uint8Array) || data.length !== width * height * channels) {
      throw invalid(
        'data',
        `a Uint8Array of ${width} x ${height} x ${channels} bytes`,
        data instanceof Uint8Array ? `${data.length} bytes` : data,
      );
    }
    this.width = width;
    this.height = height;
    this.channels = channels;
    this.data = data;
    this.path = path === undefined ? path : needText('path', path);
  }

  /** `[width, height]`, the order that image programs use. */
  get size(): [number, number] {
    return [this.width, this.height];
  }

  /** `[height, width, channels]`, the order of the bytes. */
  get shape(): [number, number, number] {
    return [this.height, this.width, this.channels];
  }

  /** An image with some fields replaced and the path kept. */
  with(changes: Partial<ImageOptions>): Image {
    needOptions('Image.with', changes);
    const { width, height, channels, data, path } = this;
    return new Image({ width, height, channels, data, path, ...changes });
  }

  [inspect.custom](): string {
    return `Image (${this.width} x ${this.height}, ${this.channels} ${this.channels === 1 ? 'channel' : 'channels'}${this.path === undefined ? '' : `, ${this.path}`})`;
  }
}

/** Throws unless `value` is an Image; for the door of a transform. */
export function requireImage(transform: string, value: unknown): Image {
  if (value instanceof Image) return value;
  throw invalid(`${transform}: image`, 'an Image (bytes come before `toByteTensor`, tensors after it)', value);
}
