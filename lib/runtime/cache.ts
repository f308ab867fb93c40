/**
 * The cache folder, and how several processes make one folder in it exactly once.
 *
 * A folder in the cache is either absent or whole: it is built beside its place and renamed into it. Whoever builds
 * holds a lock file, so that others wait instead of doing the same work; correctness never hangs on the lock, only on
 * the rename.
 */

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { TenchError } from './errors.js';
import { withLock, type LockOptions } from './lock.js';
import { codeOf, messageOf } from './systemError.js';

/**
 * The folder for everything that tench fetches or unpacks: `TENCH_CACHE`, else `tench` in the XDG cache folder
 * (`XDG_CACHE_HOME`, by default `~/.cache`). It need not exist yet.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { TENCH_CACHE, XDG_CACHE_HOME } = environment;
  if (TENCH_CACHE) return resolve(TENCH_CACHE);
  // The XDG specification tells programs to ignore a relative value.
  if (XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, 'tench');
  return join(homedir(), '.cache', 'tench');
}

/**
 * Makes `folder` by `build` unless it is there already, and returns it. `build` fills the empty folder it is given;
 * that folder becomes `folder` only after `build` has succeeded and its files are on the disk. Concurrent calls, of
 * this or of other processes, wait for the first; what a killed process left behind is removed.
 *
 * @throws TenchError with the code `ERR_TENCH_CACHE` if the folder around it cannot be made, and what `build` throws;
 *   nothing is left behind then
 */
export async function makeFolderOnce(
  folder: string,
  build: (temporary: string) => Promise<void>,
  options: LockOptions = {},
): Promise<string> {
  if (await isFolder(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true }).catch((error: unknown) => {
    const message = `cannot make the folder ${dirname(folder)}: ${messageOf(error)}; TENCH_CACHE can name another cache`;
    throw new TenchError(message, { code: 'ERR_TENCH_CACHE', cause: error });
  });
  return withLock(
    folder,
    async () => {
      if (await isFolder(folder)) return folder;
      await removeLeftovers(folder);
      await buildBeside(folder, build).catch(async (error: unknown) => {
        // Should the lock ever fail to keep another out, theirs is as good as ours.
        if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error;
        if (!(await isFolder(folder))) throw error;
      });
      return folder;
    },
    options,
  );
}

/** Builds `folder` in a temporary sibling and renames it into place; `folder` must be absent or empty. */
export async function buildBeside(folder: string, build: (temporary: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const temporary = `${folder}${leftoverMark}${randomUUID()}`;
  await mkdir(temporary);
  try {
    await build(temporary);
    await flushFolder(temporary);
    await rename(temporary, folder);
    await flushEntry(dirname(folder));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

const leftoverMark = '.partial-';

/** Removes what killed builds of `folder` left beside it. Only for the holder of its lock. */
async function removeLeftovers(folder: string): Promise<void> {
  const parent = dirname(folder);
  for (const name of await readdir(parent)) {
    if (name.startsWith(basename(folder) + leftoverMark))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

/**
 * Asks the disk to hold all of `folder`, so that no power loss after the rename leaves empty files that look finished.
 * One syncfs(2), which Node lacks, is far quicker than an fsync for each of ten thousand files; without the command we
 * go on.
 */
async function flushFolder(folder: string): Promise<void> {
  await promisify(execFile)('sync', ['-f', folder]).catch(() => undefined);
}

/** Makes a rename or a new name inside `folder` durable. */
export async function flushEntry(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (codeOf(error) !== 'EINVAL') throw error; // some file systems cannot flush a folder
  } finally {
    await handle.close();
  }
}
