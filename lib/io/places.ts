/** Tensors at known places of a file: over the mapped file, or read into memory of their own. */

import type { DType, Device, Tensor } from '../tensor/index.js';
import { native } from '../tensor/native.js';
import { adopt } from '../tensor/tensor.js';
import { gather } from './pieces.js';
import type { Source } from './source.js';

/** Where a row-major tensor lies in a file. */
export interface Place {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The first byte, from the beginning of the file. */
  readonly begin: number;
}

/**
 * The tensors at some places of a file, which have been checked to lie inside it.
 *
 * @param options.mapped without a copy, over the mapped file, where the file and the device allow it
 */
export async function tensorsAt(
  source: Source,
  places: readonly Place[],
  options: { mapped: boolean; device: Device },
): Promise<Tensor[]> {
  const { mapped, device } = options;
  const fd = mapped ? source.mappable : null;
  if (fd !== null) {
    const column = <K extends keyof Place>(key: K): Place[K][] => places.map((place) => place[key]);
    const handles = native.mapTensors(fd, source.size, column('begin'), column('dtype'), column('shape'));
    const tensors = handles.map((handle) => adopt(handle));
    return device === 'cpu' ? tensors : tensors.map((value) => value.to(device));
  }
  const tensors: Tensor[] = [];
  for (const { dtype, shape, begin } of places)
    tensors.push(await gather(dtype, shape, (offset, count) => source.read(begin + offset, count), { device }));
  return tensors;
}
