/** Values of torch.save as scripts/goldens/files.py writes them down, and archives of it made by hand. */

import { open } from 'node:fs/promises';

import { Parameter } from '../../lib/index.js';
import { ZipWriter } from '../../lib/io/zipWriter.js';
import { Source } from '../../lib/io/source.js';
import { ZipReader } from '../../lib/io/zipReader.js';
import { isTensor } from '../../lib/tensor/index.js';
import { described, expectedOf } from './golden.js';

/** A value as scripts/goldens/files.py writes it down: what JSON lacks is an object with one key that names it. */
export function plain(value: unknown): unknown {
  if (isTensor(value)) {
    const facts = { ...described(value), strides: value.stride(), requiresGrad: value.requiresGrad };
    return value instanceof Parameter ? { parameter: facts } : { tensor: facts };
  }
  if (Array.isArray(value)) return Object.isFrozen(value) ? { tuple: value.map(plain) } : value.map(plain);
  if (value instanceof Set) return { set: [...(value as Set<number>)].sort((a, b) => a - b) };
  if (value instanceof Map) return { dict: [...(value as Map<unknown, unknown>)].map((pair) => pair.map(plain)) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  if (typeof value === 'bigint') return { integer: String(value) };
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return Number.isInteger(value) && Math.abs(value) >= 2 ** 53 ? { large: value } : value;
    return { float: String(value) };
  }
  if (typeof value === 'object' && value !== null) {
    const { re, im } = value as { re: number; im: number };
    return { complex: [re, im] };
  }
  return value;
}

/** What Python wrote down, with whole floats beyond 2^53 as this file sees them. */
export function recorded(name: string): unknown {
  const walk = (value: unknown): unknown => {
    if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) >= 2 ** 53) return { large: value };
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
  };
  return walk(expectedOf(name).value);
}

/** The content of a zip file's entries. */
export async function entriesOf(path: string): Promise<[name: string, content: Uint8Array][]> {
  return Source.using(path, 'a zip file', async (source) => {
    const zip = await ZipReader.open(source);
    return Promise.all([...zip.names].map(async (name): Promise<[string, Uint8Array]> => [name, await zip.read(name)]));
  });
}

/** Writes a zip file like that of torch.save. */
export async function archive(path: string, entries: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  const file = await open(path, 'w');
  const zip = new ZipWriter(file, 64);
  for (const [name, content] of Object.entries(entries))
    await zip.add(name, typeof content === 'string' ? Buffer.from(content, 'latin1') : content);
  await zip.end();
  await file.close();
}
