/** augTransforms: fastai's defaults for photographs, by one call. */

import { needFlag, needOptions } from '../../tensor/checks.js';
import { requireNumber, requireProbability } from '../transforms/options.js';
import { BatchDihedral, BatchFlip, BatchRotate, BatchWarp, BatchZoom } from './geometry.js';
import { BatchBrightness, BatchContrast } from './lightingParts.js';
import type { BatchPart } from './part.js';

/** Options of {@link augTransforms}; a strength of 0 leaves its part out. */
export interface AugTransformsOptions {
  /** Whether pictures are flipped, half of them; default true. */
  readonly flip?: boolean;
  /** Whether they are also turned upside down and laid on their sides: all eight elements, as for pictures from above; default false. */
  readonly flipVertical?: boolean;
  /** In degrees, to both sides; default 10. */
  readonly maxRotate?: number;
  /** Default 1. */
  readonly minZoom?: number;
  /** Default 1.1. */
  readonly maxZoom?: number;
  /** Of the symmetric warp, as a share of half a side; default 0.2. */
  readonly maxWarp?: number;
  /** The probability of each geometric part but the flip; default 0.75. */
  readonly pAffine?: number;
  /** Of brightness and of contrast, from 0 to below 1: see {@link BatchBrightness} and {@link BatchContrast}; default 0.2. */
  readonly maxLighting?: number;
  /** The probability of each of the two; default 0.75. */
  readonly pLighting?: number;
}

/** The parts of a {@link BatchAugment} with fastai's defaults: warp, flip, rotate, zoom, brightness, contrast. */
export function augTransforms(options: AugTransformsOptions = {}): BatchPart[] {
  needOptions('augTransforms', options);
  const {
    flip = true,
    flipVertical = false,
    maxRotate = 10,
    minZoom = 1,
    maxZoom = 1.1,
    maxWarp = 0.2,
    pAffine = 0.75,
    maxLighting = 0.2,
    pLighting = 0.75,
  } = options;
  needFlag('flip', flip);
  needFlag('flipVertical', flipVertical);
  requireNumber('maxRotate', maxRotate, 0, 360);
  requireNumber('maxWarp', maxWarp, 0, 0.49);
  const p = requireProbability('pAffine', pAffine);
  const parts: BatchPart[] = [];
  if (maxWarp > 0) parts.push(new BatchWarp({ magnitude: maxWarp, p }));
  if (flip) parts.push(flipVertical ? new BatchDihedral({ p: 0.5 }) : new BatchFlip({ p: 0.5 }));
  if (maxRotate > 0) parts.push(new BatchRotate({ maxDegrees: maxRotate, p }));
  if (minZoom !== 1 || maxZoom !== 1) parts.push(new BatchZoom({ zoom: [minZoom, maxZoom], p }));
  const lighting = { maxLighting, p: requireProbability('pLighting', pLighting) };
  requireNumber('maxLighting', maxLighting, 0, 0.999);
  if (maxLighting > 0) parts.push(new BatchBrightness(lighting), new BatchContrast(lighting));
  return parts;
}
