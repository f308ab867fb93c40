/** The lesson's batch on the device: a grid of coordinates, matrices that move them, and pictures read where they lie. */

import * as F from '../../nn/functional.js';
import type { GridSampleMode, GridSamplePadding } from '../../nn/functional.js';
import { empty, isTensor, stack, tensor, type DType, type Tensor } from '../../tensor/index.js';
import { needInRange, needOneOf, needOptions, needTensor } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import { sent } from '../../tensor/stream.js';
import { sampleBatch } from './sampleBatch.js';

/** Height and width in pixels: one number for a square, or both in the order of a tensor's axes. */
export type GridSize = number | readonly [height: number, width: number];

function needGridSize(argument: string, size: GridSize): readonly [height: number, width: number] {
  const sides: readonly unknown[] = typeof size === 'number' ? [size, size] : size;
  const isSide = (side: unknown): boolean =>
    Number.isInteger(side) && (side as number) >= 1 && (side as number) <= 2 ** 20;
  if (!Array.isArray(sides) || sides.length !== 2 || !sides.every(isSide))
    throw invalid(argument, 'a whole number of pixels, or [height, width]', size);
  return [sides[0] as number, sides[1] as number];
}

/** A batch of pictures. */
export function needPictures(argument: string, x: Tensor): Tensor {
  if (needTensor(argument, x).ndim !== 4)
    throw invalid(argument, 'pictures of shape [batch, channels, height, width]', x);
  return x;
}

const floating = (dtype: DType): DType => (dtype === 'float64' ? 'float64' : 'float32');

/**
 * The coordinates of every pixel of a picture of `size`, from -1 in the middle of the first to 1 in the middle of the last.
 *
 * @param x pictures [batch, channels, height, width], of which only batch, device and dtype count; their size may be another
 * @param size of the grid: see {@link GridSize}
 * @returns [batch, height, width, 2], each (x, y); the pictures of the batch share one memory. float64 for float64, else float32
 */
export function affineGrid(x: Tensor, size: GridSize): Tensor {
  needPictures('affineGrid: x', x);
  const [height, width] = needGridSize('affineGrid: size', size);
  const still = tensor([[[1, 0, 0], [0, 1, 0]]], { dtype: floating(x.dtype), device: x.device }); // prettier-ignore
  return F.affineGrid(still, [1, 1, height, width], { alignCorners: true }).expand([x.shape[0]!, -1, -1, -1]);
}

/**
 * The matrices that turn points anti-clockwise, as one sees it in a picture, where y points down.
 *
 * Sampling goes from the result back to the picture, so a grid is moved by the inverse, which is the transpose.
 *
 * @param thetas radians: a tensor [batch], or numbers
 * @returns [batch, 3, 3], each `[[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]]`
 */
export function rotationMatrix(thetas: Tensor | readonly number[]): Tensor {
  const angles = needAngles('rotationMatrix: thetas', thetas);
  const [cos, sin] = [angles.cos(), angles.sin()];
  const [zero, one] = [angles.zerosLike(), angles.onesLike()];
  return stack([cos, sin, zero, sin.neg(), cos, zero, zero, zero, one], 1).reshape([-1, 3, 3]);
}

function needAngles(argument: string, thetas: Tensor | readonly number[]): Tensor {
  const expected = 'radians: a floating-point tensor of one axis, or an array of numbers';
  if (!isTensor(thetas)) {
    if (!Array.isArray(thetas) || !thetas.every((theta) => typeof theta === 'number'))
      throw invalid(argument, expected, thetas);
    return tensor(Float64Array.from(thetas), { dtype: 'float32', shape: [thetas.length] });
  }
  if (thetas.ndim !== 1 || !thetas.isFloatingPoint()) throw invalid(argument, expected, thetas);
  return thetas;
}

/** Options of {@link rotateBatch}. */
export interface RotateBatchOptions {
  /** The angles in radians, one for each picture, instead of drawn ones. */
  readonly thetas?: Tensor | readonly number[];
  /**
   * How it is computed; all give the same to 1e-5. `'bmm'`: the grid times the matrices, as the lesson spells it out; `'affineGrid'`: by
   * {@link F.affineGrid}; `'fused'` (default): without a grid, where that is possible (see {@link sampleBatch}).
   */
  readonly version?: 'bmm' | 'affineGrid' | 'fused';
  /** Default `'bilinear'`. */
  readonly mode?: GridSampleMode;
  /** Default `'zeros'`: black corners. */
  readonly paddingMode?: GridSamplePadding;
}

/**
 * Turns each picture of a batch about its middle by an angle of its own; a positive one is anti-clockwise. A picture that is no square is
 * turned without shear.
 *
 * @param x [batch, channels, height, width], floating-point, or uint8 for the version `'fused'`, which gives 0 to 1
 * @param size of the result, into which the whole picture goes: see {@link GridSize}
 * @param degrees angles are drawn evenly from -degrees to degrees, by LibTorch's generator of the device (see `manualSeed`)
 */
export function rotateBatch(x: Tensor, size: GridSize, degrees: number, options: RotateBatchOptions = {}): Tensor {
  needPictures('rotateBatch: x', x);
  const [outHeight, outWidth] = needGridSize('rotateBatch: size', size);
  needInRange('rotateBatch: degrees', degrees, { least: 0, most: 1e6 });
  needOptions('rotateBatch', options);
  const { version = 'fused', mode = 'bilinear', paddingMode = 'zeros', thetas } = options;
  needOneOf('rotateBatch: version', version, ['bmm', 'affineGrid', 'fused']);
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const angles = thetas === undefined ? drawAngles(x, degrees) : needAngles('rotateBatch: thetas', thetas);
  if (angles.shape[0] !== batch)
    throw invalid('rotateBatch: thetas', `one angle for each of ${batch} pictures`, thetas);
  const turned = rotationMatrix(sent(angles.to(floating(x.dtype)), x.device));
  // A unit is half the width across, and half the height down: between pixel centres, as the grid has it.
  const aspect = Math.max(1, height - 1) / Math.max(1, width - 1);
  const units = aspect === 1 ? turned : turned.mul(aspectOf(aspect, turned));
  if (version === 'fused') {
    const matrices = units.transpose(1, 2);
    return sampleBatch(x, matrices, { size: [outHeight, outWidth], mode, paddingMode, alignCorners: true });
  }
  const grid =
    version === 'bmm'
      ? affineGrid(x, [outHeight, outWidth])
          .reshape([batch, outHeight * outWidth, 2])
          .bmm(units.narrow(1, 0, 2).narrow(2, 0, 2))
          .reshape([batch, outHeight, outWidth, 2])
      : F.affineGrid(units.transpose(1, 2).narrow(1, 0, 2), [batch, channels, outHeight, outWidth], {
          alignCorners: true,
        });
  return F.gridSample(x, grid, { mode, paddingMode, alignCorners: true });
}

function drawAngles(x: Tensor, degrees: number): Tensor {
  const most = (degrees * Math.PI) / 180;
  return empty([x.shape[0]!], { dtype: floating(x.dtype), device: x.device }).uniform_(-most, most);
}

/** What turns a matrix of pixels into one of normalised coordinates, element by element. */
function aspectOf(aspect: number, { dtype, device }: Tensor): Tensor {
  return tensor([[1, 1 / aspect, 1], [aspect, 1, 1], [1, 1, 1]], { dtype, device }); // prettier-ignore
}
