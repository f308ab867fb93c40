/**
 * Reads entries of a zip file into memory, from files that nobody vouches for.
 *
 * yauzl reads the directory, zip64 included. Names are only looked up, never used as paths. No two entries may share bytes, sizes must be
 * possible, checksums must agree, and what compressed entries unpack to has a limit.
 */

import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';

import type { Entry, ZipFile } from 'yauzl';

import { crc32 } from '../runtime/archives/crc32.js';
import { TenchError } from '../tensor/errors.js';
import type { Tensor } from '../tensor/index.js';
import { fromBytes } from './elements.js';
import { gather } from './pieces.js';
import { shown, type Source } from './source.js';

/** Deflate cannot do better: 258 bytes for two bits (RFC 1951). */
const largestRatio = 1032;
/** Header before an entry's bytes, without name and fields. */
const localHeaderBytes = 30;
const mostEntries = 1_000_000;

/** An open zip file. */
export class ZipReader {
  private constructor(
    private readonly source: Source,
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /**
   * Reads the directory and checks it.
   *
   * @param maxBytes what the compressed entries may unpack to, together; default 1 GiB or 32 times the file, whichever is more
   * @throws TenchError with code `ERR_TENCH_DAMAGED`
   */
  static async open(source: Source, maxBytes?: number): Promise<ZipReader> {
    try {
      const zip = await openZip(source);
      if (zip.entryCount > mostEntries) throw source.damaged(`it has ${zip.entryCount} entries`);
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) {
        if (entries.has(entry.fileName)) throw source.damaged(`it has the entry ${shown(entry.fileName)} twice`);
        entries.set(entry.fileName, entry);
      }
      checkDirectory(source, entries, maxBytes ?? Math.max(2 ** 30, 32 * source.size));
      return new ZipReader(source, zip, entries);
    } catch (error) {
      throw asDamage(source, error);
    }
  }

  get names(): IterableIterator<string> {
    return this.entries.keys();
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** Bytes of an entry when unpacked, as the directory says; undefined without such an entry. */
  sizeOf(name: string): number | undefined {
    return this.entries.get(name)?.uncompressedSize;
  }

  /** The content of an entry. */
  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const { source } = this;
    const entry = this.entries.get(name);
    if (entry === undefined) throw source.damaged(`it has no entry ${shown(name)}`);
    try {
      const { fileDataStart } = await this.zip.readLocalFileHeaderPromise(entry, { minimal: true });
      const stored = await source.read(fileDataStart, entry.compressedSize);
      const bytes = entry.compressionMethod === 0 ? stored : await inflate(stored, entry.uncompressedSize);
      if (bytes.length !== entry.uncompressedSize || crc32(bytes) !== entry.crc32) throw this.wrongChecksum(name);
      return bytes;
    } catch (error) {
      throw asDamage(source, error, `its entry ${shown(name)} cannot be unpacked`);
    }
  }

  /** The content of an entry as a tensor of uint8, which may be larger than a buffer. */
  async readTensor(name: string): Promise<Tensor> {
    const begin = await this.placeOf(name);
    const size = this.sizeOf(name)!;
    if (begin === null) return fromBytes(await this.read(name), 'uint8', [size]);
    let sum = 0;
    const tensor = await gather('uint8', [size], async (offset, count) => {
      const bytes = await this.source.read(begin + offset, count);
      sum = crc32(bytes, sum);
      return bytes;
    });
    if (sum !== this.entries.get(name)!.crc32) throw this.wrongChecksum(name);
    return tensor;
  }

  private wrongChecksum(name: string): TenchError {
    return this.source.damaged(`the checksum of its entry ${shown(name)} is wrong`);
  }

  /** Where the bytes of an entry lie in the file; null for one that is compressed. */
  async placeOf(name: string): Promise<number | null> {
    const entry = this.entries.get(name);
    if (entry?.compressionMethod !== 0) return null;
    try {
      return (await this.zip.readLocalFileHeaderPromise(entry, { minimal: true })).fileDataStart;
    } catch (error) {
      throw asDamage(this.source, error, `its entry ${shown(name)} cannot be found`);
    }
  }

  /** Checks the checksums of all entries, one at a time. */
  async verify(): Promise<void> {
    for (const name of this.entries.keys()) await this.readTensor(name);
  }
}

/** yauzl's own errors are plain ones; those of the source are typed already. */
function asDamage(source: Source, error: unknown, what?: string): TenchError {
  if (error instanceof TenchError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return source.damaged(what === undefined ? message : `${what}: ${message}`, error);
}

async function inflate(stored: Uint8Array, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await promisify(inflateRaw)(stored, { maxOutputLength: Math.max(size, 1) });
  return new Uint8Array(bytes);
}

function checkDirectory(source: Source, entries: ReadonlyMap<string, Entry>, maxBytes: number): void {
  let unpacked = 0;
  for (const [name, entry] of entries) {
    const { compressionMethod: method, compressedSize: stored, uncompressedSize: size } = entry;
    const refuse = (why: string): TenchError => source.damaged(`its entry ${shown(name)} ${why}`);
    if (entry.isEncrypted()) throw refuse('is encrypted');
    if (method !== 0 && method !== 8) throw refuse(`is compressed by method ${method}`);
    if (method === 0 && stored !== size) throw refuse(`has ${stored} bytes and claims ${size}`);
    if (method === 8 && size > stored * largestRatio) throw refuse(`claims ${size} bytes out of ${stored}`);
    if (method === 8) unpacked += size;
    if (unpacked > maxBytes)
      throw refuse(`makes the compressed entries exceed ${maxBytes} bytes; raise maxBytes if you trust the file`);
  }
  // Entries that share their bytes are how a small file unpacks to a huge one.
  const ordered = [...entries].sort(([, a], [, b]) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  let free = 0;
  for (const [name, entry] of ordered) {
    const begin = entry.relativeOffsetOfLocalHeader;
    if (begin < free) throw source.damaged(`its entry ${shown(name)} lies over another one`);
    free = begin + localHeaderBytes + entry.fileNameLength + entry.compressedSize;
  }
  if (free > source.size) throw source.damaged(`its entries end at byte ${free}`);
}

async function openZip(source: Source): Promise<ZipFile> {
  const { RandomAccessReader, fromRandomAccessReaderPromise } = await import('yauzl');

  /** How yauzl reads a source. */
  class SourceReader extends RandomAccessReader {
    override read(
      buffer: Buffer,
      offset: number,
      length: number,
      position: number,
      callback: (error: Error | null) => void,
    ): void {
      source.read(position, length).then(
        (bytes) => {
          buffer.set(bytes, offset);
          callback(null);
        },
        (error: unknown) => callback(error as Error),
      );
    }

    override _readStreamForRange(): never {
      throw new Error('entries are not read as streams');
    }
  }

  return fromRandomAccessReaderPromise(new SourceReader(), source.size, {
    decodeStrings: true,
    strictFileNames: true,
    validateEntrySizes: true,
    autoClose: false,
  });
}
