/**
 * Reads a .tar or .tar.gz stream entry by entry.
 *
 * Parsing is node-tar's (long names, PAX headers, old formats); writing is not, because its unpacker skips or rewrites
 * unsafe entries with a warning, and here they are errors. Decompression is zlib's own, which notices a cut and a wrong
 * checksum.
 */

import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';

import type { ReadEntry } from 'tar';

import { isExecutable, type EntryWriter } from './writer.js';

export interface TarOptions {
  gzip: boolean;
  /** Called with the count of archive bytes read so far. */
  onRead: (received: number) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Hands every entry of the tar file at `path` to `writer`.
 *
 * @throws Error if the archive is damaged or ends early, and what `writer` throws
 */
export async function readTar(path: string, writer: EntryWriter, options: TarOptions): Promise<void> {
  const { Parser } = await import('tar');
  const parser = new Parser({ strict: true });
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined); // it is raced below; on success nobody else looks at it

  let writing = Promise.resolve();
  let current: ReadEntry | undefined;
  let complete = false as boolean; // an event sets it, which the compiler does not see
  parser.on('error', fail);
  parser.on('eof', () => (complete = true));
  parser.on('ignoredEntry', (entry: ReadEntry) => {
    fail(writer.refuse(entry.path, `it is of the kind ${entry.type}`));
  });
  // The parser hands out one entry after the other, each when the one before has been read; its file may still be open
  // then.
  parser.on('entry', (entry: ReadEntry) => {
    current = entry;
    writing = writing.then(() => writeEntry(entry, writer));
    writing.catch(fail);
  });

  try {
    for await (const piece of readBytes(path, options)) {
      if (!parser.write(piece)) await Promise.race([once(parser, 'drain'), failed]);
    }
    const ended = once(parser, 'end');
    parser.end();
    await Promise.race([ended, failed]);
    await writing;
  } catch (error) {
    // Nothing may be written any more when the caller cleans up.
    current?.destroy();
    await writing.catch(() => undefined);
    throw error;
  }
  // A plain tar file has no checksum over the whole: its end marker is all that tells a cut between two entries.
  if (!complete) throw new Error('it ends without the end marker of a tar file');
}

/** The bytes of the archive, decompressed. */
export async function* readBytes(path: string, { gzip, onRead, signal }: TarOptions): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 1 << 18, signal });
  let received = 0;
  file.on('data', (piece) => {
    received += piece.length;
    onRead(received);
  });
  if (!gzip) {
    yield* file as AsyncIterable<Buffer>;
    return;
  }
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  file.on('error', (error) => gunzip.destroy(error));
  try {
    yield* file.pipe(gunzip) as AsyncIterable<Buffer>;
  } finally {
    file.destroy();
  }
}

/**
 * The entry's content. Asking a destroyed entry for more would wait for ever, so it is looked at before every piece.
 */
async function* bodyOf(entry: ReadEntry): AsyncGenerator<Buffer> {
  const pieces = entry[Symbol.asyncIterator]();
  while (!entry.destroyed) {
    const { done, value } = await pieces.next();
    if (done) return;
    yield value;
  }
  throw new Error('reading has stopped');
}

async function writeEntry(entry: ReadEntry, writer: EntryWriter): Promise<void> {
  switch (entry.type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      await writer.file(entry.path, { size: entry.size, executable: isExecutable(entry.mode ?? 0) }, bodyOf(entry));
      return;
    case 'Directory':
      await writer.folder(entry.path);
      entry.resume();
      return;
    case 'Link':
    case 'SymbolicLink':
      throw writer.refuse(entry.path, `it is a link to ${JSON.stringify(entry.linkpath ?? '')}`);
    default:
      throw writer.refuse(entry.path, `it is of the kind ${entry.type}`);
  }
}
