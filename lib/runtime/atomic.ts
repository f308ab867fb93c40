/** A file is written whole or not at all: beside its place first, flushed to the disk, then renamed over it. */

import { randomUUID } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { needFunction, needPath } from './checks.js';
import { TenchError } from './errors.js';
import { isSystemError } from './systemError.js';

/**
 * Writes a file atomically: at any moment, also after a crash, `path` is what it was before or what `write` has written.
 *
 * @param write fills the open file; when it throws, `path` stays as it was
 * @throws TenchError that names the file and the cause (a missing folder, no permission, a full disk)
 */
export async function writeAtomically(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  needPath('path', path, 'the path of a file');
  needFunction('write', write);
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw isSystemError(error)
      ? new TenchError(`cannot write ${path}: ${error.message}`, { code: 'ERR_TENCH_WRITE', cause: error })
      : error;
  }
  await flushFolder(folder);
}

/** A rename is only on the disk when the folder is; file systems that cannot flush a folder are left alone. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
