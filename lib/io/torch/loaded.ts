/** The storages of a file once they are read, and the running of the pickle that uses them. */

import { TenchError } from '../../tensor/errors.js';
import type { Device, Tensor } from '../../tensor/index.js';
import { elementBytes, fromBytes } from '../elements.js';
import { swapBytes } from '../npy.js';
import { PickleFault } from '../pickle/limits.js';
import { shown, type Source } from '../source.js';
import type { Storages } from './names.js';
import { TorchStorage, type StorageClass } from './storages.js';

/** Runs a pickle; whatever goes wrong in it is the file's fault. */
export function run<T>(source: Source, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    if (error instanceof PickleFault) throw source.damaged(error.message);
    if (!(error instanceof TenchError)) throw error;
    if (error.code === 'ERR_TENCH_GLOBAL' || error.code === 'ERR_TENCH_UNSUPPORTED')
      throw new TenchError(`${source.path} cannot be read: ${error.message}`, { code: error.code });
    throw source.damaged(error.message, error);
  }
}

/** The storages of a file by their keys, in the byte order of this machine and on the device that was asked for. */
export class LoadedStorages implements Storages {
  private readonly found = new Map<string, TorchStorage>();

  constructor(
    private readonly bytes: ReadonlyMap<string, Tensor>,
    private readonly swapped: boolean,
    private readonly device: Device,
  ) {}

  find({ name, dtype }: StorageClass, key: string, count: number): TorchStorage {
    const known = this.found.get(key);
    const bytes = this.bytes.get(key);
    if (bytes === undefined) throw new PickleFault(`it refers to the storage ${shown(key)}, which is not there`);
    const width = dtype === null ? 1 : elementBytes(dtype);
    if (count * width > bytes.numel())
      throw new PickleFault(
        `it says that the storage ${shown(key)} is a ${name} of ${count} elements, but it has ${bytes.numel()} bytes`,
      );
    if (known !== undefined) return known;
    const base = this.swapped && width > 1 ? swap(bytes, dtype!.startsWith('complex') ? width / 2 : width) : bytes;
    const storage = new TorchStorage(this.device === 'cpu' ? base : base.to(this.device), dtype);
    this.found.set(key, storage);
    return storage;
  }
}

function swap(bytes: Tensor, width: number): Tensor {
  const data = bytes.toTypedArray() as Uint8Array<ArrayBuffer>;
  if (data.length % width !== 0) throw new PickleFault('a storage ends in the middle of an element');
  swapBytes(data, width);
  return fromBytes(data, 'uint8', [data.length]);
}
