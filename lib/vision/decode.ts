/**
 * Decoding: from a file to an Image, by one rule for every format.
 *
 * The rule is what Pillow's `Image.open(path).convert(...)` does, and the EXIF orientation on top: grey stays one channel and a palette becomes
 * RGB; alpha is kept as the last channel and never blended; colour profiles are not applied; CMYK becomes RGB by (1 - ink)(1 - black); of 16 bits
 * the upper 8 are kept; of an animation the first frame. A colour that is said to be transparent (tRNS) gives alpha too. What lies under wholly
 * transparent pixels of a GIF is black.
 *
 * JPEG is decoded by libjpeg-turbo in the addon, several times as fast as through libvips; everything else (PNG, WebP, GIF, TIFF, AVIF, SVG) by
 * sharp, libvips with its codecs prebuilt for the platforms that matter. Where the addon was built without libjpeg-turbo, sharp decodes JPEG too.
 *
 * What is damaged is an error, not a picture with something made up in it; so are a file that has ended too early and a header that promises more
 * than the file can hold.
 */

import { needCount, needFlag, needOptions } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { Image, type Channels } from './image.js';
import { readPixelFormat } from './imageHeader.js';
import { ALL_THREADS, nativeImages } from './nativeImages.js';
import { decodeWithSharp } from './sharpDecoder.js';

export interface DecodeOptions {
  /** The largest number of pixels (width times height) that is decoded. Default 178,956,970, where Pillow suspects a bomb. */
  maxPixels?: number;
  /** Takes a file that has ended too early: what is missing is grey or black then. Default false. */
  allowTruncated?: boolean;
}

/** The bytes of an image file in memory, with a name for messages and for labelling by it. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What can be decoded: a file by its path, or the bytes of one. */
export type ImageSource = string | Uint8Array | NamedBytes;

/** Images that are decoded one by one share the threads with nobody. */
const DECODE_LANE = 0;

/** 2 x 1024^3 / 4 / 3, the limit at which Pillow refuses an image. */
export const DEFAULT_MAX_PIXELS = 178_956_970;

/**
 * Decodes an image file, or the bytes of one, which must not change meanwhile.
 *
 * @throws ArgumentError for a source that is none of the three; TenchError that names the path and the cause: missing, unreadable, truncated, damaged, too large, or of a format that is not read
 */
export async function decodeImage(source: ImageSource, options: DecodeOptions = {}): Promise<Image> {
  const { maxPixels, allowTruncated } = checkedDecoding('decodeImage', options);
  const { input, name } = inputOf(source);
  try {
    const decoded = await nativeImages.readImage(input, DECODE_LANE, ALL_THREADS, maxPixels, allowTruncated);
    if (decoded === null) return await decodeWithSharp(input, name, { maxPixels, allowTruncated });
    const [width, height, channels, data] = decoded;
    return new Image({ width, height, channels: channels as Channels, data: new Uint8Array(data), path: name });
  } catch (cause) {
    throw imageError(input, name, reasonOf(cause, maxPixels), cause);
  }
}

/** The error of an image that cannot be read: what it is, and why not. */
export function imageError(
  input: string | Uint8Array,
  name: string | undefined,
  reason: string,
  cause?: unknown,
): TenchError {
  const what = name ?? (typeof input === 'string' ? input : `in ${input.length} bytes`);
  return new TenchError(`cannot read the image ${what}: ${reason}`, { code: 'ERR_TENCH_IMAGE', cause });
}

/** The options of decoding, checked, with their defaults. */
export function checkedDecoding(where: string, options: DecodeOptions): Required<DecodeOptions> {
  needOptions(where, options);
  const { maxPixels = DEFAULT_MAX_PIXELS, allowTruncated = false } = options;
  return {
    maxPixels: needCount('maxPixels', maxPixels, 1),
    allowTruncated: needFlag('allowTruncated', allowTruncated),
  };
}

/** What the decoder is given, and its name if it has one. @throws ArgumentError for a source that is none of the three */
export function inputOf(source: ImageSource): { input: string | Uint8Array; name: string | undefined } {
  if (typeof source === 'string') return { input: source, name: source };
  if (source instanceof Uint8Array) return { input: source, name: undefined };
  const { bytes, name } = Object(source) as Partial<NamedBytes>;
  if (bytes instanceof Uint8Array && typeof name === 'string') return { input: bytes, name };
  throw invalid('source', 'the path of an image file, the bytes of one, or { name, bytes }', source);
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

/** sharp's and the file system's words, without the path that is named already. */
export function reasonOf(cause: unknown, maxPixels: number): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof TenchError) return message;
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
