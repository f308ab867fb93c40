/** Maps of the plane as 3 x 3 matrices in float64: what geometry is composed of before a single pixel is read. */

/**
 * A 3 x 3 matrix, row by row. It maps (x, y) to (x', y') by (x'w, y'w, w) = M (x, y, 1).
 *
 * Coordinates are normalised: -1 and 1 are the picture's borders, x points right and y points down.
 */
export type Matrix3 = readonly [number, number, number, number, number, number, number, number, number];

export const identity: Matrix3 = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** The map that first does `b` and then `a`. */
export function multiply(a: Matrix3, b: Matrix3): Matrix3 {
  const at = (row: number, column: number): number =>
    a[row * 3]! * b[column]! + a[row * 3 + 1]! * b[3 + column]! + a[row * 3 + 2]! * b[6 + column]!;
  return [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2), at(2, 0), at(2, 1), at(2, 2)];
}

/** The way back: the adjugate, over the determinant. A map that lays the plane onto a line has none, and gives what is not finite. */
export function invert([a, b, c, d, e, f, g, h, i]: Matrix3): Matrix3 {
  const [p, q, r] = [e * i - f * h, f * g - d * i, d * h - e * g];
  const scale = 1 / (a * p + b * q + c * r);
  return [
    p * scale,
    (c * h - b * i) * scale,
    (b * f - c * e) * scale,
    q * scale,
    (a * i - c * g) * scale,
    (c * d - a * f) * scale,
    r * scale,
    (b * g - a * h) * scale,
    (a * e - b * d) * scale,
  ];
}

/** Whether a map keeps parallels. */
export function isAffine(matrix: Matrix3): boolean {
  return matrix[6] === 0 && matrix[7] === 0 && matrix[8] === 1;
}

/** Stretches about the middle, then moves. */
export function stretch(x: number, y: number, shiftX = 0, shiftY = 0): Matrix3 {
  return [x, 0, shiftX, 0, y, shiftY, 0, 0, 1];
}

/** A linear map of a picture's pixels about its middle, in the normalised coordinates of a picture of this size. */
export function inPixels(
  [a, b, c, d]: readonly [number, number, number, number],
  { width, height }: { readonly width: number; readonly height: number },
): Matrix3 {
  return [a, (b * height) / width, 0, (c * width) / height, d, 0, 0, 0, 1];
}

/** A corner in normalised coordinates. */
type Corner = readonly [x: number, y: number];

/**
 * The perspective map that takes the corners of the square from -1 to 1 to four other points (Heckbert, "Fundamentals of texture mapping and
 * image warping", 1989). The points must be the corners of a convex quadrilateral.
 */
export function squareToCorners(upperLeft: Corner, upperRight: Corner, lowerRight: Corner, lowerLeft: Corner): Matrix3 {
  const [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = [upperLeft, upperRight, lowerRight, lowerLeft];
  const [dx1, dy1, dx2, dy2] = [x1 - x2, y1 - y2, x3 - x2, y3 - y2];
  const [sumX, sumY] = [x0 - x1 + x2 - x3, y0 - y1 + y2 - y3];
  const scale = 1 / (dx1 * dy2 - dx2 * dy1);
  const [g, h] = [(sumX * dy2 - dx2 * sumY) * scale, (dx1 * sumY - sumX * dy1) * scale];
  const ofUnitSquare: Matrix3 = [
    x1 - x0 + g * x1,
    x3 - x0 + h * x3,
    x0,
    y1 - y0 + g * y1,
    y3 - y0 + h * y3,
    y0,
    g,
    h,
    1,
  ];
  return multiply(ofUnitSquare, stretch(0.5, 0.5, 0.5, 0.5));
}
