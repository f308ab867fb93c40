/** A file of tench's own: safetensors whose metadata hold a JSON text, the format's name and version, and a hash of everything. */

import { createHash } from 'node:crypto';

import { TenchError } from '../tensor/errors.js';
import { libtorchVersion, type Tensor } from '../tensor/index.js';
import { piecesOf } from './pieces.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';
import type { Apart } from './stateTree.js';

/** What a file is, for its metadata and for messages. */
export interface SealedFormat {
  /** `checkpoint` makes the format `tench-checkpoint-1` of version 1. */
  readonly name: string;
  readonly version: number;
  /** `checkpoint of tench`, for messages. */
  readonly what: string;
}

/** Writes a text and tensors atomically. @throws TenchError (`ERR_TENCH_WRITE`) that names the file and the cause */
export async function writeSealed(
  path: string,
  { name, version }: SealedFormat,
  { text, tensors }: Apart,
): Promise<void> {
  const libtorch = libtorchVersion();
  await writeSafetensors(path, tensors, {
    metadata: {
      format: `tench-${name}-${version}`,
      libtorch,
      sha256: hashOf(libtorch, text, tensors),
      state: text,
    },
  });
}

/**
 * Reads what `writeSealed` wrote; every bit is compared with the hash.
 *
 * @throws TenchError `ERR_TENCH_READ` where there is no file, `ERR_TENCH_DAMAGED` for one that is not as it was written or is something else,
 *   `ERR_TENCH_UNSUPPORTED` for a version that is newer than this tench
 */
export async function readSealed(path: string, format: SealedFormat): Promise<Apart> {
  const { tensors, metadata } = await readSafetensors(path, { mapped: false });
  const { format: given, libtorch = '', sha256, state: text } = metadata;
  const [, name, version] = /^tench-([a-z]+)-(\d{1,9})$/.exec(given ?? '') ?? [];
  if (name === format.name && Number(version) > format.version)
    throw new TenchError(
      `${path} was written by a newer tench: it is a ${format.what} of version ${version}, and this one reads up to ${format.version}`,
      { code: 'ERR_TENCH_UNSUPPORTED' },
    );
  if (name !== format.name || text === undefined) throw notWhole(path, format, 'it has another format');
  if (sha256 !== hashOf(libtorch, text, tensors)) throw notWhole(path, format, 'its contents differ from its hash');
  return { text, tensors };
}

/** The error for a file that is not as it was written. */
export function notWhole(path: string, { what }: SealedFormat, why: string, cause?: unknown): TenchError {
  return new TenchError(`${path} is not a whole ${what}: ${why}`, { code: 'ERR_TENCH_DAMAGED', cause });
}

function hashOf(libtorch: string, text: string, tensors: ReadonlyMap<string, Tensor>): string {
  const hash = createHash('sha256').update(JSON.stringify([libtorch, text]));
  for (const [name, value] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(JSON.stringify([name, value.dtype, value.shape]));
    for (const piece of piecesOf(value)) hash.update(piece);
  }
  return hash.digest('hex');
}
