/**
 * Fetches one file: resumed after a break, checked, and in its place only when it is whole.
 *
 * The bytes gather in `target.part`; beside it, `target.part.json` remembers which version of which address they come
 * from, so that a later call may ask for the rest, and only for the rest of the same version (RFC 9110, Range and
 * If-Range).
 */

import { statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Dispatcher } from 'undici';

import { flushEntry } from './cache.js';
import { TenchError, invalid } from './errors.js';
import { checkedHash, hasHash, hashFile, sha256Hash, type FileHash } from './hash.js';
import { withLock } from './lock.js';
import {
  SourceError,
  openConnections,
  openSource,
  rangeCondition,
  withoutCredentials,
  type Source,
  type Version,
} from './source.js';
import { codeOf, messageOf } from './systemError.js';

export type { FileHash } from './hash.js';

/** How far a download or an unpacking is, in bytes; `total` is absent where nobody has said it. */
export interface Progress {
  received: number;
  total?: number;
}

export interface DownloadOptions {
  /** The published size in bytes; what arrives must have it. */
  size?: number;
  /** The published SHA-256 in hexadecimal: short for `hash: { algorithm: 'sha256', hex }`. */
  sha256?: string;
  hash?: FileHash;
  /** Called after every piece that arrives. */
  onProgress?: (progress: Progress) => void;
  /** Milliseconds without a byte after which the server counts as gone. Default 10,000. */
  silenceMs?: number;
  /** Tries in a row, after the first, that may bring nothing new before the download fails. Default 3. */
  retries?: number;
  signal?: AbortSignal;
}

/** What one call works on. */
interface Job {
  url: URL;
  /** The address without a password that it may hold. */
  name: string;
  part: string;
  sidecar: string;
  size?: number;
  onProgress: (progress: Progress) => void;
  silenceMs: number;
  signal?: AbortSignal;
  connections: Dispatcher;
}

/**
 * Downloads `url` (http, https or file) to the path `target`, replacing what is there, and returns `target`. Its folder
 * is made if need be. A `target` that already has the given hash is kept without asking the server.
 *
 * A break is resumed where the server allows it, in this call and in a later one, also after the process was killed.
 * Redirects are followed and proxy variables honoured; a name and password in the address are sent to its own server
 * only, and never shown. Two processes may ask for the same target: one downloads, the other waits and takes its file.
 *
 * @throws TenchError naming the address and the cause: code `ERR_TENCH_NOT_FOUND` for a missing file,
 *   `ERR_TENCH_SILENT` for a server that stops answering, `ERR_TENCH_MISMATCH` for a wrong size or hash (what arrived
 *   is deleted then), `ERR_TENCH_NO_SPACE` for a full disk, else `ERR_TENCH_DOWNLOAD`; or the reason of `signal`
 */
export async function downloadFile(url: string | URL, target: string, options: DownloadOptions = {}): Promise<string> {
  const address = parseAddress(url);
  const hash = checkedHash(options.hash ?? sha256Hash(options.sha256));
  const { size, signal, silenceMs = 10_000, retries = 3, onProgress = () => undefined } = options;
  if (!(silenceMs > 0)) throw invalid('silenceMs', 'a number above 0', silenceMs);
  if (!Number.isInteger(retries) || retries < 0) throw invalid('retries', 'a whole number of at least 0', retries);
  const before = versionOf(target);
  if (hash && (await hasHash(target, hash))) return target;

  await mkdir(dirname(target), { recursive: true });
  return withLock(
    target,
    async () => {
      // Whoever held the lock since this call began wanted the same file.
      if (versionOf(target) !== before && (!hash || (await hasHash(target, hash)))) return target;
      const job: Job = {
        url: address,
        name: withoutCredentials(address).href,
        part: `${target}.part`,
        sidecar: `${target}.part.json`,
        size,
        onProgress,
        silenceMs,
        signal,
        connections: await openConnections(),
      };
      try {
        await gather(job, retries);
        if (hash) await checkHash(job, hash);
        await rename(job.part, target);
        await rm(job.sidecar, { force: true });
        await flushEntry(dirname(target));
        return target;
      } catch (error) {
        signal?.throwIfAborted();
        throw await failure(error, job);
      } finally {
        await job.connections.destroy();
      }
    },
    { signal },
  );
}

/** Tries until the part file is whole; gives up after `retries` tries in a row that brought nothing new. */
async function gather(job: Job, retries: number): Promise<void> {
  let most = await sizeOf(job.part);
  for (let fruitless = 0; ;) {
    try {
      await attempt(job);
      return;
    } catch (error) {
      job.signal?.throwIfAborted();
      if (!isPassing(error)) throw error;
      const have = await sizeOf(job.part);
      // A server that has never sent a byte is not there: the user should not wait for it several times.
      if (have === 0 && most === 0 && error instanceof SilenceError) throw error;
      fruitless = have > most ? 0 : fruitless + 1;
      most = Math.max(have, most);
      if (fruitless > retries) throw error;
      await sleep(Math.min(250 * 2 ** fruitless, 8_000), undefined, { signal: job.signal });
    }
  }
}

/** One request: appends what it brings to the part file, and returns only if the part is whole. */
async function attempt(job: Job): Promise<void> {
  const { offset, version } = await keptPart(job);
  const watch = watchSilence(job.silenceMs, job.signal);
  try {
    const source = await openSource(job.url, { connections: job.connections, offset, version, signal: watch.signal });
    checkTotal(job, source.total);
    await checkSpace(job, source);
    await writeFile(job.sidecar, JSON.stringify({ url: job.name, ...source.version }));
    await append(job, source, watch.alive);
  } catch (error) {
    throw watch.silent() ? new SilenceError(job.silenceMs) : error;
  } finally {
    watch.end();
  }
}

