/**
 * Decoding: from a file to an Image, by one rule for every format.
 *
 * The rule is what Pillow's `Image.open(path).convert(...)` does, and the EXIF orientation on top: grey stays one channel and a palette becomes
 * RGB; alpha is kept as the last channel and never blended; colour profiles are not applied; CMYK becomes RGB by (1 - ink)(1 - black); of 16 bits
 * the upper 8 are kept; of an animation the first frame.
 *
 * sharp decodes (libvips with its codecs prebuilt for the platforms that matter: JPEG, PNG, WebP, GIF, TIFF, AVIF, SVG); nothing else of it is used.
 */

import type { Metadata, Sharp, default as SharpFactory } from 'sharp';

import { TenchError, invalid } from '../tensor/errors.js';
import { Image, type Channels } from './image.js';
import { readPixelFormat, type PixelFormat } from './imageHeader.js';

export interface DecodeOptions {
  /** The largest number of pixels (width times height) that is decoded. Default 178,956,970, where Pillow suspects a bomb. */
  maxPixels?: number;
}

/** The bytes of an image file in memory, with a name for messages and for labelling by it. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What can be decoded: a file by its path, or the bytes of one. */
export type ImageSource = string | Uint8Array | NamedBytes;

/** 2 x 1024^3 / 4 / 3, the limit at which Pillow refuses an image. */
export const DEFAULT_MAX_PIXELS = 178_956_970;

let opened: Promise<typeof SharpFactory> | undefined;

/** sharp, opened when the first image is decoded: it takes a quarter of the time in which a program that needs none could have started. */
async function openSharp(): Promise<typeof SharpFactory> {
  const { default: sharp } = await import('sharp');
  // Images are decoded side by side, so one thread for each is enough; and its cache goes by path, so it would not see that a file has changed.
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}

/**
 * Decodes an image file, or the bytes of one, which must not change meanwhile.
 *
 * @throws ArgumentError for a source that is none of the three; TenchError that names the path and the cause: missing, unreadable, truncated, damaged, too large, or of a format that is not read
 */
export async function decodeImage(
  source: ImageSource,
  { maxPixels = DEFAULT_MAX_PIXELS }: DecodeOptions = {},
): Promise<Image> {
  const { input, name } = inputOf(source);
  try {
    const sharp = await (opened ??= openSharp());
    const decoder = sharp(input, { failOn: 'error', limitInputPixels: maxPixels, ignoreIcc: true });
    const format = readPixelFormat(input) ?? formatOf(await decoder.metadata());
    if (format.bits === 12) throw new Error('JPEG with 12 bits a sample is not supported');
    return await decodeAs(format, decoder.autoOrient(), name);
  } catch (cause) {
    throw new TenchError(
      `cannot read the image ${name ?? `in ${(input as Uint8Array).length} bytes`}: ${reasonOf(cause, maxPixels)}`,
      {
        code: 'ERR_TENCH_IMAGE',
        cause,
      },
    );
  }
}

function inputOf(source: ImageSource): { input: string | Uint8Array; name: string | undefined } {
  if (typeof source === 'string') return { input: source, name: source };
  if (source instanceof Uint8Array) return { input: source, name: undefined };
  const { bytes, name } = Object(source) as Partial<NamedBytes>;
  if (bytes instanceof Uint8Array && typeof name === 'string') return { input: bytes, name };
  throw invalid('source', 'the path of an image file, the bytes of one, or { name, bytes }', source);
}

function formatOf({ space, channels, hasAlpha, depth, width, height }: Metadata): PixelFormat {
  const bits = depth === 'uchar' ? 8 : 16;
  if (space === 'cmyk') return { kind: 'cmyk', bits, width, height };
  const isGrey = space === 'b-w' || space === 'grey16' || channels < 3;
  return { kind: isGrey ? (hasAlpha ? 'greyAlpha' : 'grey') : 'rgb', bits, width, height };
}

/** What an image of no known header is taken to need: a photograph of a megapixel. */
const USUAL_BYTES = 2 ** 22;

/** About how many bytes the decoded image takes, from its header; 0 if there is nothing to read, which decoding then reports. */
export function decodedBytes(source: ImageSource): number {
  try {
    const format = readPixelFormat(inputOf(source).input);
    return format === undefined ? USUAL_BYTES : format.width * format.height * 4;
  } catch {
    return 0;
  }
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

/** sharp's and the file system's words, without the path that is named already. */
function reasonOf(cause: unknown, maxPixels: number): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || message.startsWith('Input file is missing')) return 'there is no such file';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EISDIR') return 'it is a folder';
  if (message.includes('pixel limit')) return `it has more pixels than the limit of ${maxPixels} (maxPixels)`;
  if (message.includes('unsupported image format')) return 'it is of no image format that can be read';
  if (message === 'Unknown error') return 'it is damaged';
  // libvips gathers warnings, often the same one several times, and ends with what stopped it.
  const lines = new Set(message.split('\n').map((line) => line.trim()));
  return [...lines]
    .filter((line) => line !== '')
    .slice(-3)
    .join('; ');
}
