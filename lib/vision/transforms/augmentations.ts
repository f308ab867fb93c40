/** The single augmentations that RandAugment and TrivialAugment choose from, each with a strength. */

import type { PointFilter } from '../filters.js';
import type { Fill, ImageOperation, ImageSize } from '../program.js';
import { rotation } from './rotation.js';

/** What a strength means is up to the augmentation; `bin` is its step, from 0 to `bins` - 1. */
export interface Augmentation {
  readonly name: string;
  /** Whether the strength goes either way, with equal chances. */
  readonly signed: boolean;
  /** The strength of a step between none (`share` 0) and the largest (1). */
  strength(share: number, size: ImageSize): number;
  operations(strength: number, size: ImageSize, filter: PointFilter, fill: Fill): ImageOperation[];
}

/** The largest strengths, by which RandAugment and TrivialAugment differ. */
export interface Strengths {
  readonly shear: number;
  /** In pixels. */
  readonly translateX: (size: ImageSize) => number;
  readonly translateY: (size: ImageSize) => number;
  readonly degrees: number;
  /** How far an enhancer's factor is from 1. */
  readonly enhance: number;
  /** How many of the 8 bits are taken away. */
  readonly bits: number;
}

const linear =
  (largest: number) =>
  (share: number): number =>
    largest * share;

function affine(
  coefficients: readonly number[],
  { width, height }: ImageSize,
  filter: PointFilter,
  fill: Fill,
): ImageOperation[] {
  return [{ op: 'affine', width, height, coefficients, filter, fill }];
}

/** The list of both papers, in torchvision's order. */
export function augmentations(strengths: Strengths): readonly Augmentation[] {
  const { shear, translateX, translateY, degrees, enhance, bits } = strengths;
  const always = { signed: false, strength: (): number => 0 };
  const enhancer = (name: string, op: 'brightness' | 'contrast' | 'saturation' | 'sharpness'): Augmentation => ({
    name,
    signed: true,
    strength: linear(enhance),
    operations: (strength) => [{ op, factor: 1 + strength }],
  });
  return [
    { name: 'Identity', ...always, operations: () => [] },
    {
      name: 'ShearX',
      signed: true,
      strength: linear(shear),
      operations: (strength, ...rest) => affine([1, strength, 0, 0, 1, 0], ...rest),
    },
    {
      name: 'ShearY',
      signed: true,
      strength: linear(shear),
      operations: (strength, ...rest) => affine([1, 0, 0, strength, 1, 0], ...rest),
    },
    {
      name: 'TranslateX',
      signed: true,
      strength: (share, size) => translateX(size) * share,
      operations: (strength, ...rest) => affine([1, 0, -Math.trunc(strength), 0, 1, 0], ...rest),
    },
    {
      name: 'TranslateY',
      signed: true,
      strength: (share, size) => translateY(size) * share,
      operations: (strength, ...rest) => affine([1, 0, 0, 0, 1, -Math.trunc(strength)], ...rest),
    },
    { name: 'Rotate', signed: true, strength: linear(degrees), operations: rotation },
    enhancer('Brightness', 'brightness'),
    enhancer('Color', 'saturation'),
    enhancer('Contrast', 'contrast'),
    enhancer('Sharpness', 'sharpness'),
    {
      name: 'Posterize',
      signed: false,
      strength: (share) => 8 - Math.round(bits * share),
      operations: (strength) => [{ op: 'posterize', bits: strength }],
    },
    {
      name: 'Solarize',
      signed: false,
      strength: (share) => 255 * (1 - share),
      operations: (strength) => [{ op: 'solarize', threshold: strength }],
    },
    { name: 'AutoContrast', ...always, operations: () => [{ op: 'autocontrast' }] },
    { name: 'Equalize', ...always, operations: () => [{ op: 'equalize' }] },
  ];
}
