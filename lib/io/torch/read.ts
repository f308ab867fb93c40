/**
 * Reads the files of `torch.save`, .pt and .pth, without running any code of theirs.
 *
 * Since PyTorch 1.6 they are zip files: a pickle of everything but the numbers, and one entry for each storage. Older files are a row of
 * pickles with the storages behind them.
 */

import { needCount, needFlag, needOneOf, needOptions, needText } from '../../tensor/checks.js';
import type { Device, Tensor } from '../../tensor/index.js';
import { tensorsAt } from '../places.js';
import { unpickle } from '../pickle/unpickle.js';
import { Source, shown } from '../source.js';
import { ZipReader } from '../zipReader.js';
import { readLegacy } from './legacy.js';
import { LoadedStorages, run } from './loaded.js';
import { TorchNames } from './names.js';
import { toObjects, type TorchValue } from './values.js';

/** How {@link readTorch} reads. */
export interface ReadTorchOptions {
  /** Where all tensors go, wherever they were when they were saved; default `'cpu'`. */
  device?: Device;
  /** What dicts whose keys are all texts become; default `'map'`. Other dicts are Maps in any case. */
  dicts?: 'map' | 'object';
  /** Whether tensors lie in the mapped file, as in `readSafetensors`; default false, since checksums can only be compared by reading. */
  mapped?: boolean;
  /** What compressed entries may unpack to, together (PyTorch does not compress); default 1 GiB or 32 times the file, whichever is more. */
  maxBytes?: number;
}

/**
 * Reads what `torch.save` has written: tensors with their strides, shared storages and `requiresGrad`, parameters, and dicts, lists, tuples,
 * numbers, texts, booleans and bytes around them, such as the state of a module or of an optimizer.
 *
 * No code of the file is run: what it may name is a short list, PyTorch's own for `weights_only=True` without sparse, nested and quantized
 * tensors. Attributes that Python objects carry beside their values (a state dict's `_metadata`) are left out.
 *
 * @returns see {@link TorchValue}; `stateDictOf` makes a module's state of it
 * @throws TenchError with code `ERR_TENCH_GLOBAL` for a file that needs a name that is not allowed, `ERR_TENCH_UNSUPPORTED` for a TorchScript
 *   archive (use `jit.load`), `ERR_TENCH_DAMAGED` for a file that is not whole; the message names the file
 */
export async function readTorch(path: string, options: ReadTorchOptions = {}): Promise<TorchValue> {
  needOptions('readTorch', options);
  const { device = 'cpu', dicts = 'map', mapped = false, maxBytes } = options;
  needText('device', device);
  needOneOf('dicts', dicts, ['map', 'object']);
  needFlag('mapped', mapped);
  if (maxBytes !== undefined) needCount('maxBytes', maxBytes);
  return Source.using(path, 'a whole file of torch.save', async (source) => {
    const start = Buffer.from(await source.read(0, Math.min(4, source.size)));
    const value =
      start.toString('latin1') === 'PK\x03\x04'
        ? await readZip(source, await ZipReader.open(source, maxBytes), { device, mapped })
        : await readLegacy(source, device);
    return (dicts === 'object' ? toObjects(value) : value) as TorchValue;
  });
}

async function readZip(source: Source, zip: ZipReader, options: { device: Device; mapped: boolean }): Promise<unknown> {
  const pickles = [...zip.names].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1) throw source.damaged(`it has ${pickles.length} entries data.pkl`);
  const root = pickle.slice(0, -'data.pkl'.length);
  if (zip.has(`${root}constants.pkl`)) throw source.unsupported('it is a TorchScript archive; use `jit.load`');
  const order = zip.has(`${root}byteorder`) ? Buffer.from(await zip.read(`${root}byteorder`)).toString() : 'little';
  if (order !== 'little' && order !== 'big') throw source.damaged(`its byte order is ${shown(order)}`);
  const program = await zip.read(pickle);
  const storages = new LoadedStorages(
    await readStorages(source, zip, `${root}data/`, options),
    order === 'big',
    options.device,
  );
  return run(source, () => unpickle(program, new TorchNames(storages)).value);
}

/** Operators read whole elements of up to 16 bytes, so storages must lie at multiples of that to be used in place. */
const widestElement = 16;

async function readStorages(
  source: Source,
  zip: ZipReader,
  folder: string,
  { mapped }: { mapped: boolean },
): Promise<Map<string, Tensor>> {
  const storages = new Map<string, Tensor>();
  const places: { key: string; dtype: 'uint8'; shape: number[]; begin: number }[] = [];
  for (const name of zip.names) {
    if (!name.startsWith(folder)) continue;
    const key = name.slice(folder.length);
    const begin = mapped ? await zip.placeOf(name) : null;
    const size = zip.sizeOf(name)!;
    if (begin !== null && begin % widestElement === 0) places.push({ key, dtype: 'uint8', shape: [size], begin });
    else storages.set(key, await zip.readTensor(name));
  }
  const tensors = await tensorsAt(source, places, { mapped, device: 'cpu' });
  places.forEach(({ key }, index) => storages.set(key, tensors[index]!));
  return storages;
}