async function append(job: Job, source: Source, alive: () => void): Promise<void> {
  const total = source.total ?? job.size;
  let received = source.start;
  const file = await open(job.part, received > 0 ? 'a' : 'w');
  try {
    for await (const piece of source.body) {
      alive();
      await file.writeFile(piece);
      received += piece.length;
      if (total !== undefined && received > total) throw mismatch(`more than the expected ${total} bytes arrived`);
      job.onProgress({ received, total });
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (total !== undefined && received < total) {
    throw new SourceError(`the server ended after ${received} of ${total} bytes`, {
      code: 'ERR_TENCH_DOWNLOAD',
      passing: true,
    });
  }
}

/** Where to go on: the size and version of a part that came from the same address, or 0. */
async function keptPart(job: Job): Promise<{ offset: number; version: Version }> {
  try {
    const { url, etag, lastModified } = JSON.parse(await readFile(job.sidecar, 'utf8')) as Version & { url?: string };
    const version = { etag, lastModified };
    if (url === job.name && rangeCondition(version)) return { offset: await sizeOf(job.part), version };
  } catch {
    // no part, or a sidecar that was cut short: begin anew
  }
  return { offset: 0, version: {} };
}

/** A silence has so many parts with a look at the network between them: while the machine slept or was too busy for us, nobody was silent. */
const silenceParts = 10;

/** A signal that fires when nothing has come for `silenceMs`, or with the caller's own. */
function watchSilence(silenceMs: number, outer?: AbortSignal) {
  const controller = new AbortController();
  let quietParts = 0;
  const timer = setInterval(() => {
    if (++quietParts === silenceParts) controller.abort();
  }, silenceMs / silenceParts);
  return {
    signal: outer ? AbortSignal.any([controller.signal, outer]) : controller.signal,
    alive: () => {
      quietParts = 0;
      timer.refresh();
    },
    silent: () => quietParts >= silenceParts,
    /** Also lets go of an answer that nobody has read to its end. */
    end: () => {
      clearInterval(timer);
      controller.abort();
    },
  };
}

class SilenceError extends SourceError {
  constructor(silenceMs: number) {
    super(`the server sent nothing for ${silenceMs / 1000} s`, { code: 'ERR_TENCH_SILENT', passing: true });
  }
}

/** System errors of the network pass; those of the disk and our own verdicts do not. */
function isPassing(error: unknown): boolean {
  if (error instanceof TenchError) return error instanceof SourceError && error.passing;
  return !['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EIO', 'EISDIR', 'ENOENT'].includes(codeOf(error) ?? '');
}

function checkTotal(job: Job, total: number | undefined): void {
  if (job.size !== undefined && total !== undefined && total !== job.size) {
    throw mismatch(`expected ${job.size} bytes but the server offers ${total}`);
  }
}

/** Says at once, not after an hour, that the disk is too small. */
async function checkSpace(job: Job, source: Source): Promise<void> {
  const total = source.total ?? job.size;
  if (total === undefined) return;
  const { bavail, blocks, bsize } = await statfs(dirname(job.part));
  if (blocks === 0) return; // some network file systems do not tell
  const missing = total - source.start - bavail * bsize;
  if (missing > 0) throw noSpace(job, `${missing} more bytes are needed`);
}

async function checkHash(job: Job, expected: FileHash): Promise<void> {
  const received = await hashFile(job.part, expected.algorithm);
  if (received !== expected.hex) {
    throw mismatch(`expected the ${expected.algorithm} ${expected.hex} but received ${received}`);
  }
}

function mismatch(message: string): TenchError {
  return new TenchError(message, { code: 'ERR_TENCH_MISMATCH' });
}

function noSpace(job: Job, detail: string): TenchError {
  return new TenchError(`no space left in ${dirname(job.part)}: ${detail}`, { code: 'ERR_TENCH_NO_SPACE' });
}

/** The error for the user: the address first, then the cause and what is left. Bytes known to be wrong are deleted. */
async function failure(error: unknown, job: Job): Promise<TenchError> {
  let cause = error;
  if (codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT') cause = noSpace(job, 'the disk is full');
  const code = cause instanceof TenchError ? cause.code : 'ERR_TENCH_DOWNLOAD';
  if (code === 'ERR_TENCH_MISMATCH')
    await Promise.all([rm(job.part, { force: true }), rm(job.sidecar, { force: true })]);
  const kept = await sizeOf(job.part);
  const advice =
    kept > 0 ? `; the ${kept} bytes that came are kept, and the next try goes on from there if the server can` : '';
  return new TenchError(`cannot download ${job.name}: ${messageOf(cause)}${advice}`, { code, cause: error });
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (status) => status.size,
    () => 0,
  );
}

/** Tells a file from any other that has its path at another time. */
function versionOf(path: string): string {
  try {
    const { ino, mtimeNs } = statSync(path, { bigint: true });
    return `${ino} ${mtimeNs}`;
  } catch {
    return '';
  }
}

function parseAddress(url: string | URL): URL {
  const address = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (!address || !/^(https?|file):$/.test(address.protocol))
    throw invalid('url', 'an http, https or file address', String(url));
  return address;
}
