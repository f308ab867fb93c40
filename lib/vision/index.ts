/** Pictures: from files to tensors, and the models that look at them. */

export { decodeImage, DEFAULT_MAX_PIXELS, type DecodeOptions, type ImageSource, type NamedBytes } from './decode.js';
export { encodeProgram } from './encode.js';
export { filters, pointFilters, type Filter, type FilterChoice, type PointFilter } from './filters.js';
export { IdxImageList } from './idxImageList.js';
export { Image, type Channels, type ImageOptions } from './image.js';
export { ImageList, type ImageListOptions } from './imageList.js';
export { mnistData } from './mnist.js';
export * from './models/index.js';
export * from './normalize.js';
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
export { ImageTransform, isPlanned, type Planned, type PlannedFunction } from './transforms/imageTransform.js';
export { makeRgb } from './transforms/makeRgb.js';
export { ResizeFixed } from './transforms/resizeFixed.js';
export { toByteTensor, toFloatTensor } from './transforms/toTensor.js';
