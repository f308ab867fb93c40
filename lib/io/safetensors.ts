/**
 * The safetensors format: named tensors in one file, with no code inside.
 *
 * The file is a little-endian 64-bit length, a JSON header of that length that gives each tensor's dtype, shape and place, and the tensors'
 * bytes one after the other (https://github.com/huggingface/safetensors#format).
 */

import { needFlag, needOptions, needPath, needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { type DType, type Device, type Tensor } from '../tensor/index.js';
import { writeAtomically } from '../runtime/atomic.js';
import { elementBytes, pairsOf, tensorBytes, type NamedTensors } from './elements.js';
import { piecesOf } from './pieces.js';
import { tensorsAt } from './places.js';
import { HeaderFault, parseHeader, type Header, type HeaderEntry } from './safetensorsHeader.js';
import { Source, shown } from './source.js';

const names: Readonly<Partial<Record<DType, string>>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  float8_e4m3fnuz: 'F8_E4M3FNUZ',
  float8_e5m2fnuz: 'F8_E5M2FNUZ',
  float8_e8m0fnu: 'F8_E8M0',
  float4_e2m1fn_x2: 'F4',
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

/** Six bits are no dtype of LibTorch. */
const unreadable: ReadonlySet<string> = new Set(['F6_E2M3', 'F6_E3M2']);

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

/** How {@link readSafetensors} reads. */
export interface ReadSafetensorsOptions {
  /** Where the tensors go; default `'cpu'`. */
  device?: Device;
  /** Whether tensors lie in the mapped file, without a copy; default true. */
  mapped?: boolean;
}

/**
 * Writes tensors, e.g. a module's `stateDict()`, to a file, atomically.
 *
 * The same tensors give the same bytes: wide elements first, then by name. Tensors on other devices are copied to the host one at a time.
 * Every dtype but complex128 and complex32 can be written.
 *
 * @throws ArgumentError for what is no tensor; TenchError for a dtype that the format lacks, or when the file cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: NamedTensors,
  options: { metadata?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  needPath('path', path, 'the path of a file');
  needOptions('writeSafetensors', options);
  // Wide elements first, as the reference implementation does: then every tensor begins at a multiple of its element size.
  const ordered = pairsOf(tensors)
    .map(([name, value]) => ({ name, value, width: widthOf(name, value) }))
    .sort((a, b) => b.width - a.width || (a.name < b.name ? -1 : 1));

  const fields: [string, unknown][] = [];
  if (options.metadata !== undefined) fields.push(['__metadata__', metadataOf(options.metadata)]);
  let offset = 0;
  for (const { name, value } of ordered) {
    const end = offset + tensorBytes(value.dtype, value.shape);
    fields.push([name, { dtype: names[value.dtype], shape: writtenShape(value), data_offsets: [offset, end] }]);
    offset = end;
  }
  const text = Buffer.from(
    `{${fields.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
  );
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));

  await writeAtomically(path, async (file) => {
    await file.writeFile(Buffer.concat([length, padded]));
    for (const { value } of ordered) for (const piece of piecesOf(value)) await file.writeFile(piece);
  });
}

/** Bytes of an element. */
function widthOf(name: string, value: Tensor): number {
  if (name === '__metadata__') throw new TenchError('a safetensors file cannot hold a tensor named __metadata__');
  if (names[value.dtype] === undefined)
    throw new TenchError(
      `tensor ${name} is ${value.dtype}, which safetensors cannot hold; convert it with \`to\` first`,
    );
  if (value.dtype === 'float4_e2m1fn_x2' && value.ndim === 0)
    throw new TenchError(`tensor ${name} is a scalar of two packed numbers, which has no shape in safetensors`);
  return elementBytes(value.dtype);
}

/** The format counts numbers where LibTorch counts bytes that hold two. */
function writtenShape(value: Tensor): number[] {
  const shape = value.shape;
  return value.dtype === 'float4_e2m1fn_x2' ? [...shape.slice(0, -1), 2 * shape.at(-1)!] : shape;
}

function metadataOf(metadata: Readonly<Record<string, string>>): Record<string, string> {
  needOptions('metadata', metadata);
  const pairs = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, text] of pairs) if (typeof text !== 'string') throw invalid(`metadata: ${key}`, 'a string', text);
  return Object.fromEntries(pairs);
}

