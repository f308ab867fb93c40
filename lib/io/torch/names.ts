/**
 * The names that a file of PyTorch may use, and what they make here: everything else is refused by name.
 *
 * The list is PyTorch's own for `weights_only=True`, without sparse, nested and quantized tensors, which come as a clear error.
 */

import { TenchError } from '../../tensor/errors.js';
import { callOperator, isTensor, type Complex, type DType, type Tensor } from '../../tensor/index.js';
import { native } from '../../tensor/native.js';
import { adopt, handleOf } from '../../tensor/tensor.js';
import { dtypes } from '../../tensor/types.js';
import { Parameter } from '../../nn/index.js';
import { PickleFault } from '../pickle/limits.js';
import { Callable, tuple, type Names } from '../pickle/machine.js';
import { shown } from '../source.js';
import { StorageClass, TorchStorage, storageDTypes } from './storages.js';

/** Where a file's storages come from. */
export interface Storages {
  /** The storage of an id, checked to be as large as `count` elements of its class. */
  find(kind: StorageClass, key: string, count: number): TorchStorage;
}

/** The allow-list over some storages. */
export class TorchNames implements Names {
  private readonly callables: ReadonlyMap<string, unknown>;

  constructor(private readonly storages: Storages) {
    const functions: Record<string, (...args: unknown[]) => unknown> = {
      'torch._utils._rebuild_tensor': (storage, offset, size, strides) =>
        rebuild(storage, null, offset, size, strides, false, null),
      'torch._utils._rebuild_tensor_v2': (storage, offset, size, strides, requiresGrad, _hooks, metadata) =>
        rebuild(storage, null, offset, size, strides, requiresGrad, metadata),
      'torch._utils._rebuild_tensor_v3': (storage, offset, size, strides, requiresGrad, _hooks, dtype, metadata) =>
        rebuild(storage, dtype, offset, size, strides, requiresGrad, metadata),
      'torch._utils._rebuild_parameter': rebuildParameter,
      'torch._utils._rebuild_parameter_with_state': rebuildParameter,
      'torch._tensor._rebuild_from_type_v2': rebuildFromType,
      'collections.OrderedDict': (items) => mapOf(items),
      'collections.Counter': (items) => mapOf(items),
      'builtins.set': (items) => new Set(listOf(items)),
      'builtins.complex': (re, im): Complex => ({ re: numberOf(re, 're'), im: numberOf(im ?? 0, 'im') }),
      // Without arguments only: that is how protocol 2 writes no bytes.
      'builtins.bytes': () => new Uint8Array(0),
      'builtins.bytearray': (text) => bytesOf(text),
      '_codecs.encode': (text) => bytesOf(text),
      'torch.Size': (sizes) => tuple(listOf(sizes)),
      'torch.device': (type, index) =>
        index === undefined ? textOf(type) : `${textOf(type)}:${numberOf(index, 'index')}`,
      'torch.serialization._get_layout': (name) => textOf(name).replace(/^torch\./, ''),
    };
    const callables = new Map<string, unknown>(
      Object.entries(functions).map(([name, run]) => [name, new Callable(name, (args) => run(...args.slice(0, 8)))]),
    );
    // Named as the class of a tensor that has attributes; nothing makes one of them by calling it.
    for (const name of ['torch.Tensor', 'torch.nn.parameter.Parameter']) {
      const refused = (): never => {
        throw refusal(name);
      };
      callables.set(name, new Callable(name, refused));
    }
    this.callables = callables;
  }

  find(module: string, name: string): unknown {
    const known = module === '__builtin__' ? `builtins.${name}` : `${module}.${name}`;
    const callable = this.callables.get(known);
    if (callable !== undefined) return callable;
    const kind = storageDTypes.get(known);
    if (kind !== undefined) return new StorageClass(known, kind);
    if (module === 'torch' && (dtypes as readonly string[]).includes(name)) return name;
    throw refusal(known);
  }

  accept(value: unknown): void {
    if (isInternal(value))
      throw new TenchError('it holds a class, a function or a bare storage as a value', {
        code: 'ERR_TENCH_UNSUPPORTED',
      });
  }

