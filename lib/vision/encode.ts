/**
 * The form in which native code takes a program: for each operation its number, how many arguments it has, and the arguments, all
 * numbers in one array.
 */

import { needArray, needFlag } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { filters } from './filters.js';
import type { Affine, Enhance, Fill, ImageOperation, Warp } from './program.js';

type Name = ImageOperation['op'];

/** An operation's number is its place here; native/image/program.cc has the same list. */
export const operationNames: readonly Name[] = [
  'toRgb',
  'toGrey',
  'crop',
  'resize',
  'dihedral',
  'warp',
  'affine',
  'grayscale',
  'lookUp',
  'invert',
  'posterize',
  'solarize',
  'autocontrast',
  'equalize',
  'brightness',
  'contrast',
  'saturation',
  'hue',
  'sharpness',
  'blur',
  'erase',
];

const outsides = ['fill', 'reflect', 'edge'] as const;

type Encoder<N extends Name> = (operation: ImageOperation & { op: N }) => number[];

const nothing = (): number[] => [];

const enhanced = ({ factor }: Enhance): number[] => [factor];

const mapped = ({ width, height, filter, fill, coefficients }: Warp | Affine): number[] => [
  width,
  height,
  filters.indexOf(filter),
  ...fillOf(fill),
  ...needArray('coefficients', coefficients),
];

const encoders: { readonly [N in Name]: Encoder<N> } = {
  toRgb: nothing,
  toGrey: nothing,
  grayscale: nothing,
  crop: ({ left, top, width, height, outside = 'fill', fill }) => [
    left,
    top,
    width,
    height,
    outsides.indexOf(outside),
    ...fillOf(fill),
  ],
  resize: ({ width, height, filter, box, antialias = true }) => [
    width,
    height,
    filters.indexOf(filter),
    Number(needFlag('antialias', antialias)),
    ...(box === undefined ? [0] : [1, ...needArray('box', box)]),
  ],
  dihedral: ({ element }) => [element],
  lookUp: ({ table }) => [...table],
  invert: nothing,
  autocontrast: nothing,
  equalize: nothing,
  posterize: ({ bits }) => [bits],
  solarize: ({ threshold }) => [threshold],
  brightness: enhanced,
  contrast: enhanced,
  saturation: enhanced,
  sharpness: enhanced,
  hue: ({ shift }) => [shift],
  blur: ({ across, down }) => [across, down],
  erase: ({ left, top, width, height, fill, noise }) => [
    left,
    top,
    width,
    height,
    ...(noise === undefined ? [0, ...fillOf(fill)] : [1, ...noise]),
  ],
  warp: mapped,
  affine: mapped,
};

function fillOf(fill: Fill = 0): number[] {
  return typeof fill === 'number' ? [1, fill] : [needArray('fill', fill).length, ...fill];
}

/**
 * The numbers of a program. Arguments are checked where it is run, which knows the image.
 *
 * @throws ArgumentError for an operation that is not known
 */
export function encodeProgram(operations: readonly ImageOperation[]): Float64Array {
  const numbers: number[] = [];
  for (const operation of needOperations(operations)) {
    const number = operationNames.indexOf(operation.op);
    const values = (encoders[operation.op] as (one: ImageOperation) => number[])(operation);
    const wrong = values.find((value: unknown) => typeof value !== 'number');
    if (wrong !== undefined) throw invalid(operation.op, 'numbers alone', wrong);
    numbers.push(number, values.length, ...values);
  }
  return Float64Array.from(numbers);
}

/** A list of operations that are known. */
export function needOperations(operations: readonly ImageOperation[]): readonly ImageOperation[] {
  for (const operation of needArray('operations', operations) as readonly (
    Partial<ImageOperation> | null | undefined
  )[]) {
    const op = operation?.op;
    if (op === undefined || !operationNames.includes(op))
      throw invalid('operation', `one of ${operationNames.join(', ')}`, op ?? operation);
  }
  return operations;
}
