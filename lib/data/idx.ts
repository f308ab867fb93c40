/** IDX, the format of the MNIST files: a magic number that says type and axes, the sizes of the axes, then the numbers, big-endian. */

import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { needInstance, needPath, needText } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';

/** The numbers of an IDX file, row-major. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

type NumberReader = (view: DataView, byte: number) => number;

/** The third byte of the magic number: width, array type, and how to read one number. */
const types: Record<
  number,
  | { width: number; array: new (length: number) => Exclude<IdxArray['data'], Uint8Array>; read: NumberReader }
  | undefined
> = {
  0x09: { width: 1, array: Int8Array, read: (view, byte) => view.getInt8(byte) },
  0x0b: { width: 2, array: Int16Array, read: (view, byte) => view.getInt16(byte) },
  0x0c: { width: 4, array: Int32Array, read: (view, byte) => view.getInt32(byte) },
  0x0d: { width: 4, array: Float32Array, read: (view, byte) => view.getFloat32(byte) },
  0x0e: { width: 8, array: Float64Array, read: (view, byte) => view.getFloat64(byte) },
};

const UNSIGNED_BYTE = 0x08;

/**
 * Reads an IDX file, compressed by gzip or not.
 *
 * @returns the numbers and the sizes of their axes; bytes are not copied
 * @throws TenchError that names the file if it is missing, no IDX file, or shorter or longer than its sizes say
 */
export async function readIdx(path: string): Promise<IdxArray> {
  needPath('path', path, 'the path of an IDX file');
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = await promisify(gunzip)(bytes);
  } catch (cause) {
    throw new TenchError(`the IDX file ${path} cannot be read: ${(cause as Error).message}`, {
      code: 'ERR_TENCH_FILE',
      cause,
    });
  }
  return parseIdx(bytes, path);
}

/**
 * Reads the contents of an IDX file.
 *
 * @param name what to call it in messages
 */
export function parseIdx(bytes: Uint8Array, name = 'the IDX file'): IdxArray {
  needInstance('bytes', bytes, Uint8Array);
  needText('name', name);
  const bad = (what: string): TenchError => new TenchError(`${name} ${what}`, { code: 'ERR_TENCH_FILE' });
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0)
    throw bad('is no IDX file: it does not begin with two zero bytes');
  const code = bytes[2]!;
  const axes = bytes[3]!;
  const type = types[code];
  if (type === undefined && code !== UNSIGNED_BYTE)
    throw bad(`is no IDX file: 0x${code.toString(16).padStart(2, '0')} is no type of numbers`);
  const start = 4 + 4 * axes;
  if (bytes.length < start) throw bad(`ends within the sizes of its ${axes} axes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = shape.reduce((product, size) => product * size, 1);
  const needed = start + count * (type?.width ?? 1);
  if (bytes.length !== needed)
    throw bad(`has ${bytes.length} bytes, but its sizes (${shape.join(' x ')}) need ${needed}`);
  if (type === undefined) return { shape, data: bytes.subarray(start) };
  const data = new type.array(count);
  for (let i = 0; i < count; i++) data[i] = type.read(view, start + i * type.width);
  return { shape, data };
}
