/** Decoding by sharp (libvips with its codecs): every format but JPEG, and JPEG too where the addon has no decoder for it. */

import type { Metadata, Sharp, default as SharpFactory } from 'sharp';

import type { DecodeOptions } from './decode.js';
import { Image, type Channels } from './image.js';
import { isGreyAvif, readPixelFormat, type PixelFormat } from './imageHeader.js';

let opened: Promise<typeof SharpFactory> | undefined;

/** sharp, opened when the first image is decoded: it takes a quarter of the time in which a program that needs none could have started. */
async function openSharp(): Promise<typeof SharpFactory> {
  const { default: sharp } = await import('sharp');
  // Images are decoded side by side, so one thread for each is enough; and its cache goes by path, so it would not see that a file has changed.
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}

/** Decodes a file, or the bytes of one, by the rule in decode.ts. Throws sharp's errors and the file system's. */
export async function decodeWithSharp(
  input: string | Uint8Array,
  name: string | undefined,
  { maxPixels, allowTruncated }: Required<DecodeOptions>,
): Promise<Image> {
  const sharp = await (opened ??= openSharp());
  const known = readPixelFormat(input);
  const failOn = allowTruncated ? 'none' : known?.isJpeg === true ? 'warning' : 'error';
  const decoder = sharp(input, { failOn, limitInputPixels: maxPixels, ignoreIcc: true });
  const format = known ?? formatOf(await decoder.metadata(), isGreyAvif(input));
  if (format.bits === 12) throw new Error('JPEG with 12 bits a sample is not supported');
  return await decodeAs(format, decoder.autoOrient(), name);
}

/** @param isGrey whether it is known to be grey although libvips makes colours of it */
function formatOf({ space, channels, hasAlpha, depth, width, height }: Metadata, isGrey: boolean): PixelFormat {
  const bits = depth === 'uchar' ? 8 : 16;
  if (space === 'cmyk') return { kind: 'cmyk', bits, width, height, isJpeg: false };
  const holdsGrey = isGrey || space === 'b-w' || space === 'grey16' || channels < 3;
  return { kind: holdsGrey ? (hasAlpha ? 'greyAlpha' : 'grey') : 'rgb', bits, width, height, isJpeg: false };
}

async function decodeAs({ kind, bits }: PixelFormat, source: Sharp, path: string | undefined): Promise<Image> {
  // libvips rounds 16 bits of grey when it keeps one channel, and cuts them off when it makes three: those are what the rule says.
  if (kind === 'grey' && bits <= 8) source.toColourspace('b-w');
  if (kind === 'cmyk') source.pipelineColourspace('cmyk').toColourspace('cmyk');
  const { data, info } = await source.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const image = (bytes: Uint8Array, count: number): Image =>
    new Image({ width, height, channels: count as Channels, data: bytes, path });
  if (kind === 'cmyk') return image(rgbFromInk(data, channels), 3);
  if (kind === 'grey' && channels > 1) return image(pick(data, channels, [0]), 1);
  if (kind === 'greyAlpha' && channels > 2) return image(pick(data, channels, [0, channels - 1]), 2);
  return image(data, channels);
}

/** (1 - ink)(1 - black) in bytes, rounded as Pillow does. */
function rgbFromInk(ink: Uint8Array, channels: number): Uint8Array {
  const pixels = ink.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const from = pixel * channels;
    const white = 255 - ink[from + 3]!;
    for (let colour = 0; colour < 3; colour++) {
      const product = ink[from + colour]! * white + 128;
      rgb[pixel * 3 + colour] = Math.max(0, white - (((product >> 8) + product) >> 8));
    }
  }
  return rgb;
}

/** Some of the channels of every pixel. */
function pick(bytes: Uint8Array, channels: number, wanted: readonly number[]): Uint8Array {
  const picked = new Uint8Array((bytes.length / channels) * wanted.length);
  for (let from = 0, to = 0; from < bytes.length; from += channels) {
    for (const channel of wanted) picked[to++] = bytes[from + channel]!;
  }
  return picked;
}
