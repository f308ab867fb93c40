/**
 * The cache folder, and how several processes make one folder in it exactly once.
 *
 * A folder in the cache is either absent or whole: it is built beside its place and renamed into it. Whoever builds
 * holds a lock file, so that others wait instead of doing the same work; correctness never hangs on the lock, only on
 * the rename.
 */

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import {
  constants,
  copyFile,
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  unlink,
  utimes,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const pollMs = 100;
const heartbeatMs = 5_000;
/** A lock whose owner cannot be looked up (another machine or container) counts as left behind after this silence. */
const abandonedMs = 60_000;

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

export interface LockOptions {
  /** Called once if another process holds the lock, before waiting for it. */
  onWait?: () => void;
  signal?: AbortSignal;
}

/**
 * Makes `folder` by `build` unless it is there already, and returns it. `build` fills the empty folder it is given;
 * that folder becomes `folder` only after `build` has succeeded and its files are on the disk. Concurrent calls, of
 * this or of other processes, wait for the first; what a killed process left behind is removed.
 *
 * @throws what `build` throws; nothing is left behind then
 */
export async function makeFolderOnce(
  folder: string,
  build: (temporary: string) => Promise<void>,
  options: LockOptions = {},
): Promise<string> {
  if (await isFolder(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  return withLock(
    folder,
    async () => {
      if (await isFolder(folder)) return folder;
      await removeLeftovers(folder);
      await buildBeside(folder, build);
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

/**
 * Runs `work` while this process alone holds `path + '.lock'`, and returns what `work` returns. The lock of a process
 * that no longer runs is taken over at once.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const lock = `${path}.lock`;
  const owner: Owner = {
    token: randomUUID(),
    pid: process.pid,
    started: startOf(process.pid) ?? '',
    space: processSpace(),
  };
  let waited = false;
  while (!(await tryLock(lock, owner))) {
    options.signal?.throwIfAborted();
    if (await takeOver(lock, owner.token)) continue;
    if (!waited) options.onWait?.();
    waited = true;
    await sleep(pollMs, undefined, { signal: options.signal });
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => undefined); // the lock only looks older than it is
  }, heartbeatMs);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if ((await readOwner(lock))?.token === owner.token) await rm(lock, { force: true });
  }
}

/**
 * Who holds a lock. A pid alone is not enough: pids are reused, and mean nothing outside their machine and namespace.
 */
interface Owner {
  token: string;
  pid: number;
  started: string;
  space: string;
}

async function tryLock(lock: string, owner: Owner): Promise<boolean> {
  try {
    const file = await open(lock, 'wx');
    try {
      await file.writeFile(JSON.stringify(owner));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes the lock if its owner is gone; true when it is worth trying again at once. The rename lets one of several
 * waiters win; should it catch a lock that was renewed in between, that lock is put back.
 */
async function takeOver(lock: string, token: string): Promise<boolean> {
  const owner = await readOwner(lock);
  if (!(await isAbandoned(lock, owner))) return false;
  const aside = `${lock}.${token}`;
  try {
    await rename(lock, aside);
    if ((await readOwner(aside))?.token !== owner?.token) await copyFile(aside, lock, constants.COPYFILE_EXCL);
    await unlink(aside);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  }
  return true;
}

async function isAbandoned(lock: string, owner: Owner | undefined): Promise<boolean> {
  if (owner?.space === processSpace()) {
    const started = startOf(owner.pid);
    return started === undefined || started !== owner.started;
  }
  try {
    return Date.now() - (await stat(lock)).mtimeMs > abandonedMs;
  } catch {
    return true; // released in the meantime
  }
}

/** The owner written in a lock; undefined where the file is gone, or not yet written. */
async function readOwner(lock: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(lock, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

/** When process `pid` started, in ticks after boot; undefined when it does not run (a zombie does not run). */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command, in parentheses, may itself hold spaces and parentheses. After it: state, ..., and starttime as 20th.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/**
 * Names the set of processes that our pids belong to: this boot of this machine, in this pid namespace. Where /proc does
 * not tell, the name is one that nobody else has, and locks are judged by their age alone.
 */
function processSpace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return randomUUID();
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
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

/** The `code` of a system error such as `ENOENT`, or undefined. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
