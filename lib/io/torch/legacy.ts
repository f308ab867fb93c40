/**
 * Files of PyTorch before 1.6: the pickles of a magic number, a version, the machine, the value and the storages' keys, then for each key
 * the number of its elements and their bytes.
 */

import type { Device, Tensor } from '../../tensor/index.js';
import { elementBytes } from '../elements.js';
import { PickleFault } from '../pickle/limits.js';
import { unpickle } from '../pickle/unpickle.js';
import { tensorsAt } from '../places.js';
import { shown, type Source } from '../source.js';
import { LoadedStorages, run } from './loaded.js';
import { TorchNames } from './names.js';
import { TorchStorage, type StorageClass } from './storages.js';

const magic = 0x1950a86a20f9469cfc6cn;
const version = 1001;
/** The pickles stand before the storages; they take a few hundred bytes for each tensor. */
const mostPickleBytes = 1 << 28;

/** @throws TenchError with code `ERR_TENCH_DAMAGED` also for what is no file of PyTorch at all */
export async function readLegacy(source: Source, device: Device): Promise<unknown> {
  const bytes = await source.read(0, Math.min(source.size, mostPickleBytes));
  // The value comes before its storages, so it is read twice: first to learn which storages there are and where they begin.
  const seen = new SeenStorages();
  const { begin, value, keys } = run(source, () => {
    const start = unpickle(bytes, new TorchNames(seen));
    if (start.value !== magic) throw new PickleFault('it does not begin like a file of PyTorch');
    const second = unpickle(bytes, new TorchNames(seen), start.end);
    if (second.value !== version) throw new PickleFault(`it has the version ${shown(String(second.value))}`);
    const machine = unpickle(bytes, new TorchNames(seen), second.end);
    if (!(machine.value instanceof Map) || machine.value.get('little_endian') !== true)
      throw new PickleFault('it was written on a machine of the other byte order');
    const content = unpickle(bytes, new TorchNames(seen), machine.end);
    const list = unpickle(bytes, new TorchNames(seen), content.end);
    if (!Array.isArray(list.value)) throw new PickleFault('it has no list of storages');
    return { begin: list.end, value: machine.end, keys: list.value as unknown[] };
  });

  const storages = new Map<string, Tensor>();
  let position = begin;
  for (const key of keys) {
    const width = typeof key === 'string' ? seen.widths.get(key) : undefined;
    if (width === undefined) throw source.damaged('it has a storage that no tensor uses');
    const count = Buffer.from(await source.read(position, 8)).readBigInt64LE();
    const size = Number(count) * width;
    if (count < 0n || !Number.isSafeInteger(size)) throw source.damaged(`it has a storage of ${count} elements`);
    if (position + 8 + size > source.size) throw source.damaged(`it ends at byte ${source.size}`);
    const place = { dtype: 'uint8', shape: [size], begin: position + 8 } as const;
    const [storage] = await tensorsAt(source, [place], { mapped: false, device: 'cpu' });
    storages.set(key as string, storage!);
    position += 8 + size;
  }
  const names = new TorchNames(new LoadedStorages(storages, false, device));
  return run(source, () => unpickle(bytes, names, value).value);
}

/** Notes which storages a pickle names, and of which width, and has none. */
class SeenStorages {
  readonly widths = new Map<string, number>();

  find({ dtype }: StorageClass, key: string): TorchStorage {
    this.widths.set(key, dtype === null ? 1 : elementBytes(dtype));
    return new TorchStorage(null, dtype);
  }
}
