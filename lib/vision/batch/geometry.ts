/** The geometric parts: turns, zooms, shifts, shears, squishes, flips and tilts as matrices. */

import type { Generator } from '../../data/random.js';
import { needFlag, needOptions } from '../../tensor/checks.js';
import { requireNumber, requireRange, type Range } from '../transforms/options.js';
import { identity, inPixels, invert, squareToCorners, stretch, type Matrix3 } from './matrix.js';
import { GeometricPart, needDraw, type PictureSize } from './part.js';

/** The probability of a part. */
export interface PartOptions {
  /** The probability that a picture is changed; default 0.5. */
  readonly p?: number;
}

/** What all of them do first: nothing, with probability 1 - p. */
abstract class DrawnPart extends GeometricPart {
  constructor({ p = 0.5 }: PartOptions) {
    super(p);
  }

  matrix(random: Generator, size: PictureSize): Matrix3 | null {
    needDraw(random, size);
    return random.bernoulli(this.p) ? this.draw(random, size) : null;
  }

  protected abstract draw(random: Generator, size: PictureSize): Matrix3;
}

/** The options, once they are known to be some. */
function needed<Options extends object>(name: string, options: Options): Options {
  needOptions(name, options);
  return options;
}

const tangent = (degrees: number): number => Math.tan((degrees * Math.PI) / 180);

/** Turns about the middle, without shear also where the picture is no square. */
export class BatchRotate extends DrawnPart {
  readonly maxDegrees: number;

  /** @param options `maxDegrees`: the angle is drawn evenly to both sides, default 10; `p`: default 0.5 */
  constructor(options: PartOptions & { readonly maxDegrees?: number } = {}) {
    super(needed('BatchRotate', options));
    this.maxDegrees = requireNumber('maxDegrees', options.maxDegrees ?? 10, 0, 360);
  }

  protected draw(random: Generator, size: PictureSize): Matrix3 {
    const angle = (random.uniform(-this.maxDegrees, this.maxDegrees) * Math.PI) / 180;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return inPixels([cos, -sin, sin, cos], size);
  }
}

/** Comes closer, or goes away, towards a place drawn anywhere in the picture. */
export class BatchZoom extends DrawnPart {
  readonly zoom: Range;

  /** @param options `zoom`: the factors to draw from, default `[1, 1.1]`; below 1 the picture becomes smaller; `p`: default 0.5 */
  constructor(options: PartOptions & { readonly zoom?: Range } = {}) {
    super(needed('BatchZoom', options));
    this.zoom = requireRange('zoom', options.zoom ?? [1, 1.1], 0.01, 100);
  }

  protected draw(random: Generator): Matrix3 {
    const scale = 1 / random.uniform(...this.zoom);
    const [x, y] = [random.uniform(-1, 1), random.uniform(-1, 1)];
    return stretch(scale, scale, (1 - scale) * x, (1 - scale) * y);
  }
}

/** Moves across and down. */
export class BatchShift extends DrawnPart {
  readonly maxShift: number;

  /** @param options `maxShift`: the most, as a share of width and of height, to either side, default 0.1; `p`: default 0.5 */
  constructor(options: PartOptions & { readonly maxShift?: number } = {}) {
    super(needed('BatchShift', options));
    this.maxShift = requireNumber('maxShift', options.maxShift ?? 0.1, 0, 1);
  }

  protected draw(random: Generator): Matrix3 {
    const draw = (): number => -2 * random.uniform(-this.maxShift, this.maxShift);
    return stretch(1, 1, draw(), draw());
  }
}

/** Slants the picture: its columns, its rows, or both. */
export class BatchShear extends DrawnPart {
  readonly maxDegrees: readonly [x: number, y: number];

  /** @param options `maxDegrees`: of the columns, or `[columns, rows]`, to either side, below 45; default 10 and 0; `p`: default 0.5 */
  constructor(options: PartOptions & { readonly maxDegrees?: number | readonly [x: number, y: number] } = {}) {
    super(needed('BatchShear', options));
    const { maxDegrees = 10 } = options;
    const given = Array.isArray(maxDegrees) ? (maxDegrees as readonly [number, number]) : ([maxDegrees, 0] as const);
    const [x, y] = given as readonly [number, number];
    this.maxDegrees = [requireNumber('maxDegrees', x, 0, 44.9), requireNumber('maxDegrees', y, 0, 44.9)];
  }

  protected draw(random: Generator, size: PictureSize): Matrix3 {
    const [x, y] = this.maxDegrees.map((most) => tangent(random.uniform(-most, most))) as [number, number];
    return inPixels([1, x, y, 1], size);
  }
}

