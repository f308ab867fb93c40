/** Turning the image about its middle. */

import type { PointFilter } from '../filters.js';
import type { Fill, ImageOperation, ImageSize } from '../program.js';

/** Cosines of right angles that are off by the last bit would turn a whole row of ties; Pillow rounds here too. */
const to15Digits = (value: number): number => Number(value.toFixed(15)) + 0;

/** Turns by an angle in degrees, anti-clockwise, and keeps the size, as Pillow's `rotate`. Half turns and, of squares, quarter turns are exact. */
export function rotation(
  degrees: number,
  { width, height }: ImageSize,
  filter: PointFilter,
  fill: Fill,
): ImageOperation[] {
  const angle = ((degrees % 360) + 360) % 360;
  if (angle === 0) return [];
  if (angle === 180) return [{ op: 'dihedral', element: 4 }];
  if (width === height && angle === 90) return [{ op: 'dihedral', element: 3 }];
  if (width === height && angle === 270) return [{ op: 'dihedral', element: 5 }];
  const radians = (-angle * Math.PI) / 180;
  const [cos, sin] = [to15Digits(Math.cos(radians)), to15Digits(Math.sin(radians))];
  const [x, y] = [width / 2, height / 2];
  const coefficients = [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y];
  return [{ op: 'affine', width, height, coefficients, filter, fill }];
}
