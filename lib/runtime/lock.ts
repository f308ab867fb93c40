/**
 * A lock between processes that outlives none of them: whoever dies leaves it to the next.
 */

import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { codeOf } from './systemError.js';

const pollMs = 100;
const heartbeatMs = 5_000;
/** A lock whose owner cannot be looked up (another machine or container) counts as left behind after this silence. */
const abandonedMs = 60_000;

export interface LockOptions {
  /** Called once if another process holds the lock, before waiting for it. */
  onWait?: () => void;
  signal?: AbortSignal;
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
    if (await takeOver(lock, options.signal)) continue;
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
 * Removes a lock whose owner has gone; true when it is worth trying again at once. Between a look at a lock and its removal others may have removed
 * it and taken a new one, so whoever removes it holds another lock meanwhile, which is named after the owner that has gone.
 */
async function takeOver(lock: string, signal?: AbortSignal): Promise<boolean> {
  const seen = await look(lock);
  if (seen.state !== 'left') return seen.state === 'free';
  const removeIfStillThere = async (): Promise<void> => {
    const now = await look(lock);
    if (now.state === 'left' && now.token === seen.token) await rm(lock, { force: true });
  };
  await withLock(`${lock}.${seen.token}`, removeIfStillThere, { signal });
  return true;
}

/** How a lock is found: free, held by somebody, or left behind by an owner who has gone. */
type Look = { state: 'free' | 'held' } | { state: 'left'; token: string };

async function look(lock: string): Promise<Look> {
  const owner = await readOwner(lock);
  const left: Look = { state: 'left', token: owner?.token ?? 'nobody' };
  if (owner?.space === processSpace()) return startOf(owner.pid) === owner.started ? { state: 'held' } : left;
  try {
    return Date.now() - (await stat(lock)).mtimeMs > abandonedMs ? left : { state: 'held' };
  } catch {
    return { state: 'free' };
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
