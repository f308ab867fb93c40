/** A BatchAugment from its description: what `describe()` gave, perhaps by way of a file, augments again. */

import type { TransformDescription } from '../../data/compose.js';
import { needArray, needFunction, needInstance, needOptions } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import { BatchAugment } from './batchAugment.js';
import { BatchErasing } from './erasing.js';
import * as geometry from './geometry.js';
import { BatchBrightness, BatchContrast, BatchHue, BatchSaturation } from './lightingParts.js';
import { BatchPart } from './part.js';
import { BatchRandomResizedCrop } from './randomResizedCrop.js';

/** Makes a part of a description's settings, which a constructor checks as it checks those of a user. */
export type PartMaker = (settings: Readonly<Record<string, unknown>>) => BatchPart;

/** The parts whose constructors take all settings as options. */
const known: Readonly<Record<string, new (settings: never) => BatchPart>> = {
  BatchBrightness,
  BatchContrast,
  BatchDihedral: geometry.BatchDihedral,
  BatchErasing,
  BatchFlip: geometry.BatchFlip,
  BatchHue,
  BatchPerspective: geometry.BatchPerspective,
  BatchRandomResizedCrop,
  BatchRotate: geometry.BatchRotate,
  BatchSaturation,
  BatchShear: geometry.BatchShear,
  BatchShift: geometry.BatchShift,
  BatchSquish: geometry.BatchSquish,
  BatchWarp: geometry.BatchWarp,
  BatchZoom: geometry.BatchZoom,
};

/**
 * The augmentation that a description describes: `batchAugmentFromDescription(augment.describe())` does what `augment` does.
 *
 * @param description plain data with `parts` and the options
 * @param more makers of one's own parts, by name; they go before the built-in ones
 * @throws ArgumentError for a part that is not known, or settings that are refused
 */
export function batchAugmentFromDescription(
  description: TransformDescription,
  more: Readonly<Record<string, PartMaker>> = {},
): BatchAugment {
  needOptions('batchAugmentFromDescription: description', description);
  needOptions('batchAugmentFromDescription: more', more);
  const { name, parts, ...options } = description;
  if (name !== 'BatchAugment') throw invalid('description.name', 'BatchAugment', name);
  const made = needArray('description.parts', parts as readonly unknown[]).map((part) => revivePart(part, more));
  const given = Object.entries(options).filter(([, value]) => value !== null);
  return new BatchAugment(made, Object.fromEntries(given));
}

function revivePart(part: unknown, more: Readonly<Record<string, PartMaker>>): BatchPart {
  needOptions('description.parts', part);
  const { name, ...settings } = part as TransformDescription;
  if (typeof name === 'string') {
    if (Object.hasOwn(more, name)) {
      const made = needFunction(`more.${name}`, more[name]!)(settings);
      return needInstance(`more.${name}: what it returns`, made, BatchPart);
    }
    const type = Object.hasOwn(known, name) ? known[name] : undefined;
    if (type !== undefined) return new type(settings as never);
  }
  throw invalid('description.parts: name', `one of ${[...Object.keys(more), ...Object.keys(known)].join(', ')}`, name);
}
