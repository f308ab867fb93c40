/**
 * Reads a .zip file (a .whl is one) entry by entry.
 *
 * yauzl reads the central directory, as zip readers must, and checks sizes; names and checksums are looked at here.
 */

import type { Entry, ZipFile } from 'yauzl';

import { crc32 } from './crc32.js';
import { isExecutable, type EntryWriter } from './writer.js';

export interface ZipOptions {
  /** Called with the count of archive bytes read so far. */
  onRead: (received: number) => void;
  signal?: AbortSignal;
}

/**
 * Hands every entry of the zip file at `path` to `writer`.
 *
 * @throws Error if the archive is damaged or ends early, and what `writer` throws
 */
export async function readZip(path: string, writer: EntryWriter, options: ZipOptions): Promise<void> {
  const { getFileNameLowLevel, openPromise } = await import('yauzl');
  // decodeStrings would turn backslashes into slashes before anyone could object to them.
  const zip = await openPromise(path, { decodeStrings: false, validateEntrySizes: true, autoClose: false });
  let received = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      options.signal?.throwIfAborted();
      const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
      const mode = entry.externalFileAttributes >>> 16;
      checkKind(entry, name, mode, writer);
      if (name.endsWith('/')) {
        await writer.folder(name);
        continue;
      }
      const kept = { size: entry.uncompressedSize, executable: isExecutable(mode) };
      await writer.file(name, kept, contentOf(zip, entry, name));
      received += entry.compressedSize;
      options.onRead(received);
    }
  } finally {
    zip.close();
  }
}

/** Unix programs keep the kind of file in the upper half of the attributes; other programs leave it 0. */
function checkKind(entry: Entry, name: string, mode: number, writer: EntryWriter): void {
  const kind = mode & 0o170000;
  if (kind === 0o120000) throw writer.refuse(name, 'it is a link');
  if (kind !== 0 && kind !== 0o100000 && kind !== 0o040000)
    throw writer.refuse(name, 'it is neither a file nor a folder');
  if (entry.isEncrypted()) throw writer.refuse(name, 'it is encrypted');
}

/**
 * The entry's content, opened when it is first asked for: an open stream that nobody reads may fail with nobody to
 * tell.
 */
async function* contentOf(zip: ZipFile, entry: Entry, name: string): AsyncGenerator<Uint8Array> {
  let sum = 0;
  for await (const piece of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Uint8Array>) {
    sum = crc32(piece, sum);
    yield piece;
  }
  if (sum !== entry.crc32) throw new Error(`the checksum of ${JSON.stringify(name)} is wrong`);
}
