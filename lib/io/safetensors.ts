/**
 * The safetensors format: named tensors in one file, with no code inside.
 *
 * The file is a little-endian 64-bit length, a JSON header of that length that gives each tensor's dtype, shape and place, and the tensors'
 * bytes one after the other (https://github.com/huggingface/safetensors#format).
 */

import { open, type FileHandle } from 'node:fs/promises';

import { TenchError } from '../tensor/errors.js';
import { tensor, type DType, type Device, type Tensor, type TypedArray } from '../tensor/index.js';
import { encodings } from '../tensor/types.js';
import { isSystemError, writeAtomically } from './atomic.js';

const names: Readonly<Partial<Record<DType, string>>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
  complex64: 'C64',
};
const dtypesByName = new Map(Object.entries(names).map(([dtype, name]) => [name, dtype as DType]));

/** The reference implementation refuses longer headers too. */
const headerLimit = 100_000_000;

interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** What {@link readSafetensors} returns. */
export interface Safetensors {
  readonly tensors: Map<string, Tensor>;
  /** Free texts that the writer has added. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes tensors, e.g. a module's `stateDict()`, to a file, atomically.
 *
 * Tensors on other devices are copied to the host one at a time. Every dtype but complex128 and complex32 can be written.
 *
 * @throws TenchError for a dtype that the format lacks, or when the file cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>,
  options: { metadata?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const pairs =
    tensors instanceof Map
      ? [...(tensors as ReadonlyMap<string, Tensor>)]
      : Object.entries(tensors as Readonly<Record<string, Tensor>>);
  // Wide elements first, as the reference implementation does: then every tensor begins at a multiple of its element size.
  const ordered = pairs
    .map(([name, value]) => ({ name, value, width: widthOf(name, value) }))
    .sort((a, b) => b.width - a.width || (a.name < b.name ? -1 : 1));

  const header: Record<string, unknown> = {};
  if (options.metadata !== undefined) header.__metadata__ = options.metadata;
  let offset = 0;
  for (const { name, value, width } of ordered) {
    if (name === '__metadata__') throw new TenchError('a safetensors file cannot hold a tensor named __metadata__');
    const end = offset + value.numel() * width;
    header[name] = { dtype: names[value.dtype], shape: value.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));

  await writeAtomically(path, async (file) => {
    await file.writeFile(Buffer.concat([length, padded]));
    for (const { value } of ordered) {
      const data = value.detach().to('cpu').toTypedArray();
      await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });
}

/** Bytes of an element. */
function widthOf(name: string, value: Tensor): number {
  if (names[value.dtype] === undefined)
    throw new TenchError(
      `tensor ${name} is ${value.dtype}, which safetensors cannot hold; convert it with \`to\` first`,
    );
  return elementBytes(value.dtype);
}

function elementBytes(dtype: DType): number {
  const { array, lanes } = encodings[dtype];
  return new array(new ArrayBuffer(0)).BYTES_PER_ELEMENT * lanes;
}

/**
 * Reads all tensors of a file.
 *
 * The header is checked whole before anything is read: a tensor's bytes must have the length of its shape and dtype, and together the
 * tensors must cover the file without a gap or an overlap.
 *
 * @param options.device where the tensors go; default `'cpu'`
 * @throws TenchError that names the file and what is wrong with it
 */
export async function readSafetensors(path: string, options: { device?: Device } = {}): Promise<Safetensors> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw new TenchError(`cannot read ${path}: ${isSystemError(error) ? error.message : String(error)}`, {
      code: 'ERR_TENCH_READ',
      cause: error,
    });
  }
  try {
    const { entries, metadata, start } = await readHeader(path, file);
    const tensors = new Map<string, Tensor>();
    for (const entry of entries) {
      const bytes = await readBytes(path, file, start + entry.begin, entry.end - entry.begin);
      const values: TypedArray = new encodings[entry.dtype].array(bytes.buffer as ArrayBuffer);
      tensors.set(
        entry.name,
        tensor(values, { dtype: entry.dtype, shape: entry.shape, device: options.device ?? 'cpu' }),
      );
    }
    return { tensors, metadata };
  } finally {
    await file.close();
  }
}

async function readHeader(
  path: string,
  file: FileHandle,
): Promise<{ entries: Entry[]; metadata: Record<string, string>; start: number }> {
  const { size } = await file.stat();
  if (size < 8) throw damaged(path, 'it is shorter than 8 bytes');
  const length = Buffer.from(await readBytes(path, file, 0, 8)).readBigUInt64LE();
  if (length > BigInt(Math.min(headerLimit, size - 8))) throw damaged(path, `its header claims ${length} bytes`);
  const start = 8 + Number(length);
  const header = parseHeader(path, Buffer.from(await readBytes(path, file, 8, Number(length))).toString('utf8'));

  const metadata: Record<string, string> = {};
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      for (const [key, text] of Object.entries(value as object)) metadata[key] = String(text);
    } else entries.push(toEntry(path, name, value));
  }
  let next = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== next) throw damaged(path, `tensor ${name} begins at byte ${begin} instead of ${next}`);
    next = end;
  }
  if (start + next !== size) throw damaged(path, `its tensors end at byte ${start + next} but the file has ${size}`);
  return { entries, metadata, start };
}

function parseHeader(path: string, text: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(text);
    if (typeof header === 'object' && header !== null && !Array.isArray(header))
      return header as Record<string, unknown>;
  } catch {
    // Falls through to the same message: both are headers that are no JSON object.
  }
  throw damaged(path, 'its header is not a JSON object');
}

function toEntry(path: string, name: string, value: unknown): Entry {
  const {
    dtype: dtypeName,
    shape,
    data_offsets: offsets,
  } = (value ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const dtype = dtypesByName.get(dtypeName as string);
  if (dtype === undefined) throw damaged(path, `tensor ${name} has the unknown dtype ${String(dtypeName)}`);
  if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2)
    throw damaged(path, `tensor ${name} has no shape or no place`);
  const [begin = 0, end = 0] = offsets;
  const wanted = shape.reduce((product, size) => product * size, elementBytes(dtype));
  if (end - begin !== wanted)
    throw damaged(
      path,
      `tensor ${name} has ${end - begin} bytes, but ${dtype} of shape [${shape.join(', ')}] takes ${wanted}`,
    );
  return { name, dtype, shape, begin, end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

async function readBytes(path: string, file: FileHandle, position: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  let done = 0;
  while (done < count) {
    const { bytesRead } = await file.read(bytes, done, count - done, position + done);
    if (bytesRead === 0) throw damaged(path, `it ends at byte ${position + done}`);
    done += bytesRead;
  }
  return bytes;
}

function damaged(path: string, why: string): TenchError {
  return new TenchError(`${path} is not a whole safetensors file: ${why}`, { code: 'ERR_TENCH_DAMAGED' });
}
