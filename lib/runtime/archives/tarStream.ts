/** Reads the files of a tar archive one after another into memory, without writing any. */

import { open } from 'node:fs/promises';

import type { ReadEntry } from 'tar';

import { TenchError } from '../errors.js';
import { messageOf } from '../systemError.js';
import { readBytes } from './tar.js';

/** A file in an archive. */
export interface TarFile {
  /** Its path as the archive has it. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface TarStreamOptions {
  /** The largest file that is read; a header may promise anything, and a compressed archive keep it. */
  maxFileBytes: number;
  signal?: AbortSignal | undefined;
}

/**
 * The files of a .tar or .tar.gz archive (told by its content) in their order; folders are passed over. What has been read before damage is
 * found comes out before the error does.
 *
 * @throws TenchError (`ERR_TENCH_ARCHIVE`) that names archive and entry: damaged, ended early, a link, a device, a file larger than the limit;
 *   or the reason of `signal`
 */
export async function* tarFiles(path: string, { maxFileBytes, signal }: TarStreamOptions): AsyncGenerator<TarFile> {
  const { Parser } = await import('tar');
  const parser = new Parser({ strict: true });
  const files: TarFile[] = [];
  let place = 'before its first entry';
  let failure: { readonly cause: Error } | undefined;
  let complete = false as boolean; // events set both, which the compiler does not see
  const fail = (cause: Error): void => {
    failure ??= { cause };
  };
  const check = (): void => {
    if (failure !== undefined) throw failure.cause;
  };
  parser.on('error', fail);
  parser.on('eof', () => (complete = true));
  parser.on('ignoredEntry', (entry: ReadEntry) =>
    fail(new Error(`${JSON.stringify(entry.path)} is of the kind ${entry.type}`)),
  );
  parser.on('entry', (entry: ReadEntry) => {
    if (failure !== undefined) {
      entry.resume();
      return;
    }
    place = `in its entry ${JSON.stringify(entry.path)}`;
    const refusal = refusalOf(entry, maxFileBytes);
    if (refusal !== undefined) fail(new Error(refusal));
    const pieces: Buffer[] = [];
    entry.on('data', (piece) => pieces.push(piece));
    entry.on('end', () => {
      const bytes = Buffer.concat(pieces);
      // An entry that was cut off ends, too, before the parser says so.
      if (failure !== undefined || bytes.length !== entry.size) return;
      place = `after its entry ${JSON.stringify(entry.path)}`;
      if (entry.type !== 'Directory') files.push({ path: entry.path, bytes });
    });
  });

  try {
    const gzip = await isGzip(path);
    for await (const piece of readBytes(path, { gzip, signal, onRead: () => undefined })) {
      // Entries flow while they are written, so all that this piece completes is there afterwards.
      parser.write(piece);
      yield* files.splice(0);
      check();
    }
    parser.end();
    yield* files.splice(0);
    check();
    // A plain tar file has no checksum over the whole: its end marker is all that tells a cut between two entries.
    if (!complete) throw new Error('it ends without the end marker of a tar file');
  } catch (cause) {
    signal?.throwIfAborted();
    throw new TenchError(`cannot read ${path} any further ${place}: ${messageOf(cause)}`, {
      code: 'ERR_TENCH_ARCHIVE',
      cause,
    });
  }
}

function refusalOf(entry: ReadEntry, maxFileBytes: number): string | undefined {
  switch (entry.type) {
    case 'Directory':
      return undefined;
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      return entry.size > maxFileBytes ? `it has ${entry.size} bytes, above the limit of ${maxFileBytes}` : undefined;
    case 'Link':
    case 'SymbolicLink':
      return `it is a link to ${JSON.stringify(entry.linkpath ?? '')}`;
    default:
      return `it is of the kind ${entry.type}`;
  }
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}
