/** Transforms from their descriptions: what `describe()` gave, perhaps by way of a file, becomes a transform again. */

import type { AnyTransform, TransformDescription } from '../../data/compose.js';
import { needFunction, needOptions } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import {
  ColorJitter,
  RandomBrightness,
  RandomContrast,
  RandomGrayscale,
  RandomHue,
  RandomSaturation,
} from './colorJitter.js';
import { GaussianBlur } from './gaussianBlur.js';
import { CenterCrop, GeneralCrop } from './generalCrop.js';
import { makeRgb } from './makeRgb.js';
import { Pad, RandomPadCrop } from './pad.js';
import { PerspectiveRandResizedCrop, TiltRandomCrop } from './perspectiveCrop.js';
import { RandAugment, TrivialAugmentWide } from './randAugment.js';
import { RandomErasing } from './randomErasing.js';
import { RandomDihedral, RandomFlip } from './randomFlip.js';
import { RandomResizedCrop } from './randomResizedCrop.js';
import { ResizeFixed } from './resizeFixed.js';
import { ResizeMax, ResizeMin } from './resizeToSide.js';
import { toByteTensor, toFloatTensor } from './toTensor.js';

/** Makes a transform of a description's settings, which a constructor checks as it checks those of a user. */
export type TransformMaker = (settings: Readonly<Record<string, unknown>>) => AnyTransform;

/** The classes that take all settings as options. */
const byOptions = {
  RandomFlip,
  RandomDihedral,
  RandomBrightness,
  RandomContrast,
  RandomSaturation,
  RandomHue,
  RandomGrayscale,
  ColorJitter,
  GaussianBlur,
  RandomErasing,
  RandAugment,
  TrivialAugmentWide,
};

/** The classes that take a size first. */
const bySize = {
  ResizeFixed,
  ResizeMin,
  ResizeMax,
  GeneralCrop,
  CenterCrop,
  RandomResizedCrop,
  PerspectiveRandResizedCrop,
  TiltRandomCrop,
  RandomPadCrop,
};

const functions = { makeRgb, toByteTensor, toFloatTensor };

type Class = new (...settings: unknown[]) => AnyTransform;

function makers(): Map<string, TransformMaker> {
  const known = new Map<string, TransformMaker>();
  for (const [name, transform] of Object.entries(functions)) known.set(name, () => transform);
  for (const [name, made] of Object.entries(byOptions)) {
    known.set(name, (settings) => new (made as unknown as Class)(settings));
  }
  for (const [name, made] of Object.entries(bySize)) {
    known.set(name, ({ size, ...options }) => new (made as unknown as Class)(size, options));
  }
  known.set('Pad', ({ padding, ...options }) => new (Pad as unknown as Class)(padding, options));
  return known;
}

/**
 * The transform that a description describes: `transformFromDescription(transform.describe())` does what `transform` does.
 *
 * @param description plain data with a `name` and the settings
 * @param more makers of one's own transforms, by name; they go before the built-in ones
 * @throws ArgumentError for a name that is not known, or settings that the transform refuses
 */
export function transformFromDescription(
  description: TransformDescription | null | undefined,
  more: Readonly<Record<string, TransformMaker>> = {},
): AnyTransform {
  needOptions('transformFromDescription: more', more);
  const { name, ...settings } = (description ?? {}) as Partial<TransformDescription>;
  if (typeof name !== 'string') {
    throw invalid('description', 'an object with a `name`, as `describe()` gives it', description);
  }
  const known = makers();
  const maker = Object.hasOwn(more, name) ? more[name] : known.get(name);
  if (maker === undefined) {
    throw invalid('description.name', `one of ${[...Object.keys(more), ...known.keys()].join(', ')}`, name);
  }
  return needFunction(`more.${name}`, maker)(settings);
}
