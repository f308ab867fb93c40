/**
 * Image programs: what is done to one image, as a list of plain operations without anything random left in them.
 *
 * A transform describes what may happen; its `plan` draws, and says for one image what does. Programs are run by native code, the one
 * place where pixels are computed, whoever asks for it: a transform's `apply`, or a loader that hands whole batches to native threads.
 */

import { loadAddon } from '../runtime/native.js';
import { needCount } from '../tensor/checks.js';
import { ArgumentError, TenchError, invalid } from '../tensor/errors.js';
import { encodeProgram, needOperations } from './encode.js';
import type { Filter, PointFilter } from './filters.js';
import { requireImage, type Channels, type Image } from './image.js';

/** What of an image a program depends on. An {@link Image} is one. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
}

/** What stands where an image has nothing: one byte for all channels, or one byte for each. */
export type Fill = number | readonly number[];

/** What a crop shows outside of the image: a colour, the image in a mirror (its outermost pixels are not repeated), or its outermost pixels. */
export type Outside = 'fill' | 'reflect' | 'edge';

/** `[left, top, right, bottom]` in pixels. */
export type Box = readonly [number, number, number, number];

/** Grey repeated three times, alpha dropped without blending. */
export interface ToRgb {
  readonly op: 'toRgb';
}

/** One channel, by the luma of Rec. 601; alpha is dropped. */
export interface ToGrey {
  readonly op: 'toGrey';
}

/** No colour, but as many channels as before. */
export interface Grayscale {
  readonly op: 'grayscale';
}

/** Whole pixels, which may lie outside of the image. */
export interface Crop {
  readonly op: 'crop';
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Default 'fill'. */
  readonly outside?: Outside;
  /** Default 0. */
  readonly fill?: Fill;
}

/** Another size. */
export interface Resize {
  readonly op: 'resize';
  readonly width: number;
  readonly height: number;
  readonly filter: Filter;
  /** The part of the image that is resized; fractions count. Default: all of it. */
  readonly box?: Box;
  /**
   * True (default): an average over what every pixel covers, as Pillow's `resize`. False: read at one place, as Pillow's
   * `transform(EXTENT)`; nearest, bilinear and bicubic only, and the box may reach outside, where 0 stands.
   */
  readonly antialias?: boolean;
}

/** One of the eight ways to lay a picture onto itself: {@link dihedralNames} in their order. */
export interface Dihedral {
  readonly op: 'dihedral';
  readonly element: number;
}

/**
 * A perspective map. The pixel whose centre is (x, y) of the result is read at ((a x + b y + c) / w, (d x + e y + f) / w) with
 * w = g x + h y + 1.
 */
export interface Warp {
  readonly op: 'warp';
  readonly width: number;
  readonly height: number;
  /** `[a, b, c, d, e, f, g, h]` */
  readonly coefficients: readonly number[];
  readonly filter: PointFilter;
  /** Default 0. */
  readonly fill?: Fill;
}

/** An affine map: as {@link Warp} with six coefficients. */
export interface Affine {
  readonly op: 'affine';
  readonly width: number;
  readonly height: number;
  /** `[a, b, c, d, e, f]` */
  readonly coefficients: readonly number[];
  readonly filter: PointFilter;
  /** Default 0. */
  readonly fill?: Fill;
}

/** Every byte becomes the one at its place in a table; alpha stays. */
export interface LookUp {
  readonly op: 'lookUp';
  /** 256 bytes for all colours, or 256 for each, one after another. */
  readonly table: readonly number[];
}

/** What Pillow's ImageOps does without settings: 255 - v; the levels stretched to 0..255; about as many pixels of each level. Alpha stays. */
export interface Relevel {
  readonly op: 'invert' | 'autocontrast' | 'equalize';
}

/** Keeps the upper bits of every byte, 1 to 8 of them. */
export interface Posterize {
  readonly op: 'posterize';
  readonly bits: number;
}

/** Inverts bytes that are not below the threshold (0 to 256). */
export interface Solarize {
  readonly op: 'solarize';
  readonly threshold: number;
}

