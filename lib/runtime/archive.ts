/**
 * Unpacks an archive that may be hostile into a folder that appears only when it is whole.
 */

import { open, readdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { readTar } from './archives/tar.js';
import { EntryWriter } from './archives/writer.js';
import { readZip } from './archives/zip.js';
import { buildBeside } from './cache.js';
import type { Progress } from './download.js';
import { TenchError } from './errors.js';
import { codeOf, messageOf } from './systemError.js';

export interface UnpackOptions {
  /** `received` counts the bytes of the archive that have been read, `total` is its size. */
  onProgress?: (progress: Progress) => void;
  /**
   * Most bytes that the unpacked files may have together. Default: 100 times the archive's size, but at least 1 GiB.
   */
  maxBytes?: number;
  /** Most files and folders. Default 2,000,000. */
  maxEntries?: number;
  signal?: AbortSignal;
}

type Format = 'tar' | 'tar.gz' | 'zip';

/**
 * Unpacks `archive` into the new folder `targetFolder` and returns `targetFolder`. The format (.tar, .tar.gz, .zip, and
 * so also .whl) is told by the content, never by the name. The folder appears in one step when all is written; it must
 * not exist before, or be empty.
 *
 * Refused are: paths that are absolute or hold `..` or a backslash, links of either kind, devices and pipes, a path
 * that occurs twice, encrypted entries, and more bytes or entries than the limits allow. Owners, times and permissions
 * other than "executable" are not kept.
 *
 * @throws TenchError naming the archive and, where one is to blame, the entry: code `ERR_TENCH_ARCHIVE`, or
 *   `ERR_TENCH_NOT_FOUND`, `ERR_TENCH_EXISTS`, `ERR_TENCH_NO_SPACE`; or the reason of `signal`. Nothing is left behind
 *   then.
 */
export async function unpackArchive(
  archive: string,
  targetFolder: string,
  options: UnpackOptions = {},
): Promise<string> {
  const folder = resolve(targetFolder);
  const there = await readdir(folder).catch(() => []);
  if (there.length > 0)
    throw new TenchError(`cannot unpack into ${folder}: it is there and not empty`, { code: 'ERR_TENCH_EXISTS' });
  await buildBeside(folder, (temporary) => unpackInto(archive, temporary, options));
  return targetFolder;
}

/**
 * Unpacks `archive` straight into the existing `folder`, for callers that make the folder whole themselves
 * (`makeFolderOnce`). Files that are there already are replaced, so that wheels may lie side by side; otherwise limits,
 * refusals and errors as for `unpackArchive`, but what was written before an error stays.
 */
export async function unpackInto(archive: string, folder: string, options: UnpackOptions = {}): Promise<void> {
  const { onProgress = () => undefined, signal, maxEntries = 2_000_000 } = options;
  const { format, size: total } = await look(archive);
  const maxBytes = options.maxBytes ?? Math.max(100 * total, 1024 ** 3);
  const writer = new EntryWriter(archive, folder, { maxBytes, maxEntries });
  const onRead = (received: number) => {
    onProgress({ received, total });
  };
  try {
    if (format === 'zip') await readZip(archive, writer, { onRead, signal });
    else await readTar(archive, writer, { gzip: format === 'tar.gz', onRead, signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw failure(error, archive, folder);
  }
}

/** The archive's size and format, or an error that says what the file is instead. */
async function look(archive: string): Promise<{ format: Format; size: number }> {
  const status = await stat(archive).catch(() => undefined);
  if (!status?.isFile()) {
    throw new TenchError(`cannot unpack ${archive}: there is no such file`, { code: 'ERR_TENCH_NOT_FOUND' });
  }
  const head = Buffer.alloc(Math.min(512, status.size));
  const file = await open(archive);
  try {
    await file.read(head, 0, head.length, 0);
  } finally {
    await file.close();
  }
  const format = formatOf(head);
  if (format) return { format, size: status.size };
  throw new TenchError(`cannot unpack ${archive}: it is ${kindOf(head)}, not a .tar, .tar.gz or .zip archive`, {
    code: 'ERR_TENCH_ARCHIVE',
  });
}

function formatOf(head: Buffer): Format | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'tar.gz';
  const start = head.toString('latin1', 0, 4);
  if (start === 'PK\x03\x04' || start === 'PK\x05\x06') return 'zip';
  return isTarHeader(head) ? 'tar' : undefined;
}

/**
 * A tar header holds, in octal, the sum of its own bytes with that field read as blanks; so do the oldest tar files.
 */
function isTarHeader(head: Buffer): boolean {
  if (head.length < 512) return false;
  const stored = parseInt(head.toString('latin1', 148, 156).replace(/\0/g, ' ').trim(), 8);
  const sum = head.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  return stored === sum;
}

const otherKinds: readonly [magic: string, kind: string][] = [
  ['BZh', 'compressed with bzip2'],
  ['\xfd7zXZ', 'compressed with xz'],
  ['\x28\xb5\x2f\xfd', 'compressed with zstd'],
  ['7z\xbc\xaf', 'a 7z archive'],
  ['Rar!', 'a RAR archive'],
  ['<', 'a web page or XML (perhaps the error page of a server)'],
];

function kindOf(head: Buffer): string {
  if (head.length === 0) return 'an empty file';
  const start = head.toString('latin1', 0, 8).trimStart();
  return otherKinds.find(([magic]) => start.startsWith(magic))?.[1] ?? 'of an unknown format';
}

function failure(error: unknown, archive: string, folder: string): Error {
  if (error instanceof TenchError) return error;
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TenchError(`cannot unpack ${archive}: no space left in ${folder}`, {
      code: 'ERR_TENCH_NO_SPACE',
      cause: error,
    });
  }
  // Only a system call that failed has a name; what the readers of formats throw has none.
  const ofDisk = error instanceof Error && 'syscall' in error;
  const why = ofDisk ? messageOf(error) : `it is damaged or incomplete (${messageOf(error)})`;
  return new TenchError(`cannot unpack ${archive}: ${why}`, { code: 'ERR_TENCH_ARCHIVE', cause: error });
}
