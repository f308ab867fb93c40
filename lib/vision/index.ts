/** Pictures: from files to tensors, and the models that look at them. */

export * from './batch/index.js';
export { ContactSheet, toImage, type ContactSheetOptions, type Panel } from './contactSheet.js';
export { decodeImage, DEFAULT_MAX_PIXELS, type DecodeOptions, type ImageSource, type NamedBytes } from './decode.js';
export { encodeProgram } from './encode.js';
export { filters, pointFilters, type Filter, type FilterChoice, type PointFilter } from './filters.js';
export { IdxImageList } from './idxImageList.js';
export { Image, type Channels, type ImageOptions } from './image.js';
export { ImageList, type ImageListOptions } from './imageList.js';
export { mnistData } from './mnist.js';
export * from './models/index.js';
export * from './normalize.js';
export { openImages } from './openImages.js';
export {
  dihedralNames,
  runProgram,
  sizeAfter,
  type Fill,
  type ImageOperation,
  type ImageSize,
  type Outside,
} from './program.js';
export { resample, type ResampleOptions } from './resample.js';
export {
  ColorJitter,
  RandomBrightness,
  RandomContrast,
  RandomGrayscale,
  RandomHue,
  RandomSaturation,
  type Amount,
  type ColorJitterOptions,
} from './transforms/colorJitter.js';
export { GaussianBlur } from './transforms/gaussianBlur.js';
export {
  CenterCrop,
  GeneralCrop,
  type CenterCropOptions,
  type CropOptions,
  type GeneralCropOptions,
} from './transforms/generalCrop.js';
export {
  ImageTransform,
  isPlanned,
  randomOf,
  type Planned,
  type PlannedFunction,
} from './transforms/imageTransform.js';
export { makeRgb } from './transforms/makeRgb.js';
export type { ResampleChoice, WarpOptions } from './transforms/options.js';
export {
  Pad,
  RandomPadCrop,
  type PadMode,
  type ImagePadOptions,
  type Padding,
  type RandomPadCropOptions,
} from './transforms/pad.js';
export { findCoeffs, warp, type Point, type Quad } from './transforms/perspective.js';
export {
  PerspectiveRandResizedCrop,
  TiltRandomCrop,
  type PerspectiveRandResizedCropOptions,
  type TiltOptions,
  type TiltRandomCropOptions,
} from './transforms/perspectiveCrop.js';
export {
  RandAugment,
  TrivialAugmentWide,
  TrivialAugmentWide as TrivialAugment,
  type AugmentOptions,
  type RandAugmentOptions,
} from './transforms/randAugment.js';
export { RandomErasing, type RandomErasingOptions } from './transforms/randomErasing.js';
export { RandomDihedral, RandomFlip } from './transforms/randomFlip.js';
export {
  RandomResizedCrop,
  type RandomBoxOptions,
  type RandomResizedCropOptions,
} from './transforms/randomResizedCrop.js';
export { ResizeFixed } from './transforms/resizeFixed.js';
export { ResizeMax, ResizeMin } from './transforms/resizeToSide.js';
export { transformFromDescription, type TransformMaker } from './transforms/revive.js';
export { toByteTensor, toFloatTensor } from './transforms/toTensor.js';
