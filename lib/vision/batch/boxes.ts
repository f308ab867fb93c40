/** Boxes in the pictures of a batch, drawn on the host and put onto the device as a mask: no picture is looked at by itself. */

import { arange, tensor, type Tensor } from '../../tensor/index.js';

/** A box in pixels; what is at `right` and `bottom` is no longer inside. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Holds nothing. */
const nowhere: Box = { left: 0, top: 0, right: 0, bottom: 0 };

/**
 * Where the boxes are.
 *
 * @param boxes for each picture any number of them
 * @returns bool, [batch, 1, height, width], true inside any box of the picture
 */
export function boxMask(boxes: readonly (readonly Box[])[], { shape, device }: Tensor): Tensor {
  const [height, width] = shape.slice(-2) as [number, number];
  const most = Math.max(1, ...boxes.map((list) => list.length));
  const edges = Int32Array.from(
    boxes.flatMap((list) =>
      Array.from({ length: most }, (_, i) => list[i] ?? nowhere).flatMap(({ left, top, right, bottom }) => [
        left,
        right,
        top,
        bottom,
      ]),
    ),
  );
  const all = tensor(edges, { shape: [boxes.length, most, 4, 1], dtype: 'int32', device });
  const [left, right, top, bottom] = all.unbind(2) as [Tensor, Tensor, Tensor, Tensor];
  const isWithin = (length: number, from: Tensor, to: Tensor): Tensor => {
    const places = arange(length, { dtype: 'int32', device });
    return places.ge(from).logicalAnd_(places.lt(to));
  };
  const columns = isWithin(width, left, right).unsqueeze(2);
  const rows = isWithin(height, top, bottom).unsqueeze(3);
  const inside = rows.logicalAnd(columns);
  return most === 1 ? inside : inside.any(1, true);
}
