/** Text files as people have them: with or without a byte order mark, and never silently in the wrong encoding. */

import { readFileSync } from 'node:fs';

/**
 * Reads a text: UTF-8, or UTF-16 if it begins with a byte order mark, which is left out.
 *
 * @throws Error for bytes that are no text, where Node itself would put a replacement character
 */
export function readText(file: string): string {
  const bytes = readFileSync(file);
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`it is no ${encoding.toUpperCase()} text; convert it first`, { cause });
  }
}
