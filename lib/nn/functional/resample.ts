/** Resampling of batches: resizing with string modes, and reading along a grid as affine maps need it. */

import * as operators from '../../tensor/index.js';
import { callOperator, type Tensor } from '../../tensor/index.js';
import { needArray, needFlag, needOptions, needTensor } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import { gridSampleModeCode, gridSamplePaddingCode, type GridSampleMode, type GridSamplePadding } from './options.js';
import { isSmooth, needInterpolateOptions } from './interpolateOptions.js';

/** How `interpolate` reads between elements. `'nearest-exact'` samples at pixel centres, `'nearest'` rounds down as old PyTorch does. */
export type InterpolateMode = 'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'bicubic' | 'trilinear' | 'area';

/** Options of {@link interpolate}. Give exactly one of `size` and `scaleFactor`. */
export interface InterpolateOptions {
  /** Spatial size of the result: one number for every axis, or one an axis. */
  size?: number | readonly number[];
  /** Factor for the spatial size: one number for every axis, or one an axis. */
  scaleFactor?: number | readonly number[];
  /** Default `'nearest'`. */
  mode?: InterpolateMode;
  /** Whether the corner elements' centres stay where they are; for the linear and cubic modes; default false. */
  alignCorners?: boolean;
  /** Widens the filter when reducing, as Pillow does; for `'bilinear'` and `'bicubic'`; default false. */
  antialias?: boolean;
}

/** Operator for each mode and number of spatial axes. */
const upsample: Readonly<Record<Exclude<InterpolateMode, 'area'>, Readonly<Record<number, string>>>> = {
  nearest: { 1: 'upsample_nearest1d', 2: 'upsample_nearest2d', 3: 'upsample_nearest3d' },
  'nearest-exact': { 1: '_upsample_nearest_exact1d', 2: '_upsample_nearest_exact2d', 3: '_upsample_nearest_exact3d' },
  linear: { 1: 'upsample_linear1d' },
  bilinear: { 2: 'upsample_bilinear2d' },
  bicubic: { 2: 'upsample_bicubic2d' },
  trilinear: { 3: 'upsample_trilinear3d' },
};

/**
 * Resizes the spatial axes of a batch.
 *
 * @param input [batch, channels, width], [batch, channels, height, width] or [batch, channels, depth, height, width]
 * @throws ArgumentError when the mode does not fit the number of axes, or an option does not fit the mode
 */
export function interpolate(input: Tensor, options: InterpolateOptions): Tensor {
  needInterpolateOptions('interpolate', options);
  const { size, scaleFactor, mode = 'nearest', alignCorners, antialias = false } = options;
  const axes = needTensor('interpolate: input', input).ndim - 2;
  if (axes < 1) throw invalid('interpolate: input', 'a batch with 1 to 3 axes after batch and channels', input);
  const sizes = size === undefined ? null : perAxis('interpolate: size', size, axes);
  const scales = scaleFactor === undefined ? null : perAxis('interpolate: scaleFactor', scaleFactor, axes);
  if (mode === 'area') return area(input, sizes, scales);
  let name = upsample[mode][axes];
  if (name === undefined) {
    throw invalid(
      'interpolate: input',
      `a batch with the axes of mode '${mode}' (${Object.keys(upsample[mode]).join(' or ')} after batch and channels)`,
      input,
    );
  }
  if (antialias) name = `_${name}_aa`;
  const args = isSmooth(mode) ? [input, sizes, alignCorners ?? false, scales] : [input, sizes, scales];
  return callOperator(`aten::${name}.vec`, args) as Tensor;
}

/** The mean over the elements that fall together. */
function area(input: Tensor, sizes: readonly number[] | null, scales: readonly number[] | null): Tensor {
  const spatial = input.shape.slice(2);
  if (spatial.length > 3)
    throw invalid('interpolate: input', 'a batch with 1 to 3 axes after batch and channels', input);
  const target = sizes ?? spatial.map((size, i) => Math.floor(size * (scales?.[i] ?? 1)));
  return callOperator(`aten::adaptive_avg_pool${spatial.length}d`, [input, target]) as Tensor;
}

function perAxis(argument: string, value: number | readonly number[], axes: number): number[] {
  const values = typeof value === 'number' ? new Array<number>(axes).fill(value) : [...value];
  if (values.length !== axes)
    throw invalid(argument, `a number, or ${axes} of them for the axes after batch and channels`, value);
  return values;
}

/** Options of {@link gridSample}. */
export interface GridSampleOptions {
  /** Default `'bilinear'`; `'bicubic'` only for 4-d input. */
  mode?: GridSampleMode;
  /** Default `'zeros'`. */
  paddingMode?: GridSamplePadding;
  /** Whether -1 and 1 are the centres of the corner pixels (true) or their outer edges (false, default). */
  alignCorners?: boolean;
}

/**
 * Reads a batch of pictures at the places that a grid names.
 *
 * @param input [batch, channels, height, width] (or with depth before height)
 * @param grid [batch, outHeight, outWidth, 2], (x, y) from -1 to 1 across the picture
 * @returns [batch, channels, outHeight, outWidth]
 */
export function gridSample(input: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor {
  needOptions('gridSample', options);
  const { mode = 'bilinear', paddingMode = 'zeros', alignCorners = false } = options;
  needFlag('gridSample: alignCorners', alignCorners);
  return operators.gridSampler(input, grid, gridSampleModeCode(mode), gridSamplePaddingCode(paddingMode), alignCorners);
}

/**
 * The grid for {@link gridSample} that an affine map makes: for every pixel of the result, the place to read.
 *
 * @param theta [batch, 2, 3], maps the result's (x, y, 1) to the input's (x, y); or [batch, 3, 4] in space
 * @param size shape of the result, [batch, channels, height, width]
 * @param options `alignCorners` as in {@link gridSample}, default false; both must agree
 */
export function affineGrid(theta: Tensor, size: readonly number[], options: { alignCorners?: boolean } = {}): Tensor {
  needArray('affineGrid: size', size, 'the shape of the result');
  needOptions('affineGrid', options);
  const alignCorners = needFlag('affineGrid: alignCorners', options.alignCorners ?? false);
  return operators.affineGridGenerator(theta, size, alignCorners);
}
