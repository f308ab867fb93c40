/**
 * Writes a zip file entry by entry.
 *
 * It is written here because PyTorch maps the tensors of its files, so that their bytes must begin at multiples of 64, and no zip library
 * lets its caller say where an entry's bytes begin. Everything else of the format that is not needed (encryption, times, comments) is left out;
 * sizes and places beyond 4 GiB are written as zip64 (APPNOTE.TXT 4.3 to 4.5).
 */

import { constants } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';

import { crc32 } from '../runtime/archives/crc32.js';
import { TenchError } from '../tensor/errors.js';

const pendingLimit = 1 << 20;
const most32 = 0xffff_ffff;
const most16 = 0xffff;
/** 1 January 1980, the first day that a zip file knows: the same content makes the same file. */
const day = 0x21;
/** The field that PyTorch pads with. */
const paddingField = 0x4246;

interface Written {
  readonly name: Buffer;
  readonly method: 0 | 8;
  readonly sum: number;
  readonly stored: number;
  readonly size: number;
  readonly offset: number;
}

/** An entry's content, which may be larger than a buffer. */
export interface Content {
  /** In bytes. */
  readonly size: number;
  /** The bytes from the beginning; called twice. */
  readonly pieces: () => Iterable<Uint8Array>;
}

/** One zip file, from its first entry to its directory. */
export class ZipWriter {
  private readonly entries: Written[] = [];
  private position = 0;
  /** Small pieces are written together: files of many thousand tensors are not rare. */
  private pending: Uint8Array[] = [];
  private pendingBytes = 0;

  /** @param alignment the bytes of entries that are not compressed begin at multiples of this */
  constructor(
    private readonly file: FileHandle,
    private readonly alignment = 1,
  ) {}

  async add(name: string, content: Uint8Array | Content, options: { compressed?: boolean } = {}): Promise<void> {
    const { size, pieces } =
      content instanceof Uint8Array ? { size: content.length, pieces: () => [content] } : content;
    // The checksum stands before the bytes, so they are gone through twice.
    let sum = 0;
    for (const piece of pieces()) sum = crc32(piece, sum);
    const compressed = options.compressed === true ? await deflate(name, size, pieces()) : null;
    const entry: Written = {
      name: Buffer.from(name),
      method: compressed === null ? 0 : 8,
      sum,
      stored: compressed?.length ?? size,
      size,
      offset: this.position,
    };
    this.entries.push(entry);
    await this.write(this.localHeader(entry));
    for (const piece of compressed === null ? pieces() : [compressed]) await this.write(piece);
  }

  /** Writes the directory; nothing can be added after it. */
  async end(): Promise<void> {
    const begin = this.position;
    await this.write(Buffer.concat(this.entries.map(directoryHeader)));
    const size = this.position - begin;
    const count = this.entries.length;
    if (count >= most16 || begin >= most32 || size >= most32)
      await this.write(largeEnd(count, size, begin, this.position));
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(Math.min(count, most16), 8);
    end.writeUInt16LE(Math.min(count, most16), 10);
    end.writeUInt32LE(Math.min(size, most32), 12);
    end.writeUInt32LE(Math.min(begin, most32), 16);
    await this.write(end);
    await this.flush();
  }

  private localHeader(entry: Written): Buffer {
    const large =
      entry.size >= most32 || entry.stored >= most32 ? largeField([entry.size, entry.stored]) : Buffer.alloc(0);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    writeFacts(header, 4, entry, large.length > 0);
    const unpadded = this.position + header.length + entry.name.length + large.length;
    const padding = entry.method === 0 ? paddingTo(this.alignment, unpadded) : Buffer.alloc(0);
    header.writeUInt16LE(large.length + padding.length, 28);
    return Buffer.concat([header, entry.name, large, padding]);
  }

  private async write(bytes: Uint8Array): Promise<void> {
    this.position += bytes.length;
    this.pending.push(bytes);
    this.pendingBytes += bytes.length;
    if (this.pendingBytes >= pendingLimit) await this.flush();
  }

  private async flush(): Promise<void> {
    const bytes = this.pending.length === 1 ? this.pending[0]! : Buffer.concat(this.pending);
    this.pending = [];
    this.pendingBytes = 0;
    await this.file.writeFile(bytes);
  }
}

async function deflate(name: string, size: number, pieces: Iterable<Uint8Array>): Promise<Uint8Array> {
  if (size > constants.MAX_LENGTH) throw new TenchError(`${name} has ${size} bytes, more than are compressed at once`);
  return promisify(deflateRaw)(Buffer.concat([...pieces]));
}

/** What the header before the bytes and the one in the directory have in common. */
function writeFacts(header: Buffer, at: number, entry: Written, large: boolean): void {
  header.writeUInt16LE(large ? 45 : 20, at);
  // The name is UTF-8.
  header.writeUInt16LE(0x800, at + 2);
  header.writeUInt16LE(entry.method, at + 4);
  header.writeUInt16LE(day, at + 8);
  header.writeUInt32LE(entry.sum, at + 10);
  header.writeUInt32LE(large ? most32 : entry.stored, at + 14);
  header.writeUInt32LE(large ? most32 : entry.size, at + 18);
  header.writeUInt16LE(entry.name.length, at + 22);
}

function directoryHeader(entry: Written): Buffer {
  const large = entry.size >= most32 || entry.stored >= most32;
  const far = entry.offset >= most32;
  const field =
    large || far
      ? largeField([...(large ? [entry.size, entry.stored] : []), ...(far ? [entry.offset] : [])])
      : Buffer.alloc(0);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(45, 4);
  writeFacts(header, 6, entry, large);
  header.writeUInt16LE(field.length, 30);
  header.writeUInt32LE(Math.min(entry.offset, most32), 42);
  return Buffer.concat([header, entry.name, field]);
}

/** The numbers that do not fit 32 bits. */
function largeField(values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + 8 * values.length);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, index) => field.writeBigUInt64LE(BigInt(value), 4 + 8 * index));
  return field;
}

/** A field that makes `position` a multiple of `alignment`. */
function paddingTo(alignment: number, position: number): Buffer {
  const short = (alignment - (position % alignment)) % alignment;
  if (short === 0) return Buffer.alloc(0);
  const length = short < 4 ? short + alignment * Math.ceil((4 - short) / alignment) : short;
  const field = Buffer.alloc(length);
  field.writeUInt16LE(paddingField, 0);
  field.writeUInt16LE(length - 4, 2);
  return field;
}

/** The end of the directory with numbers of 64 bits, and where it is. */
function largeEnd(count: number, size: number, begin: number, position: number): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(45, 12);
  end.writeUInt16LE(45, 14);
  end.writeBigUInt64LE(BigInt(count), 24);
  end.writeBigUInt64LE(BigInt(count), 32);
  end.writeBigUInt64LE(BigInt(size), 40);
  end.writeBigUInt64LE(BigInt(begin), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(position), 64);
  end.writeUInt32LE(1, 72);
  return end;
}
