/** Perspective: the eight coefficients that take four points to four others, and the image warped by them. */

import { needOptions } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import { pointFilters, requireFilters, type PointFilter } from '../filters.js';
import { requireImage, type Image } from '../image.js';
import { runProgram, type Fill } from '../program.js';
import { requireFill, requireSize } from './options.js';

/** `[x, y]` in pixels; the image's upper left corner is `[0, 0]`. */
export type Point = readonly [number, number];

/** Four corners in the lesson's order: upper left, lower left, lower right, upper right. */
export type Quad = readonly [Point, Point, Point, Point];

/**
 * The coefficients of the perspective map that takes every target point to its original one, as image warps need them: they ask for
 * every pixel of the result where it comes from.
 *
 * @param originals four points of the image, no three of them on a line
 * @param targets where they go
 * @returns `[a, b, c, d, e, f, g, h]`: (x, y) comes from ((a x + b y + c) / w, (d x + e y + f) / w) with w = g x + h y + 1
 * @throws ArgumentError for points that are not four, not finite, or of which three are on a line
 */
export function findCoeffs(originals: Quad, targets: Quad): number[] {
  requireQuad('originals', originals);
  requireQuad('targets', targets);
  const rows: number[][] = [];
  for (const [i, [x, y]] of targets.entries()) {
    const [u, v] = originals[i]!;
    rows.push([x, y, 1, 0, 0, 0, -u * x, -u * y, u], [0, 0, 0, x, y, 1, -v * x, -v * y, v]);
  }
  const solution = solve(rows);
  // No three points are on a line, so only a map that sends the origin of the targets to infinity has no such coefficients.
  if (solution === null) throw invalid('targets', 'points of a map that keeps [0, 0] finite', targets);
  return solution;
}

function requireQuad(argument: string, points: Quad): void {
  const given: readonly unknown[] = points;
  const isPoint = (point: unknown): boolean =>
    Array.isArray(point) && point.length === 2 && point.every((value) => Number.isFinite(value));
  if (!Array.isArray(given) || given.length !== 4 || !given.every(isPoint)) {
    throw invalid(argument, 'four points [x, y]', points);
  }
  const across = points.map(([x]) => x);
  const down = points.map(([, y]) => y);
  const extent = Math.max(Math.max(...across) - Math.min(...across), Math.max(...down) - Math.min(...down));
  for (let left = 0; left < 4; left++) {
    const [a, b, c] = points.filter((_, i) => i !== left) as [Point, Point, Point];
    const doubleArea = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
    if (!(Math.abs(doubleArea) > 1e-9 * extent * extent)) {
      throw invalid(argument, 'four points of which no three are on a line', points);
    }
  }
}

/** Gaussian elimination with partial pivoting on rows [A | b]; null if there is no single solution. */
function solve(rows: number[][]): number[] | null {
  const count = rows.length;
  for (let column = 0; column < count; column++) {
    let best = column;
    for (let row = column + 1; row < count; row++) {
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[best]![column]!)) best = row;
    }
    [rows[column], rows[best]] = [rows[best]!, rows[column]!];
    const pivot = rows[column]!;
    if (Math.abs(pivot[column]!) < 1e-12) return null;
    for (const [number, row] of rows.entries()) {
      if (number === column) continue;
      const factor = row[column]! / pivot[column]!;
      for (let k = column; k <= count; k++) row[k] = row[k]! - factor * pivot[k]!;
    }
  }
  return rows.map((row, i) => row[count]! / row[i]!);
}

/** The corners of an image or a box. */
export function cornersOf(width: number, height: number): Quad {
  return [
    [0, 0],
    [0, height],
    [width, height],
    [width, 0],
  ];
}

/**
 * Brings four points of an image to the corners of another one.
 *
 * @param image the image
 * @param size of the result: the side of a square, or `[width, height]`
 * @param corners the points that become upper left, lower left, lower right and upper right; they may lie outside
 * @param options `resample`: `nearest`, `bilinear` (default) or `bicubic`; `fill`: what stands outside of the image, default 0
 */
export async function warp(
  image: Image,
  size: number | readonly [number, number],
  corners: Quad,
  options: { resample?: PointFilter; fill?: Fill } = {},
): Promise<Image> {
  needOptions('warp', options);
  const { resample = 'bilinear', fill = 0 } = options;
  requireImage('warp', image);
  const [width, height] = requireSize('size', size);
  requireFilters('resample', resample, pointFilters);
  const coefficients = findCoeffs(corners, cornersOf(width, height));
  return runProgram(image, [
    { op: 'warp', width, height, coefficients, filter: resample, fill: requireFill('fill', fill) },
  ]);
}
