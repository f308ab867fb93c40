/**
 * NumPy's .npy format: one array in a file.
 *
 * Eight bytes of magic and version, a Python literal that gives dtype, order and shape, then the elements
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). The literal is read by a parser of that one form.
 */

import { TenchError, invalid } from '../tensor/errors.js';
import { callOperator, isTensor, type DType, type Device, type Tensor } from '../tensor/index.js';
import { elementBytes, fromBytes, tensorBytes } from './elements.js';
import { parseDescription, LiteralFault } from './npyHeader.js';
import type { Source } from './source.js';

const magic = Buffer.from('\x93NUMPY', 'latin1');

/** Headers of plain arrays take 128 bytes. */
const mostHeaderBytes = 1 << 20;

const codes: Readonly<Partial<Record<DType, string>>> = {
  bool: '|b1',
  int8: '|i1',
  uint8: '|u1',
  int16: '<i2',
  uint16: '<u2',
  int32: '<i4',
  uint32: '<u4',
  int64: '<i8',
  uint64: '<u8',
  float16: '<f2',
  float32: '<f4',
  float64: '<f8',
  complex64: '<c8',
  complex128: '<c16',
};
const dtypesByCode = new Map(Object.entries(codes).map(([dtype, code]) => [code.slice(1), dtype as DType]));

/** Why NumPy's other kinds of element are not read. */
const kinds: Readonly<Record<string, string>> = {
  O: 'Python objects, which only their pickled code can make',
  V: 'records or raw bytes',
  U: 'strings',
  S: 'strings',
  a: 'strings',
  M: 'dates',
  m: 'time spans',
};

/** What the beginning of an array says of the rest. */
export interface NpyHeader {
  readonly dtype: DType;
  /** Bytes of each number must be turned round. */
  readonly swapped: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Where the elements begin. */
  readonly begin: number;
}

/** Bytes to read before {@link parseNpyHeader}: the fixed beginning of every array. */
export const npyPreamble = 12;

/** How many bytes the header takes in all, by its first {@link npyPreamble} bytes (or fewer, for a short file). */
export function npyHeaderBytes(source: Source, start: Uint8Array, what: string): number {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  if (bytes.length < npyPreamble || !bytes.subarray(0, 6).equals(magic))
    throw source.damaged(`${what} does not begin like an array of NumPy`);
  const major = bytes.readUInt8(6);
  if (major < 1 || major > 3 || bytes.readUInt8(7) !== 0)
    throw source.unsupported(`${what} has version ${major}.${bytes.readUInt8(7)} of the format`);
  const length = major === 1 ? 10 + bytes.readUInt16LE(8) : 12 + bytes.readUInt32LE(8);
  if (length > mostHeaderBytes) throw source.damaged(`the header of ${what} claims ${length} bytes`);
  return length;
}

/**
 * Reads the header of an array that has `size` bytes in all, and checks that the elements have as many bytes as it says.
 *
 * @param bytes the header's, as many as {@link npyHeaderBytes} says
 */
export function parseNpyHeader(source: Source, bytes: Uint8Array, size: number, what: string): NpyHeader {
  const text = Buffer.from(bytes.subarray(bytes[6] === 1 ? 10 : 12)).toString(bytes[6] === 3 ? 'utf8' : 'latin1');
  let description;
  try {
    description = parseDescription(text);
  } catch (error) {
    if (error instanceof LiteralFault) throw source.damaged(`the header of ${what} ${error.message}`);
    throw error;
  }
  const { descr, fortran, shape } = description;
  if (descr === null) throw source.unsupported(`${what} has a dtype of several fields`);
  const order = /^[<>|=]/.test(descr) ? descr.charAt(0) : '|';
  const code = order === '|' && !descr.startsWith('|') ? descr : descr.slice(1);
  const dtype = dtypesByCode.get(code);
  if (dtype === undefined) {
    const kind = kinds[code.charAt(0)];
    throw source.unsupported(
      `${what} has the dtype ${descr.slice(0, 40)}${kind === undefined ? ', which LibTorch lacks' : `: ${kind}`}`,
    );
  }
  const wanted = tensorBytes(dtype, shape);
  const there = size - bytes.length;
  if (wanted !== there)
    throw source.damaged(
      `${what} has ${there} bytes, but ${dtype} of shape (${shape.join(', ').slice(0, 80)}) takes ${wanted}`,
    );
  return { dtype, swapped: order === '>', fortran, shape, begin: bytes.length };
}

/** The shape in which the elements lie row by row: Fortran's order is that of the axes turned round. */
export function storedShape({ fortran, shape }: NpyHeader): readonly number[] {
  return fortran ? [...shape].reverse() : shape;
}

/** Turns the axes of a Fortran-ordered array back, without a copy. */
export function asWritten(stored: Tensor, { fortran, shape }: NpyHeader): Tensor {
  if (!fortran || shape.length < 2) return stored;
  return callOperator('aten::permute', [stored, shape.map((_, axis) => shape.length - 1 - axis)]) as Tensor;
}

/** The array whose elements are `data`, which may be changed. */
export function npyTensor(header: NpyHeader, data: Uint8Array<ArrayBuffer>, device: Device): Tensor {
  if (header.swapped) swapBytes(data, numberBytes(header.dtype));
  return asWritten(fromBytes(data, header.dtype, storedShape(header), device), header);
}

/** Bytes of one number: half an element for complex ones. */
function numberBytes(dtype: DType): number {
  return dtype.startsWith('complex') ? elementBytes(dtype) / 2 : elementBytes(dtype);
}

/** Turns the bytes of every number round, in place. */
export function swapBytes(bytes: Uint8Array, width: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (width === 2) buffer.swap16();
  else if (width === 4) buffer.swap32();
  else if (width === 8) buffer.swap64();
}

/** The header of an array, as NumPy writes it; the elements follow in row-major order. */
export function npyHeader(name: string, value: Tensor): Uint8Array {
  if (!isTensor(value)) throw invalid(name, 'a Tensor', value);
  const code = codes[value.dtype];
  if (code === undefined)
    throw new TenchError(
      `${name} is ${value.dtype}, which NumPy lacks; convert it first, e.g. with \`to('float32')\``,
      {
        code: 'ERR_TENCH_UNSUPPORTED',
      },
    );
  const shape = value.shape;
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const literal = `{'descr': '${code}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // The elements begin at a multiple of 64, so that they can be mapped; the header ends in a new line.
  const length = Math.ceil((10 + literal.length + 1) / 64) * 64;
  const header = Buffer.alloc(length, ' ');
  magic.copy(header);
  header.writeUInt8(1, 6);
  header.writeUInt8(0, 7);
  header.writeUInt16LE(length - 10, 8);
  header.write(literal, 10, 'latin1');
  header.write('\n', length - 1, 'latin1');
  return header;
}
