/** Reads each picture of a batch through a map of its own, once. */

import * as F from '../../nn/functional.js';
import type { GridSampleMode, GridSamplePadding } from '../../nn/functional.js';
import { tensor, type Tensor } from '../../tensor/index.js';

/** How {@link sampleBatch} reads. */
export interface SampleOptions {
  readonly size: readonly [height: number, width: number];
  readonly mode: GridSampleMode;
  readonly paddingMode: GridSamplePadding;
  readonly alignCorners: boolean;
  /** Whether the last row of every matrix is known to be (0, 0, 1), which is quicker. */
  readonly affine?: boolean;
}

/**
 * The pictures as `matrices` map the result's coordinates to theirs; what `gridSample` gives on the grid that the matrices make.
 *
 * @param x [batch, channels, height, width], floating-point, or uint8, which is read in units of 0 to 1
 * @param matrices [batch, 3, 3]
 */
export function sampleBatch(x: Tensor, matrices: Tensor, options: SampleOptions): Tensor {
  const { mode, paddingMode, alignCorners } = options;
  const pictures = x.dtype === 'uint8' ? x.to('float32').div_(255) : x;
  const grid = gridOf(matrices.to(pictures.device, { dtype: pictures.dtype }), pictures, options);
  return F.gridSample(pictures, grid, { mode, paddingMode, alignCorners });
}

function gridOf(matrices: Tensor, x: Tensor, { size, alignCorners, affine = false }: SampleOptions): Tensor {
  const [batch, channels] = x.shape as [number, number];
  const [height, width] = size;
  if (affine) return F.affineGrid(matrices.narrow(1, 0, 2), [batch, channels, height, width], { alignCorners });
  const { dtype, device } = x;
  const still = tensor([[[1, 0, 0], [0, 1, 0]]], { dtype, device }); // prettier-ignore
  const places = F.affineGrid(still, [1, 1, height, width], { alignCorners }).reshape([1, height * width, 2]);
  // (x, y, 1) times the transpose, without writing the ones down.
  const moved = places.expand([batch, -1, -1]).bmm(matrices.narrow(2, 0, 2).transpose(1, 2));
  const mapped = moved.add(matrices.narrow(2, 2, 1).transpose(1, 2));
  return mapped
    .narrow(2, 0, 2)
    .div(mapped.narrow(2, 2, 1))
    .reshape([batch, height, width, 2]);
}
