/** Files that are damaged inside but whole outside: checksums and lengths are made to fit again, so that readers go on to what they hold. */

import { open, readFile } from 'node:fs/promises';

import { Source } from '../../../lib/io/source.js';
import { ZipReader } from '../../../lib/io/zipReader.js';
import { ZipWriter } from '../../../lib/io/zipWriter.js';
import { damage, type Change } from './damage.js';

export type Entry = readonly [name: string, content: Uint8Array];

/** PyTorch maps storages at multiples of this. */
const alignment = 64;

/** The entries of a zip file. */
export async function entriesOf(path: string): Promise<Entry[]> {
  return Source.using(path, 'a zip file', async (source) => {
    const zip = await ZipReader.open(source);
    return Promise.all([...zip.names].map(async (name): Promise<Entry> => [name, await zip.read(name)]));
  });
}

/** Writes a zip file with its nth entry damaged, counted beyond the last from the first again, and the checksum that this one has then. */
export async function resealZip(
  entries: readonly Entry[],
  path: string,
  nth: number,
  changes: readonly Change[],
): Promise<void> {
  const file = await open(path, 'w');
  try {
    const zip = new ZipWriter(file, alignment);
    for (const [i, [name, content]] of entries.entries())
      await zip.add(name, i === nth % entries.length ? damage(content, changes) : content, {
        compressed: nth % 3 === 2,
      });
    await zip.end();
  } finally {
    await file.close();
  }
}

/** Damages the header of safetensors, and says its new length. */
export async function resealSafetensors(path: string, changes: readonly Change[]): Promise<Buffer> {
  const bytes = await readFile(path);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const header = damage(bytes.subarray(8, end), changes);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, bytes.subarray(end)]);
}

/** Damages the header of version 1 of a .npy file, and says its new length. */
export async function resealNpy(path: string, changes: readonly Change[]): Promise<Buffer> {
  const bytes = await readFile(path);
  const end = 10 + bytes.readUInt16LE(8);
  const header = damage(bytes.subarray(10, end), changes);
  const start = Buffer.from(bytes.subarray(0, 10));
  start.writeUInt16LE(Math.min(header.length, 0xffff), 8);
  return Buffer.concat([start, header, bytes.subarray(end)]);
}
