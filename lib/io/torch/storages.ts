/** Storages: the memory that tensors of a file are views of. Tensors that shared one when they were saved share it when they are read. */

import type { DType, Tensor } from '../../tensor/index.js';

/** The class of storage that each dtype has in PyTorch; the younger dtypes have none and are written as bytes. */
const classes: Readonly<Partial<Record<DType, string>>> = {
  float64: 'DoubleStorage',
  float32: 'FloatStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int16: 'ShortStorage',
  int8: 'CharStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
  complex64: 'ComplexFloatStorage',
  complex128: 'ComplexDoubleStorage',
};

/** The dtype of each class of storage by its full name; null for bytes whose dtype the tensor names. */
export const storageDTypes: ReadonlyMap<string, DType | null> = new Map<string, DType | null>([
  ...Object.entries(classes).flatMap(([dtype, name]): [string, DType][] => [
    [`torch.${name}`, dtype as DType],
    [`torch.cuda.${name}`, dtype as DType],
  ]),
  ['torch.storage.UntypedStorage', null],
]);

/** The class that a storage of one dtype is written as, or undefined when it is written as bytes. */
export function storageClassOf(dtype: DType): string | undefined {
  return classes[dtype];
}

/** A class of storage as a pickle names it. */
export class StorageClass {
  constructor(
    readonly name: string,
    readonly dtype: DType | null,
  ) {}
}

/** A storage of a file as its tensors see it. */
export class TorchStorage {
  constructor(
    /** All its bytes, one axis of uint8; null while only the length of a program is sought. */
    readonly base: Tensor | null,
    readonly dtype: DType | null,
  ) {}
}