/**
 * Pillow's enhancers: 1 changes nothing, 0 gives black, the mean grey, no colour, or a slight blur, and more than 1 exaggerates. Alpha
 * stays.
 */
export interface Enhance {
  readonly op: 'brightness' | 'contrast' | 'saturation' | 'sharpness';
  readonly factor: number;
}

/** Turns the colour circle by a share of it, from -0.5 to 0.5. */
export interface Hue {
  readonly op: 'hue';
  readonly shift: number;
}

/** A Gaussian blur by standard deviations across and down, in pixels, as Pillow approximates it. */
export interface Blur {
  readonly op: 'blur';
  readonly across: number;
  readonly down: number;
}

/** Covers a rectangle inside of the image with a colour, or with uniform noise that two words of 32 bits fix. */
export interface Erase {
  readonly op: 'erase';
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Default 0. */
  readonly fill?: Fill;
  /** Instead of a fill. */
  readonly noise?: readonly [number, number];
}

/** One step of a program: plain data. */
export type ImageOperation =
  | ToRgb
  | ToGrey
  | Grayscale
  | Crop
  | Resize
  | Dihedral
  | Warp
  | Affine
  | LookUp
  | Relevel
  | Posterize
  | Solarize
  | Enhance
  | Hue
  | Blur
  | Erase;

/** The eight elements of the dihedral group; all but the first are Pillow's transpositions in their order. */
export const dihedralNames = [
  'identity',
  'flipLeftRight',
  'flipTopBottom',
  'rotate90',
  'rotate180',
  'rotate270',
  'transpose',
  'transverse',
] as const;

interface ImageAddon {
  runProgram(
    data: Uint8Array,
    width: number,
    height: number,
    channels: number,
    program: Float64Array,
  ): Promise<{ data: Uint8Array; width: number; height: number; channels: Channels }>;
}

const native = loadAddon() as unknown as ImageAddon;

/** The size that an image has after a program. */
export function sizeAfter(operations: readonly ImageOperation[], size: ImageSize): ImageSize {
  needSize(size);
  return needOperations(operations).reduce<ImageSize>(sizeAfterOne, {
    width: size.width,
    height: size.height,
    channels: size.channels,
  });
}

/** What a program is planned for. */
export function needSize(size: ImageSize): ImageSize {
  const given: unknown = size;
  if (typeof given !== 'object' || given === null)
    throw invalid('size', 'an image, or its width, height and channels', size);
  for (const name of ['width', 'height', 'channels'] as const) needCount(`size.${name}`, size[name], 1);
  return size;
}

function sizeAfterOne(size: ImageSize, operation: ImageOperation): ImageSize {
  switch (operation.op) {
    case 'toRgb':
      return { ...size, channels: 3 };
    case 'toGrey':
      return { ...size, channels: 1 };
    case 'crop':
    case 'resize':
    case 'warp':
    case 'affine':
      return { ...size, width: operation.width, height: operation.height };
    case 'dihedral':
      return swapsSides(operation.element) ? { ...size, width: size.height, height: size.width } : size;
    default:
      return size;
  }
}

/** Whether an element of the dihedral group makes rows of columns. */
function swapsSides(element: number): boolean {
  return [3, 5, 6, 7].includes(element);
}

/**
 * Runs a program on a thread of libuv's pool. An empty one gives the image itself.
 *
 * The meaning is sequential: every operation starts from the bytes that the one before it made.
 *
 * @throws ArgumentError that names the image and the operation whose arguments do not fit; TenchError where memory runs out
 */
export async function runProgram(image: Image, operations: readonly ImageOperation[]): Promise<Image> {
  requireImage('runProgram', image);
  if (needOperations(operations).length === 0) return image;
  const program = encodeProgram(operations);
  try {
    return image.with(await native.runProgram(image.data, image.width, image.height, image.channels, program));
  } catch (cause) {
    const { message, code } = cause as NodeJS.ErrnoException;
    const text = `${image.path ?? 'an image'}: ${message}`;
    throw code === 'ERR_TENCH_ARGUMENT' ? new ArgumentError(text, { cause }) : new TenchError(text, { cause });
  }
}