/** Makes the picture wider and flatter, or narrower and taller, and keeps its area. */
export class BatchSquish extends DrawnPart {
  readonly ratio: Range;

  /** @param options `ratio`: by which width over height changes, drawn evenly in its logarithm, default `[3/4, 4/3]`; `p`: default 0.5 */
  constructor(options: PartOptions & { readonly ratio?: Range } = {}) {
    super(needed('BatchSquish', options));
    this.ratio = requireRange('ratio', options.ratio ?? [3 / 4, 4 / 3], 0.01, 100);
  }

  protected draw(random: Generator): Matrix3 {
    const root = Math.exp(random.uniform(Math.log(this.ratio[0]), Math.log(this.ratio[1])) / 2);
    return stretch(1 / root, root);
  }
}

/** Swaps left and right, or top and bottom. */
export class BatchFlip extends DrawnPart {
  readonly vertical: boolean;

  /** @param options `vertical`: top and bottom instead, default false; `p`: default 0.5 */
  constructor(options: PartOptions & { readonly vertical?: boolean } = {}) {
    super(needed('BatchFlip', options));
    this.vertical = needFlag('vertical', options.vertical ?? false);
  }

  protected draw(): Matrix3 {
    return this.vertical ? stretch(1, -1) : stretch(-1, 1);
  }
}

/** From the result to the picture, in pixels about the middle, in the order of `dihedralNames`. */
const dihedral: readonly (readonly [number, number, number, number])[] = [
  [1, 0, 0, 1],
  [-1, 0, 0, 1],
  [1, 0, 0, -1],
  [0, -1, 1, 0],
  [-1, 0, 0, -1],
  [0, 1, -1, 0],
  [0, 1, 1, 0],
  [0, -1, -1, 0],
];

/**
 * One of the eight elements of the dihedral group, all equally likely: the identity too, so that a picture changes with probability 7/8 p. The
 * sides of a batch stay as they are: of a picture that is no square, a quarter turn leaves room that `paddingMode` fills.
 */
export class BatchDihedral extends DrawnPart {
  /** @param options `p`: the probability that an element is drawn, default 0.5 */
  constructor(options: PartOptions = {}) {
    super(needed('BatchDihedral', options));
  }

  protected draw(random: Generator, size: PictureSize): Matrix3 {
    return inPixels(dihedral[random.integer(8)] ?? [1, 0, 0, 1], size);
  }
}

/** Tilts the picture in space: each of its corners comes from a place of its own nearby. */
export class BatchPerspective extends DrawnPart {
  readonly magnitude: number;

  /** @param options `magnitude`: how far at most, as a share of half a side, below 0.5, default 0.2; `p`: default 0.5 */
  constructor(options: PartOptions & { readonly magnitude?: number } = {}) {
    super(needed('BatchPerspective', options));
    this.magnitude = requireNumber('magnitude', options.magnitude ?? 0.2, 0, 0.49);
  }

  protected draw(random: Generator): Matrix3 {
    const near = (x: number, y: number): [number, number] => [
      x + random.uniform(-this.magnitude, this.magnitude),
      y + random.uniform(-this.magnitude, this.magnitude),
    ];
    return squareToCorners(near(-1, -1), near(1, -1), near(1, 1), near(-1, 1));
  }
}

/**
 * fastai's symmetric warp: the picture as seen from further left or right and from further up or down. The result's corners go out on one side
 * by as much as they come in on the other. Each of the two directions is drawn with probability p.
 */
export class BatchWarp extends GeometricPart {
  readonly magnitude: number;

  /** @param options `magnitude`: at most, as a share of half a side, below 0.5, default 0.2; `p`: default 0.5 */
  constructor(options: PartOptions & { readonly magnitude?: number } = {}) {
    super(needed('BatchWarp', options).p ?? 0.5);
    this.magnitude = requireNumber('magnitude', options.magnitude ?? 0.2, 0, 0.49);
  }

  matrix(random: Generator, size: PictureSize): Matrix3 | null {
    needDraw(random, size);
    const draw = (): number => (random.bernoulli(this.p) ? random.uniform(-this.magnitude, this.magnitude) : 0);
    const [x, y] = [draw(), draw()];
    return x === 0 && y === 0 ? null : warpMatrix(x, y);
  }
}

/** The map from the result to the picture of a symmetric warp by x and y. */
export function warpMatrix(x: number, y: number): Matrix3 {
  if (x === 0 && y === 0) return identity;
  return invert(squareToCorners([-1 - y, -1 - x], [1 + y, -1 + x], [1 - y, 1 - x], [-1 + y, 1 + x]));
}
