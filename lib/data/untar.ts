/**
 * From a name, an address or an archive to a folder of files: fetched once, unpacked once, then found in the cache.
 */

import { createHash } from 'node:crypto';
import { readdir, realpath, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { unpackInto } from '../runtime/archive.js';
import { cacheFolder, makeFolderOnce } from '../runtime/cache.js';
import { downloadFile, type Progress } from '../runtime/download.js';
import { needCount, needFunction, needInRange, needInstance } from '../runtime/checks.js';
import { ArgumentError, TenchError, invalid } from '../runtime/errors.js';
import type { FileHash } from '../runtime/hash.js';
import { messageOf } from '../runtime/systemError.js';
import { needOptions } from '../tensor/types.js';
import { archiveAddress, findDataset, publishedDatasets } from './urls.js';

/** How far `untarData` is, in bytes of the archive. */
export interface UntarProgress extends Progress {
  stage: 'download' | 'unpack';
}

/** Options of {@link untarData}. */
export interface UntarOptions {
  onProgress?: (progress: UntarProgress) => void;
  /** Called once if another process is making the same folder, before waiting for it. */
  onWait?: () => void;
  /** Milliseconds without a byte after which a server counts as gone. Default 10,000. */
  silenceMs?: number;
  /** Limits for what comes out of the archive; defaults as for `unpackArchive`. */
  maxBytes?: number;
  maxEntries?: number;
  signal?: AbortSignal;
}

/**
 * Returns the folder of a data set, making it first if need be.
 *
 * @param source the name of a published data set (`imagenette-160`), an address (`URLs.IMAGENETTE_160`, any http, https
 *   or file address of an archive), or the path of a local archive (.tar, .tar.gz, .zip); a folder is returned as it is
 * @returns the one folder at the top of the archive, or the folder of all its content if there are several
 *
 * Archives are unpacked into `data` in the cache folder, under their address, or for a local archive under its path,
 * size and time, so that a changed archive is unpacked anew. A downloaded archive is deleted once unpacked. Calls at
 * the same time, also from several processes, share the work.
 *
 * @throws ArgumentError or TenchError as `downloadFile` and `unpackArchive` do; `ERR_TENCH_NOT_FOUND` if `source` is
 *   nothing of the above
 */
export async function untarData(source: string | URL, options: UntarOptions = {}): Promise<string> {
  if (typeof source !== 'string' && !(source instanceof URL))
    throw invalid('source', 'the name of a data set, an address or a path', source);
  checkOptions(options);
  const origin = originOf(String(source));
  if ('path' in origin) return fromPath(origin.path, options);
  return fromAddress(origin, options);
}

type Origin = { path: string } | { url: string; size?: number; hash?: FileHash };

function originOf(source: string): Origin {
  const dataset = findDataset(source);
  if (dataset) return { url: archiveAddress(dataset), size: dataset.size, hash: dataset.hash };
  if (!/^(https?:\/\/|file:)/i.test(source)) return { path: source };
  try {
    return /^file:/i.test(source) ? { path: fileURLToPath(source) } : { url: new URL(source).href };
  } catch (cause) {
    throw new ArgumentError(`expected an http, https or file address, but ${source} is none: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function checkOptions(options: UntarOptions): void {
  needOptions('untarData', options);
  const { onProgress, onWait, silenceMs, maxBytes, maxEntries, signal } = options;
  if (onProgress !== undefined) needFunction('onProgress', onProgress);
  if (onWait !== undefined) needFunction('onWait', onWait);
  if (silenceMs !== undefined) needInRange('silenceMs', silenceMs, { above: 0 });
  if (maxBytes !== undefined) needCount('maxBytes', maxBytes);
  if (maxEntries !== undefined) needCount('maxEntries', maxEntries);
  if (signal !== undefined) needInstance('signal', signal, AbortSignal);
}

async function fromPath(path: string, options: UntarOptions): Promise<string> {
  const status = await stat(path, { bigint: true }).catch((error: unknown) => {
    const names = publishedDatasets.map(({ name }) => name).join(', ');
    throw new TenchError(
      `cannot find ${path}: it is neither a folder, an archive, an address nor a published data set (${names})`,
      {
        code: 'ERR_TENCH_NOT_FOUND',
        cause: error,
      },
    );
  });
  if (status.isDirectory()) return path;
  const folder = dataFolder(path, `${await realpath(path)}\n${status.size}\n${status.mtimeNs}`);
  await makeFolderOnce(folder, (temporary) => unpackInto(path, temporary, unpacking(options)), options);
  return topFolder(folder);
}

async function fromAddress(
  origin: { url: string; size?: number; hash?: FileHash },
  options: UntarOptions,
): Promise<string> {
  const { url, size, hash } = origin;
  const name = nameIn(new URL(url)) || 'archive';
  const folder = dataFolder(name, url);
  const archive = join(cacheFolder(), 'archives', basename(folder));
  const { onProgress = () => undefined, silenceMs, signal } = options;
  await makeFolderOnce(
    folder,
    async (temporary) => {
      const downloading = {
        size,
        hash,
        silenceMs,
        signal,
        onProgress: (at: Progress) => onProgress({ stage: 'download', ...at }),
      };
      await downloadFile(url, archive, downloading);
      try {
        await unpackInto(archive, temporary, unpacking(options));
      } finally {
        // Whole or not an archive at all: in neither case is there a reason to keep it.
        await rm(archive, { force: true });
      }
    },
    options,
  );
  return topFolder(folder);
}

/** The last part of an address as people read it, or as it stands where its percent signs mean nothing. */
function nameIn({ pathname }: URL): string {
  const name = basename(pathname);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function unpacking({ onProgress = () => undefined, maxBytes, maxEntries, signal }: UntarOptions) {
  return { maxBytes, maxEntries, signal, onProgress: (at: Progress) => onProgress({ stage: 'unpack', ...at }) };
}

/** The place of one archive in the cache: readable, and different for different `identity`. */
function dataFolder(name: string, identity: string): string {
  const stem = basename(name)
    .replace(/\.(tar\.gz|tgz|tar|zip)$/i, '')
    .replace(/[^\w.-]+/g, '_')
    .slice(0, 80);
  return join(cacheFolder(), 'data', `${stem}-${createHash('sha256').update(identity).digest('hex').slice(0, 12)}`);
}

/** The single folder inside `folder`, or `folder` itself; what macOS adds to archives does not count. */
async function topFolder(folder: string): Promise<string> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(
    ({ name }) => name !== '__MACOSX' && !name.startsWith('.'),
  );
  const [first] = entries;
  return first?.isDirectory() && entries.length === 1 ? join(folder, first.name) : folder;
}
