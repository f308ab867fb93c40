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
  if (typeof source !== 'string') {
    const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
    return formatIn((position) => bytes.subarray(position, position + WINDOW));
  }
  const file = openSync(source, 'r');
  try {
    const window = Buffer.allocUnsafe(WINDOW);
    return formatIn((position) => window.subarray(0, readSync(file, window, 0, WINDOW, position)));
  } finally {
    closeSync(file);
  }
}

function formatIn(read: (position: number) => Buffer): PixelFormat | undefined {
  const start = read(0);
  if (start.length > 25 && start.readUInt32BE(0) === 0x89504e47) return pngFormat(start);
  if (start.length > 3 && start[0] === 0xff && start[1] === 0xd8) return jpegFormat(start, read);
  return undefined;
}

/** By the colour type of the header chunk (PNG specification, 11.2.2). */
function pngFormat(start: Buffer): PixelFormat | undefined {
  const kind = ({ 0: 'grey', 2: 'rgb', 3: 'palette', 4: 'greyAlpha', 6: 'rgbAlpha' } as const)[start[25]!];
  if (kind === undefined) return undefined;
  return { kind, bits: start[24]!, width: start.readUInt32BE(16), height: start.readUInt32BE(20), isJpeg: false };
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
