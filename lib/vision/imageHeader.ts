/** The first bytes of a JPEG or PNG file say how its pixels are stored, long before they are decoded. */

import { closeSync, openSync, readSync } from 'node:fs';

/** What the file's own pixels are. */
export interface PixelFormat {
  readonly width: number;
  readonly height: number;
  readonly kind: 'grey' | 'greyAlpha' | 'rgb' | 'palette' | 'rgbAlpha' | 'cmyk';
  /** Bits a sample. */
  readonly bits: number;
  readonly isJpeg: boolean;
}

const WINDOW = 4096;

/**
 * Reads the pixel format of a JPEG or PNG, from a file or from its bytes.
 *
 * This reads in place, since asking the decoder costs a fifth of a decode and a file's first page is in the cache by then.
 *
 * @returns undefined for any other format, and for one that is damaged before its format: the decoder has the better words for that
 * @throws the file system's error for a file that cannot be read
 */
export function readPixelFormat(source: string | Uint8Array): PixelFormat | undefined {
  return withReader(source, formatIn);
}

function beginningOf(source: string | Uint8Array): Buffer {
  return withReader(source, (read) => read(0));
}

/** Calls a function with one that reads a window of a file, from a position on; it is good until the next read. */
function withReader<R>(source: string | Uint8Array, use: (read: (position: number) => Buffer) => R): R {
  if (typeof source !== 'string') {
    const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
    return use((position) => bytes.subarray(position, position + WINDOW));
  }
  const file = openSync(source, 'r');
  try {
    const window = Buffer.allocUnsafe(WINDOW);
    return use((position) => window.subarray(0, readSync(file, window, 0, WINDOW, position)));
  } finally {
    closeSync(file);
  }
}

function formatIn(read: (position: number) => Buffer): PixelFormat | undefined {
  const start = read(0);
  if (start.length > 25 && start.readUInt32BE(0) === 0x89504e47) return pngFormat(start, read);
  if (start.length > 3 && start[0] === 0xff && start[1] === 0xd8) return jpegFormat(start, read);
  return undefined;
}

/**
 * Whether a file is an AVIF whose images are all monochrome (its alpha always is); libvips makes three channels of one.
 *
 * By the configuration records of AV1 (AV1 Codec ISO Media File Format Binding, 2.3.3), which stand in the file's first box.
 */
export function isGreyAvif(source: string | Uint8Array): boolean {
  const start = beginningOf(source);
  if (start.length < 12 || start.toString('latin1', 4, 12) !== 'ftypavif') return false;
  const records: number[] = [];
  for (let at = start.indexOf('av1C'); at >= 0; at = start.indexOf('av1C', at + 4)) records.push(at);
  return records.length > 0 && records.every((at) => ((start[at + 6] ?? 0) & MONOCHROME) !== 0);
}

/** The bit in the third byte of such a record. */
const MONOCHROME = 0x10;

/** By the colour type of the header chunk (PNG specification, 11.2.2), and by whether one grey is said to be transparent. */
function pngFormat(start: Buffer, read: (position: number) => Buffer): PixelFormat | undefined {
  const kind = ({ 0: 'grey', 2: 'rgb', 3: 'palette', 4: 'greyAlpha', 6: 'rgbAlpha' } as const)[start[25]!];
  if (kind === undefined) return undefined;
  const format = { bits: start[24]!, width: start.readUInt32BE(16), height: start.readUInt32BE(20), isJpeg: false };
  return { kind: kind === 'grey' && hasTransparency(read) ? 'greyAlpha' : kind, ...format };
}

/** No honest file has so many before its pixels; a hostile one could keep the search going for minutes. */
const MOST_CHUNKS = 1000;

/** Looks for the chunk tRNS, which comes before the pixels. */
function hasTransparency(read: (position: number) => Buffer): boolean {
  let windowAt = 0;
  let window = read(0);
  for (let at = 8, chunks = 0; chunks < MOST_CHUNKS; chunks++) {
    if (at + 8 > windowAt + window.length) {
      window = read(at);
      windowAt = at;
      if (window.length < 8) return false;
    }
    const chunk = window.subarray(at - windowAt);
    const name = chunk.toString('latin1', 4, 8);
    if (name === 'tRNS' || name === 'IDAT') return name === 'tRNS';
    at += 12 + chunk.readUInt32BE(0);
  }
  return false;
}

/** Walks over segments to the frame header (ITU T.81, B.2.2), which may lie behind long profiles and previews. */
function jpegFormat(start: Buffer, read: (position: number) => Buffer): PixelFormat | undefined {
  let window = start;
  let windowAt = 0;
  let at = 2;
  for (;;) {
    if (at + 10 > windowAt + window.length) {
      window = read(at);
      windowAt = at;
      if (window.length < 10) return undefined;
    }
    const segment = window.subarray(at - windowAt);
    if (segment[0] !== 0xff) return undefined;
    const marker = segment[1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      const kind = ({ 1: 'grey', 3: 'rgb', 4: 'cmyk' } as const)[segment[9]!];
      if (kind === undefined) return undefined;
      return {
        kind,
        bits: segment[4]!,
        width: segment.readUInt16BE(7),
        height: segment.readUInt16BE(5),
        isJpeg: true,
      };
    }
    const hasNoLength = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    if (marker === 0xd9 || marker === 0xda) return undefined;
    at += hasNoLength ? 2 : 2 + segment.readUInt16BE(2);
  }
}