/**
 * Reads all tensors of a file.
 *
 * The tensors lie in the mapped file: nothing is copied, and pages are read when they are first used. Changing such a tensor in place changes
 * neither the file nor any other reader of it. A file that is replaced, as every writer of tench does, stays as it was for whoever has it
 * mapped; a file that another program cuts short while it is mapped ends the process at the next use, so pass `mapped: false` where that can
 * happen (on network file systems, say). Pipes, and tensors at odd places, are copied in any case.
 *
 * The header is checked whole before anything is read: a tensor's bytes must have the length of its shape and dtype, and together the
 * tensors must cover the file without a gap or an overlap.
 *
 * @throws TenchError that names the file and what is wrong with it
 */
export async function readSafetensors(path: string, options: ReadSafetensorsOptions = {}): Promise<Safetensors> {
  needOptions('readSafetensors', options);
  const { device = 'cpu', mapped = true } = options;
  needText('device', device);
  needFlag('mapped', mapped);
  return Source.using(path, 'a whole safetensors file', async (source) => {
    const { entries, metadata, start } = await readHeader(source);
    const places = entries.map(({ dtype, shape, begin }) => ({ dtype, shape, begin: start + begin }));
    const tensors = await tensorsAt(source, places, { mapped, device });
    return { tensors: new Map(entries.map(({ name }, index) => [name, tensors[index]!])), metadata };
  });
}

async function readHeader(
  source: Source,
): Promise<{ entries: Entry[]; metadata: Record<string, string>; start: number }> {
  if (source.size < 8) throw source.damaged('it is shorter than 8 bytes');
  const length = Buffer.from(await source.read(0, 8)).readBigUInt64LE();
  if (length > BigInt(Math.min(headerLimit, source.size - 8)))
    throw source.damaged(`its header claims ${length} bytes`);
  const start = 8 + Number(length);
  const header = parse(source, await source.read(8, Number(length)));
  const entries = header.entries.map((entry) => toEntry(source, entry));
  let next = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== next) throw source.damaged(`tensor ${shown(name)} begins at byte ${begin} instead of ${next}`);
    next = end;
  }
  if (start + next !== source.size)
    throw source.damaged(`its tensors end at byte ${start + next} but the file has ${source.size}`);
  return { entries, metadata: Object.fromEntries(header.metadata), start };
}

function parse(source: Source, bytes: Uint8Array): Header {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw source.damaged('its header is not UTF-8', error);
  }
  try {
    return parseHeader(text);
  } catch (error) {
    if (error instanceof HeaderFault) throw source.damaged(error.message);
    throw error;
  }
}

function toEntry(source: Source, { name, dtype: written, shape: counts, begin, end }: HeaderEntry): Entry {
  const dtype = dtypesByName.get(written);
  if (dtype === undefined) {
    const named = `tensor ${shown(name)} has the`;
    if (unreadable.has(written)) throw source.unsupported(`${named} dtype ${written}, which LibTorch lacks`);
    throw source.damaged(`${named} unknown dtype ${shown(written)}`);
  }
  const shape = dtype === 'float4_e2m1fn_x2' ? [...counts.slice(0, -1), (counts.at(-1) ?? 1) / 2] : counts;
  const wanted = tensorBytes(dtype, shape);
  if (end - begin !== wanted || !shape.every(Number.isSafeInteger))
    throw source.damaged(
      `tensor ${shown(name)} has ${end - begin} bytes, but ${dtype} of shape [${shown(counts.join(', '))}] takes ${Number.isNaN(wanted) ? 'more than any tensor has' : wanted}`,
    );
  return { name, dtype, shape, begin, end };
}
