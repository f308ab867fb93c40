/**
 * Digests of files, as publishers give them.
 */

import { createHash, getHashes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import { invalid } from './errors.js';

/** A published digest, e.g. `{ algorithm: 'md5', hex: '...' }`; the algorithm is any that `node:crypto` knows. */
export interface FileHash {
  algorithm: string;
  hex: string;
}

/** The digest of a file's content, in hexadecimal. */
export async function hashFile(path: string, algorithm = 'sha256'): Promise<string> {
  const hash = createHash(algorithm);
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** Whether `path` is a file with this digest. */
export async function hasHash(path: string, hash: FileHash): Promise<boolean> {
  const status = await stat(path).catch(() => undefined);
  return status?.isFile() === true && (await hashFile(path, hash.algorithm)) === hash.hex;
}

export function sha256Hash(hex: string | undefined): FileHash | undefined {
  return hex === undefined ? undefined : { algorithm: 'sha256', hex };
}

/**
 * The digest in lower case, after a look at its form: a mistyped one should not be found out after a long download.
 *
 * @throws ArgumentError for an unknown algorithm or a digest that is not one of it
 */
export function checkedHash(hash: FileHash | undefined): FileHash | undefined {
  if (!hash) return undefined;
  if (!getHashes().includes(hash.algorithm))
    throw invalid('hash.algorithm', 'a digest that node:crypto knows', hash.algorithm);
  const { length } = createHash(hash.algorithm).digest('hex');
  if (!/^[0-9a-f]+$/i.test(hash.hex) || hash.hex.length !== length)
    throw invalid('hash.hex', `${length} hexadecimal digits`, hash.hex);
  return { algorithm: hash.algorithm, hex: hash.hex.toLowerCase() };
}
