/** Files that NumPy reads and writes: .npy with one array, .npz (a zip file of those) with several by name. */

import { needCount, needFlag, needOptions, needPath, needTensor, needText } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import type { Device, Tensor } from '../tensor/index.js';
import { writeAtomically } from '../runtime/atomic.js';
import { pairsOf, tensorBytes, type NamedTensors } from './elements.js';
import { asWritten, npyHeader, npyHeaderBytes, npyPreamble, npyTensor, parseNpyHeader, storedShape } from './npy.js';
import { piecesOf } from './pieces.js';
import { tensorsAt } from './places.js';
import { Source, shown } from './source.js';
import { ZipReader } from './zipReader.js';
import { ZipWriter, type Content } from './zipWriter.js';

/**
 * Reads a .npy file: booleans, integers, floats and complex numbers, in any byte order, row-major or Fortran-ordered (which becomes a
 * tensor with the strides of that order).
 *
 * @param options.device where the tensor goes; default `'cpu'`
 * @param options.mapped whether the tensor lies in the mapped file, as in `readSafetensors`; default true
 * @throws TenchError with code `ERR_TENCH_UNSUPPORTED` for objects, records, strings, dates and long doubles, `ERR_TENCH_DAMAGED` for a file
 *   that is not whole
 */
export async function readNpy(path: string, options: { device?: Device; mapped?: boolean } = {}): Promise<Tensor> {
  needOptions('readNpy', options);
  const { device = 'cpu', mapped = true } = options;
  needText('device', device);
  needFlag('mapped', mapped);
  return Source.using(path, 'a whole .npy file', async (source) => {
    const start = await source.read(0, Math.min(npyPreamble, source.size));
    const length = npyHeaderBytes(source, start, 'it');
    const header = parseNpyHeader(source, await source.read(0, length), source.size, 'it');
    const { dtype, swapped, begin } = header;
    if (swapped) return npyTensor(header, await source.read(begin, source.size - begin), device);
    const place = { dtype, shape: storedShape(header), begin };
    const [tensor] = await tensorsAt(source, [place], { mapped, device });
    return asWritten(tensor!, header);
  });
}

/**
 * Writes a tensor as a .npy file (version 1.0, row-major, little-endian), atomically.
 *
 * @throws TenchError for a dtype that NumPy lacks (bfloat16, the float8 ones, complex32), or when the file cannot be written
 */
export async function writeNpy(path: string, tensor: Tensor): Promise<void> {
  needPath('path', path, 'the path of a file');
  const { pieces } = contentOf('tensor', needTensor('tensor', tensor));
  await writeAtomically(path, async (file) => {
    for (const piece of pieces()) await file.writeFile(piece);
  });
}

function contentOf(name: string, value: Tensor): Content {
  const header = npyHeader(name, value);
  const size = header.length + tensorBytes(value.dtype, value.shape);
  const pieces = function* (): Generator<Uint8Array> {
    yield header;
    yield* piecesOf(value);
  };
  return { size, pieces };
}

/**
 * Reads all arrays of a .npz file, stored or compressed, by name. Checksums are compared.
 *
 * @param options.device where the tensors go; default `'cpu'`
 * @param options.maxBytes what compressed arrays may unpack to, together; default 1 GiB or 32 times the file, whichever is more
 * @throws TenchError like {@link readNpy}, naming the array
 */
export async function readNpz(
  path: string,
  options: { device?: Device; maxBytes?: number } = {},
): Promise<Map<string, Tensor>> {
  needOptions('readNpz', options);
  const { device = 'cpu', maxBytes } = options;
  needText('device', device);
  if (maxBytes !== undefined) needCount('maxBytes', maxBytes);
  return Source.using(path, 'a whole .npz file', async (source) => {
    const zip = await ZipReader.open(source, maxBytes);
    const tensors = new Map<string, Tensor>();
    for (const entry of zip.names) {
      const what = `its entry ${shown(entry)}`;
      if (!entry.endsWith('.npy')) throw source.unsupported(`${what} is not a .npy file`);
      const bytes = await zip.read(entry);
      const length = npyHeaderBytes(source, bytes.subarray(0, npyPreamble), what);
      if (length > bytes.length) throw source.damaged(`${what} ends inside its header`);
      const header = parseNpyHeader(source, bytes.subarray(0, length), bytes.length, what);
      tensors.set(entry.slice(0, -4), npyTensor(header, bytes.slice(length), device));
    }
    return tensors;
  });
}

/**
 * Writes tensors as a .npz file, atomically.
 *
 * @param options.compressed default false: NumPy reads stored arrays quicker
 * @throws TenchError like {@link writeNpy}, naming the tensor
 */
export async function writeNpz(
  path: string,
  tensors: NamedTensors,
  options: { compressed?: boolean } = {},
): Promise<void> {
  needPath('path', path, 'the path of a file');
  needOptions('writeNpz', options);
  if (options.compressed !== undefined) needFlag('compressed', options.compressed);
  const pairs = pairsOf(tensors);
  for (const [name] of pairs) checkName(name);
  await writeAtomically(path, async (file) => {
    const zip = new ZipWriter(file);
    for (const [name, value] of pairs) await zip.add(`${name}.npy`, contentOf(`tensor ${name}`, value), options);
    await zip.end();
  });
}

/** NumPy itself would write such names; programs that unpack the file would not survive them. */
function checkName(name: string): void {
  if (
    name === '' ||
    name.startsWith('/') ||
    name.includes('\\') ||
    name.includes('\0') ||
    name.split('/').includes('..')
  )
    throw new TenchError(`${JSON.stringify(name)} cannot be the name of an array in a .npz file`);
}
