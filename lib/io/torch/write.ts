/** Writes files that PyTorch reads with `torch.load(path, weights_only=True)`: the zip form of PyTorch 1.6 and later. */

import { needPath } from '../../tensor/checks.js';
import { TenchError } from '../../tensor/errors.js';
import { isTensor, type Tensor } from '../../tensor/index.js';
import { Parameter } from '../../nn/index.js';
import { writeAtomically } from '../../runtime/atomic.js';
import { elementBytes } from '../elements.js';
import { pickle, type Extension, type Pickler } from '../pickle/pickle.js';
import { ZipWriter } from '../zipWriter.js';
import { WrittenStorages } from './writtenStorages.js';
import { storageClassOf } from './storages.js';

/** PyTorch maps storages at these places. */
const alignment = 64;

/**
 * Writes a value as `torch.save` does, atomically; see `TorchValue` for what a value can be, and what becomes what. Plain objects become
 * dicts too. Tensors keep their strides, and those that share storage are written once and share it again; of a storage only the part is
 * written that some tensor of the value reaches. Tensors on other devices are written as tensors of the host.
 *
 * `torch.load(path, weights_only=True)` reads the file, and a state dict goes into `load_state_dict`.
 *
 * @throws TenchError with code `ERR_TENCH_UNSUPPORTED` that names the place of what cannot be written, such as a function
 */
export async function writeTorch(path: string, value: unknown): Promise<void> {
  needPath('path', path, 'the path of a file');
  const storages = new WrittenStorages(value);
  const program = pickle(value, new TensorExtension(storages), 'value');
  await writeAtomically(path, async (file) => {
    const zip = new ZipWriter(file, alignment);
    await zip.add('archive/data.pkl', program);
    await zip.add('archive/byteorder', Buffer.from('little'));
    for (const [key, content] of storages.contents()) await zip.add(`archive/data/${key}`, content);
    await zip.add('archive/version', Buffer.from('3\n'));
    await zip.end();
  });
}

/** Writes tensors as calls of the functions that make them again. */
class TensorExtension implements Extension {
  constructor(private readonly storages: WrittenStorages) {}

  knows(value: object): boolean {
    return isTensor(value);
  }

  write(pickler: Pickler, value: object, path: string): void {
    const tensor = value as Tensor;
    try {
      if (tensor instanceof Parameter) this.parameter(pickler, tensor);
      else this.tensor(pickler, tensor, tensor.requiresGrad);
    } catch (error) {
      if (!(error instanceof TenchError) || error.code === 'ERR_TENCH_UNSUPPORTED') throw error;
      throw new TenchError(`${path} cannot be written: ${error.message}`, {
        code: 'ERR_TENCH_UNSUPPORTED',
        cause: error,
      });
    }
  }

  private parameter(pickler: Pickler, parameter: Parameter): void {
    pickler.global('torch._utils', '_rebuild_parameter');
    pickler.call(() => {
      this.tensor(pickler, parameter, false);
      pickler.value(parameter.requiresGrad, '');
      hooks(pickler);
    });
  }

  private tensor(pickler: Pickler, tensor: Tensor, requiresGrad: boolean): void {
    const { key, bytes, offset, strides, mixed } = this.storages.placeOf(tensor);
    const named = mixed ? undefined : storageClassOf(tensor.dtype);
    pickler.global('torch._utils', named === undefined ? '_rebuild_tensor_v3' : '_rebuild_tensor_v2');
    pickler.call(() => {
      pickler.tuple(() => {
        pickler.text('storage', '');
        if (named === undefined) pickler.global('torch.storage', 'UntypedStorage');
        else pickler.global('torch', named);
        pickler.text(key, '');
        pickler.text('cpu', '');
        pickler.value(named === undefined ? bytes : bytes / elementBytes(tensor.dtype), '');
      });
      pickler.opcode('Q');
      pickler.value(offset, '');
      pickler.tuple(() => tensor.shape.forEach((size) => pickler.value(size, '')));
      pickler.tuple(() => strides.forEach((stride) => pickler.value(stride, '')));
      pickler.value(requiresGrad, '');
      hooks(pickler);
      if (named === undefined) pickler.global('torch', tensor.dtype);
    });
  }
}

/** Hooks are no part of a file; an empty dict stands for them. */
function hooks(pickler: Pickler): void {
  pickler.global('collections', 'OrderedDict');
  pickler.call(() => undefined);
}