  persistent(id: unknown): TorchStorage {
    const [what, kind, key, location, count, view] = Array.isArray(id) ? (id as unknown[]) : [];
    if (what !== 'storage' || !(kind instanceof StorageClass) || typeof location !== 'string')
      throw new PickleFault('it refers to an object outside of it that is no storage');
    if (view !== undefined && view !== null)
      throw new PickleFault('it refers to a part of a storage as older files do');
    return this.storages.find(kind, textOf(key), sizeOf(count, 'a number of elements'));
  }
}

/** Whether a value means something only inside of a pickle. */
function isInternal(value: unknown): boolean {
  return value instanceof Callable || value instanceof StorageClass || value instanceof TorchStorage;
}

function refusal(name: string): TenchError {
  return new TenchError(
    `it needs ${shown(name)}, which is not on the list of what a file may use; nothing of it was run`,
    { code: 'ERR_TENCH_GLOBAL' },
  );
}

function rebuild(
  storage: unknown,
  named: unknown,
  offset: unknown,
  size: unknown,
  strides: unknown,
  requiresGrad: unknown,
  metadata: unknown,
): Tensor | null {
  const shape = sizesOf(size);
  const steps = sizesOf(strides);
  const begin = sizeOf(offset, 'an offset');
  if (!(storage instanceof TorchStorage)) throw new PickleFault('it makes a tensor of what is no storage');
  const { base, dtype: own } = storage;
  if (base === null) return null;
  const dtype = named ?? own;
  if (!(dtypes as readonly unknown[]).includes(dtype)) throw new PickleFault('it makes a tensor of no dtype');
  const strided = adopt(native.viewStorage(handleOf(base), dtype as DType, begin, shape, steps, base));
  const made = marked(strided, metadata);
  return requiresGrad === true ? made.requiresGrad_() : made;
}

/** Some tensors are read conjugated or negated; the file keeps that as marks. */
function marked(value: Tensor, metadata: unknown): Tensor {
  if (!(metadata instanceof Map)) return value;
  const conjugated = metadata.get('conj') === true ? (callOperator('aten::_conj', [value]) as Tensor) : value;
  return metadata.get('neg') === true ? (callOperator('aten::_neg_view', [conjugated]) as Tensor) : conjugated;
}

function rebuildParameter(data: unknown, requiresGrad: unknown): Parameter | null {
  if (data === null) return null;
  if (!isTensor(data)) throw new PickleFault('it makes a parameter of what is no tensor');
  return new Parameter(data, { requiresGrad: requiresGrad === true });
}

/** Tensors that have attributes of their own: the tensor is read, the attributes are not. */
function rebuildFromType(make: unknown, type: unknown, args: unknown): unknown {
  if (!(make instanceof Callable) || !make.name.startsWith('torch._utils._rebuild_'))
    throw new PickleFault('it makes a tensor by what makes none');
  if (!(type instanceof Callable)) throw new PickleFault('it makes a tensor of what is no class');
  return make.call(listOf(args));
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new PickleFault('it gives no list where one is needed');
  return value;
}

function mapOf(items: unknown): Map<unknown, unknown> {
  if (items instanceof Map) return new Map(items);
  return new Map(
    listOf(items).map((pair): [unknown, unknown] => {
      if (!Array.isArray(pair) || pair.length !== 2) throw new PickleFault('it makes a dict of what are no pairs');
      return [pair[0], pair[1]];
    }),
  );
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new PickleFault('it gives no text where one is needed');
  return value;
}

function numberOf(value: unknown, what: string): number {
  if (typeof value !== 'number') throw new PickleFault(`it gives no number for ${what}`);
  return value;
}

function sizeOf(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw new PickleFault(`it gives no whole number for ${what}`);
  return value as number;
}

function sizesOf(value: unknown): number[] {
  const sizes = listOf(value).map((size) => sizeOf(size, 'a size or a stride'));
  if (sizes.length > 64) throw new PickleFault('it makes a tensor of more than 64 axes');
  return sizes;
}

/** Bytes as protocol 2 writes them: a text of the characters 0 to 255. */
function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  const text = value === undefined ? '' : textOf(value);
  // eslint-disable-next-line no-control-regex -- these are bytes
  if (!/^[\u0000-\u00ff]*$/.test(text)) throw new PickleFault('it makes bytes of a text that holds none');
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
