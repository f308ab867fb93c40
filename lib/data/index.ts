/** The data block: from files to batches. */

export { Chain, type Draw } from './chain.js';
export { className, imagenetteClasses, imagewangClasses, imagewoofClasses } from './classNames.js';
export {
  CategoryProcessor,
  UNKNOWN_LABEL,
  UnseenLabelError,
  type CategoryOptions,
  type CategoryState,
  type Label,
} from './categoryProcessor.js';
export { collate, requireEqualShapes, type Batch } from './collate.js';
export {
  compose,
  transformLabel,
  type AnyTransform,
  type Transform,
  type TransformContext,
  type TransformDescription,
  type TransformFunction,
  type TransformObject,
  type TransformTraits,
  type Transforms,
} from './compose.js';
export { parseSeparated, readCsv, type TableOptions } from './csv.js';
export { DataBunch, databunchify, type DataBunchOptions } from './dataBunch.js';
export {
  groupSplitter,
  kFoldSplitter,
  randomSplitter,
  stratifiedSplitter,
  type FoldOptions,
  type SplitOptions,
} from './drawnSplitters.js';
export {
  NumberFieldsProcessor,
  PickProcessor,
  fieldLabeler,
  type NumberFieldsOptions,
  type PickOptions,
  type Row,
} from './fields.js';
export type { BatchFailure, FailureHandler, ItemFailure, OnError } from './failures.js';
export { getFiles, imageExtensions, type GetFilesOptions } from './files.js';
export { FillMissingProcessor, type FillMissingOptions, type GappyRow } from './fillMissing.js';
export { parseIdx, readIdx, type IdxArray } from './idx.js';
export { ItemList, type BatchRequest, type Dataset, type ItemListClass, type ItemListJSON } from './itemList.js';
export {
  LabeledData,
  type LabeledDataJSON,
  type LabelOptions,
  type ListClass,
  type ReviveOptions,
} from './labeledData.js';
export { readJsonLines } from './jsonLines.js';
export { csvLabeler, parentLabeler, patternLabeler, severalLabels, type Labeler } from './labelers.js';
export { ListContainer, type Range, type Selection } from './listContainer.js';
export { DataLoader, type Collate, type LoaderOptions } from './loader.js';
export { padCollate, type PadOptions } from './padCollate.js';
export type { Placement } from './placement.js';
export {
  Processor,
  type AnyProcessor,
  type NameOf,
  type ProcessorClass,
  type ProcessorJSON,
  type Processors,
} from './processors.js';
export { MultiCategoryProcessor } from './multiCategoryProcessor.js';
export { Generator, philox4x32 } from './random.js';
export {
  DistributedSampler,
  RandomSampler,
  SequentialSampler,
  WeightedSampler,
  samplerFromJSON,
  type DistributedSamplerOptions,
  type RandomSamplerOptions,
  type Sampler,
  type SamplerJSON,
  type WeightedSamplerOptions,
} from './samplers.js';
export { showBatch, type ShowOptions, type ShownItem } from './showBatch.js';
export { SplitData, labelByFunc, type SplitDataJSON } from './splitData.js';
export {
  csvSplitter,
  grandparentSplitter,
  indexSplitter,
  nameSplitter,
  patternSplitter,
  splitByFunc,
  type Splitter,
} from './splitters.js';
export {
  StreamLoader,
  type BatchOpener,
  type SampleOpener,
  type SampleStream,
  type StreamLoaderOptions,
  type StreamOnError,
  type StreamSample,
} from './streamLoader.js';
export { TarSample, TarShards, type TarShardsJSON, type TarShardsOptions } from './tarShards.js';
export { NumericalizeProcessor, TokenizeProcessor, type NumericalizeOptions, type TokenizeOptions } from './text.js';
export { untarData, type UntarOptions, type UntarProgress } from './untar.js';
export { URLs, archiveAddress, findDataset, publishedDatasets, type PublishedDataset } from './urls.js';
export type { EpochStart } from './walk.js';
