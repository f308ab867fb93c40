/** The doors of the transforms: their options, checked once and brought into one form. */

import { invalid } from '../../tensor/errors.js';
import { isOptions } from '../../tensor/index.js';
import type { FilterChoice, PointFilter } from '../filters.js';
import type { Fill } from '../program.js';

/** The option of everything that resizes. */
export interface ResampleChoice {
  /**
   * One of Pillow's filters: `nearest`, `box`, `bilinear` (default), `hamming`, `bicubic`, `lanczos`. A list of them: every item draws
   * one.
   */
  readonly resample?: FilterChoice;
}

/** The options of everything that reads an image at places between its pixels. */
export interface WarpOptions {
  /** `nearest`, `bilinear` or `bicubic`, or a list of them of which every item draws one. */
  readonly resample?: FilterChoice<PointFilter>;
  /** What stands outside of the image: a byte, or one for each channel. Default 0. */
  readonly fill?: Fill;
}

/** The longest side that native code takes, in pixels. */
const LONGEST_SIDE = 2 ** 20;

/** A pair of numbers, the smaller one first. */
export type Range = readonly [number, number];

const isSide = (side: unknown): boolean =>
  Number.isInteger(side) && (side as number) >= 1 && (side as number) <= LONGEST_SIDE;

/** `[width, height]` of a size that is given so or as the side of a square. */
export function requireSize(argument: string, size: number | readonly [number, number]): readonly [number, number] {
  const sides: readonly unknown[] = typeof size === 'number' ? [size, size] : size;
  if (!Array.isArray(sides) || sides.length !== 2 || !sides.every(isSide)) {
    throw invalid(argument, 'a whole number of pixels, or [width, height]', size);
  }
  return [sides[0] as number, sides[1] as number];
}

/** The length of a side in pixels. */
export function requireSide(argument: string, side: number): number {
  if (!isSide(side)) throw invalid(argument, 'a whole number of pixels of at least 1', side);
  return side;
}

/** The only setting of a transform, given by itself or as an object that has it under its name. */
export function onlySetting<T>(name: string, given: unknown, otherwise?: T): T {
  if (given === undefined) return otherwise as T;
  return (isOptions(given) ? (given[name] ?? otherwise) : given) as T;
}

export function requireProbability(argument: string, p: number): number {
  if (!(typeof p === 'number' && p >= 0 && p <= 1)) throw invalid(argument, 'a probability from 0 to 1', p);
  return p;
}

/** A finite number from `least` to `most`. */
export function requireNumber(argument: string, value: number, least: number, most = Number.MAX_VALUE): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw invalid(argument, `a number ${wording(least, most)}`, value);
}

/** `[low, high]` within bounds. */
export function requireRange(argument: string, range: Range, least: number, most = Number.MAX_VALUE): Range {
  const given: readonly unknown[] = range;
  const isWithin = (end: unknown): boolean => typeof end === 'number' && end >= least && end <= most;
  if (Array.isArray(given) && given.length === 2 && given.every(isWithin) && range[0] <= range[1]) {
    return [range[0], range[1]];
  }
  throw invalid(argument, `[low, high] ${wording(least, most)}`, range);
}

function wording(least: number, most: number): string {
  return most === Number.MAX_VALUE ? `of at least ${least}` : `from ${least} to ${most}`;
}

/** A byte, or one for each channel. */
export function requireFill(argument: string, fill: Fill): Fill {
  const values: readonly unknown[] = typeof fill === 'number' ? [fill] : fill;
  const isByte = (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
  if (!Array.isArray(values) || values.length < 1 || values.length > 4 || !values.every(isByte)) {
    throw invalid(argument, 'a whole number from 0 to 255, or one for each channel', fill);
  }
  return typeof fill === 'number' ? fill : [...fill];
}
