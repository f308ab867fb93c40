/** Augmentation of whole batches on their device. */

export { augTransforms, type AugTransformsOptions } from './augTransforms.js';
export { BatchAugment, type AugmentContext, type AugmentedBatch, type BatchAugmentOptions } from './batchAugment.js';
export {
  BatchDihedral,
  BatchFlip,
  BatchPerspective,
  BatchRotate,
  BatchShear,
  BatchShift,
  BatchSquish,
  BatchWarp,
  BatchZoom,
  type PartOptions,
} from './geometry.js';
export type { Box } from './boxes.js';
export { BatchErasing, type ErasingOptions } from './erasing.js';
export { lighting, type LightingOp, type LightingStep } from './lighting.js';
export {
  BatchBrightness,
  BatchContrast,
  BatchHue,
  BatchSaturation,
  LightingPart,
  type HueOptions,
  type LightingOptions,
} from './lightingParts.js';
export type { Matrix3 } from './matrix.js';
export {
  BatchPart,
  GeometricPart,
  PixelPart,
  type PartRandom,
  type PictureSize,
  type PixelPass,
  type Stage,
} from './part.js';
export { BatchRandomResizedCrop } from './randomResizedCrop.js';
export { batchAugmentFromDescription, type PartMaker } from './revive.js';
export { affineGrid, rotateBatch, rotationMatrix, type GridSize, type RotateBatchOptions } from './rotateBatch.js';
export { batchSheet, type BatchSheetOptions, type ShowVersionsOptions } from './show.js';
export type { BatchTargets, MovedTargets } from './targets.js';
