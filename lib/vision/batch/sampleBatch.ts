/** Reads each picture of a batch through a map of its own, once: in one pass of native code where that is possible, else along a grid. */

import * as F from '../../nn/functional.js';
import type { GridSampleMode, GridSamplePadding } from '../../nn/functional.js';
import { callOperator, isGradEnabled, tensor, type Tensor } from '../../tensor/index.js';
import { sent } from '../../tensor/stream.js';
import { normalizeChan, type ChannelStats } from '../normalize.js';

/** In the order of their numbers. */
const modes: readonly GridSampleMode[] = ['bilinear', 'nearest', 'bicubic'];
const paddingModes: readonly GridSamplePadding[] = ['zeros', 'border', 'reflection'];

/** Native code holds a copy of one picture for each thread; beyond so many pixels a grid takes less. */
const MOST_PIXELS = 2 ** 24;

/** How {@link sampleBatch} reads. */
export interface SampleOptions {
  readonly size: readonly [height: number, width: number];
  readonly mode: GridSampleMode;
  readonly paddingMode: GridSamplePadding;
  readonly alignCorners: boolean;
  /** Whether the last row of every matrix is known to be (0, 0, 1), which is quicker along a grid. */
  readonly affine?: boolean;
  /** By which the result is normalised. */
  readonly stats?: ChannelStats | null;
}

/**
 * The pictures as `matrices` map the result's coordinates to theirs; what `gridSample` gives on the grid that the matrices make.
 *
 * On a CPU, float32 and uint8 are read without a grid, unless gradients are recorded.
 *
 * @param x [batch, channels, height, width], floating-point, or uint8, which is read in units of 0 to 1
 * @param matrices [batch, 3, 3]
 */
export function sampleBatch(x: Tensor, matrices: Tensor, options: SampleOptions): Tensor {
  if (fitsNative(x, matrices)) return sampleMaps(x, matrices, options);
  const { mode, paddingMode, alignCorners, stats } = options;
  const pictures = x.dtype === 'uint8' ? x.to('float32').div_(255) : x;
  const grid = gridOf(sent(matrices.to(pictures.dtype), pictures.device), pictures, options);
  const read = F.gridSample(pictures, grid, { mode, paddingMode, alignCorners });
  return stats === undefined || stats === null ? read : normalizeChan(read, stats.mean, stats.std);
}

function fitsNative(x: Tensor, matrices: Tensor): boolean {
  if (x.device !== 'cpu' || matrices.device !== 'cpu' || !(x.dtype === 'float32' || x.dtype === 'uint8')) return false;
  const [, , height, width] = x.shape as [number, number, number, number];
  return height * width <= MOST_PIXELS && !(isGradEnabled() && (x.requiresGrad || matrices.requiresGrad));
}

function sampleMaps(x: Tensor, maps: Tensor, { size, mode, paddingMode, alignCorners, stats }: SampleOptions): Tensor {
  const args: unknown[] = [x, maps, ...size, modes.indexOf(mode), paddingModes.indexOf(paddingMode), alignCorners];
  if (stats !== undefined && stats !== null) {
    const { mean, std } = stats;
    const unit = x.dtype === 'uint8' ? 255 : 1;
    args.push(std.map((value) => 1 / (value * unit)));
    args.push(mean.map((value, channel) => -value / (std.length === 1 ? std[0]! : (std[channel] ?? NaN))));
  }
  return callOperator('tench::sample_maps', args) as Tensor;
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
