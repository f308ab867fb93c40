/** What belongs to the pictures of a batch, and follows their geometry: masks, boxes and points. */

import { stack, tensor, type Tensor } from '../../tensor/index.js';
import { needOptions, needTensor } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import { invert, multiply, stretch, type Matrix3 } from './matrix.js';
import type { PictureSize } from './part.js';
import { sampleBatch, type SampleOptions } from './sampleBatch.js';

/** Targets by kind, each for all pictures of the batch. */
export interface BatchTargets {
  /** [batch, height, width] or [batch, channels, height, width], of any dtype (whole numbers below 2^24). */
  readonly masks?: Tensor;
  /** [batch, boxes, 4]: left, top, right, bottom in pixels; the picture's edges are at 0 and its width. */
  readonly boxes?: Tensor;
  /** [batch, points, 2]: x, y in pixels. The middle of the first pixel is (0.5, 0.5). */
  readonly points?: Tensor;
}

/** Targets after a geometry. What is in the picture is told by tensors of the same places, since no place is dropped without the caller. */
export interface MovedTargets extends BatchTargets {
  /** bool [batch, boxes]: false where nothing of a box is left; it is all zeros then. */
  readonly boxesInside?: Tensor;
  /** bool [batch, points]: false where a point has left the picture; its coordinates say where it would be. */
  readonly pointsInside?: Tensor;
}

/** The shapes that targets must have. */
export function needTargets(targets: BatchTargets, batch: number): BatchTargets {
  needOptions('targets', targets);
  const { masks, boxes, points } = targets;
  if (masks !== undefined && (![3, 4].includes(needTensor('targets.masks', masks).ndim) || masks.shape[0] !== batch))
    throw invalid('targets.masks', `a tensor [${batch}, height, width], perhaps with channels`, masks);
  for (const [name, places, numbers] of [
    ['boxes', boxes, 4],
    ['points', points, 2],
  ] as const) {
    // prettier-ignore
    if (places === undefined) continue;
    const [first, , last] = needTensor(`targets.${name}`, places).shape;
    if (places.ndim !== 3 || first !== batch || last !== numbers || !places.isFloatingPoint())
      throw invalid(`targets.${name}`, `a floating-point tensor [${batch}, ${name}, ${numbers}]`, places);
  }
  return targets;
}

/** How the targets are moved: the pictures' own matrices, from the result to the picture, and both sizes. */
export interface Geometry {
  readonly matrices: readonly Matrix3[];
  readonly from: PictureSize;
  readonly to: PictureSize;
  readonly options: Pick<SampleOptions, 'paddingMode' | 'alignCorners'>;
}

/** The targets of pictures that are read through these maps. */
export function moveTargets({ masks, boxes, points }: BatchTargets, geometry: Geometry, maps: Tensor): MovedTargets {
  const moved: { -readonly [name in keyof MovedTargets]: MovedTargets[name] } = {};
  if (masks !== undefined) moved.masks = moveMasks(masks, geometry, maps);
  if (boxes === undefined && points === undefined) return moved;
  const forward = pixelMaps(geometry);
  if (points !== undefined) [moved.points, moved.pointsInside] = movePoints(points, geometry.to, forward);
  if (boxes !== undefined) [moved.boxes, moved.boxesInside] = moveBoxes(boxes, geometry.to, forward);
  return moved;
}

function moveMasks(masks: Tensor, { to, options }: Geometry, maps: Tensor): Tensor {
  const planes = (masks.ndim === 3 ? masks.unsqueeze(1) : masks).to('float32');
  const read = sampleBatch(planes, maps, { ...options, size: [to.height, to.width], mode: 'nearest' });
  return (masks.ndim === 3 ? read.squeeze(1) : read).to(masks.dtype);
}

/** Pixels of the pictures to pixels of the results, each transposed: points are rows. */
function pixelMaps({ matrices, from, to, options }: Geometry): Float64Array {
  const enter = toNormalised(from, options);
  const leave = invert(toNormalised(to, options));
  const numbers = new Float64Array(matrices.length * 9);
  for (const [i, matrix] of matrices.entries()) {
    const forward = multiply(leave, multiply(invert(matrix), enter));
    for (let k = 0; k < 9; k += 1) numbers[i * 9 + k] = forward[(k % 3) * 3 + Math.floor(k / 3)] ?? 0;
  }
  return numbers;
}

/** From pixels to -1 and 1, which are the edges, or the middles of the outermost pixels. */
function toNormalised({ width, height }: PictureSize, { alignCorners }: Geometry['options']): Matrix3 {
  if (!alignCorners) return stretch(2 / width, 2 / height, -1, -1);
  const [x, y] = [2 / Math.max(1, width - 1), 2 / Math.max(1, height - 1)];
  return stretch(x, y, -1 - x / 2, -1 - y / 2);
}

/** [batch, places, 2] through the maps. */
function mapAll(places: Tensor, forward: Float64Array): Tensor {
  const { dtype, device } = places;
  const maps = tensor(forward, {
    dtype: dtype === 'float64' ? dtype : 'float32',
    device,
    shape: [forward.length / 9, 3, 3],
  });
  const mapped = places
    .to(maps.dtype)
    .bmm(maps.narrow(1, 0, 2))
    .add(maps.narrow(1, 2, 1));
  return mapped
    .narrow(2, 0, 2)
    .div(mapped.narrow(2, 2, 1))
    .to(dtype);
}

function movePoints(points: Tensor, { width, height }: PictureSize, forward: Float64Array): [Tensor, Tensor] {
  const moved = mapAll(points, forward);
  const [x, y] = [moved.select(2, 0), moved.select(2, 1)];
  const inside = x.ge(0).logicalAnd(x.le(width)).logicalAnd(y.ge(0)).logicalAnd(y.le(height));
  return [moved, inside];
}

/** The smallest upright boxes around the moved corners, cut off at the picture's edges. */
function moveBoxes(boxes: Tensor, { width, height }: PictureSize, forward: Float64Array): [Tensor, Tensor] {
  const [batch, count] = boxes.shape as [number, number];
  const [left, top, right, bottom] = [0, 1, 2, 3].map((i) => boxes.select(2, i)) as [Tensor, Tensor, Tensor, Tensor];
  const corners = stack([left, top, right, top, right, bottom, left, bottom], 2).reshape([batch, count * 4, 2]);
  const moved = mapAll(corners, forward).reshape([batch, count, 4, 2]);
  const edges = [moved.amin([2]), moved.amax([2])].map((corner) =>
    stack([corner.select(2, 0).clamp(0, width), corner.select(2, 1).clamp(0, height)], 2),
  ) as [Tensor, Tensor];
  const inside = edges[1].gt(edges[0]).all(2);
  const cut = stack(edges, 2).reshape([batch, count, 4]);
  return [cut.mul(inside.unsqueeze(2).to(cut.dtype)), inside];
}
