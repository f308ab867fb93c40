/** Pictures that tests draw themselves. */

import type { TransformContext } from '../../lib/data/compose.js';
import { Generator } from '../../lib/data/random.js';
import { Image, type Channels } from '../../lib/vision/image.js';

/** A picture whose bytes are given by a function. */
export function drawn(
  width: number,
  height: number,
  channels: Channels,
  at: (x: number, y: number, channel: number) => number,
): Image {
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    data[i] = at(pixel % width, Math.floor(pixel / width), i % channels);
  }
  return new Image({ width, height, channels, data });
}

/** A picture whose bytes repeat only after a long while. */
export function noisy(width: number, height: number, channels: Channels): Image {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * i * 31 + i * 7) % 251);
  return new Image({ width, height, channels, data });
}

/** The largest difference between the bytes of two pictures; Infinity if they differ in size. */
export function farthest(a: Image, b: Image): number {
  if (a.width !== b.width || a.height !== b.height || a.channels !== b.channels) return Infinity;
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0);
}

/** What a transform knows of one item of an epoch, as a list would tell it. */
export function contextOf(index: number, epoch = 0): TransformContext {
  return { random: new Generator(17, epoch, index), index, epoch };
}
