/** What is in a learner that its predictions hang on, as plain data. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  CategoryProcessor,
  Chain,
  LabeledData,
  MultiCategoryProcessor,
  transformLabel,
  type AnyProcessor,
  type AnyTransform,
  type Processors,
  type TransformDescription,
  type Transforms,
} from '../data/index.js';
import { processorList } from '../data/processors.js';
import { BatchAugmentCallback, BatchTransformXCallback, type Learner } from '../learner/index.js';
import type { Module } from '../nn/index.js';
import { packageFolder } from '../runtime/places.js';
import { needOptions } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import { getRngState, libtorchVersion, setRngState } from '../tensor/index.js';
import { IdxImageList, ImageList, createModel, describeModel, type DecodeOptions } from '../vision/index.js';
import type { LearnerDescription, PredictionKind } from './description.js';

/** Options of `Learner.export`: what its validation data and its callbacks do not say, or say otherwise. */
export interface ExportOptions {
  /** From an opened image to a tensor. Default: the transforms of the validation data. */
  readonly tfms?: Transforms;
  /** What is done to a batch before the model. Default: what the learner's BatchTransformXCallbacks and BatchAugmentCallbacks do when it validates. */
  readonly batchTfms?: Transforms;
  /** Processors of the labels, which say what is predicted. Default: those of the validation data. */
  readonly procY?: Processors;
}

/** @throws TenchError that names what cannot be described, and says what to do */
export function describeLearner(learn: Learner, options: ExportOptions): LearnerDescription {
  needOptions('export', options);
  const { transforms, decoding } = imagesOf(learn, options.tfms);
  const processors = processorsOf(learn, options.procY);
  return {
    model: modelOf(learn.model),
    transforms,
    decoding,
    batches: batchesOf(learn, options.batchTfms),
    kind: kindOf(processors),
    processors: processors.map((one) => one.toJSON()),
    precision: { name: learn.precision.name, channelsLast: learn.precision.channelsLast },
    versions: { tench: tenchVersion(), libtorch: libtorchVersion() },
  };
}

/** By name and options where these make this very state again, else by class. */
function modelOf(model: Module): LearnerDescription['model'] {
  const known = describeModel(model);
  if (known !== null && makesAgain(known, model)) return known;
  return { module: model.constructor.name };
}

/** A head that was replaced since is not in the options. */
function makesAgain({ name, options }: { name: string; options: object }, model: Module): boolean {
  const random = getRngState();
  try {
    const shapes = (of: Module): string =>
      [...of.stateDict()].map(([key, { shape }]) => `${key} ${shape.join(' ')}`).join('\n');
    return shapes(createModel(name, options)) === shapes(model);
  } finally {
    setRngState(random);
  }
}

function imagesOf(
  learn: Learner,
  tfms: Transforms,
): { transforms: readonly TransformDescription[]; decoding: DecodeOptions } {
  const data = validData(learn);
  const list = data?.x;
  const decoding = list instanceof ImageList ? list.decoding : {};
  if (tfms !== undefined) return { transforms: new Chain(tfms).transforms.map(described), decoding };
  const opensFiles = list instanceof ImageList && list.open === ImageList.prototype.open;
  if (list === undefined || data?.procX.length !== 0 || !(opensFiles || list instanceof IdxImageList))
    throw new TenchError(
      'the validation data does not say what is done to an image, as labelled data of an ImageList does; pass it: export(path, { tfms: [...] })',
      { code: 'ERR_TENCH_EXPORT' },
    );
  return { transforms: list.chain.transforms.map(described), decoding };
}

function batchesOf(learn: Learner, given: Transforms): TransformDescription[] {
  if (given !== undefined) return new Chain(given).transforms.map(described);
  return learn.cbs.flatMap((cb) => {
    if (cb instanceof BatchAugmentCallback) return [cb.augment.describe()];
    return cb instanceof BatchTransformXCallback ? [described(cb.f)] : [];
  });
}

function described(transform: AnyTransform): TransformDescription {
  const description: unknown = transform.describe?.();
  if (typeof description === 'object' && description !== null) return description as TransformDescription;
  throw new TenchError(
    `${transformLabel(transform)} cannot be exported, since a file holds no code: give it a \`describe\` that returns { name, ...settings }, and ` +
      'pass what makes it of those to loadLearner (`transforms`)',
    { code: 'ERR_TENCH_EXPORT' },
  );
}

function processorsOf(learn: Learner, given: Processors): readonly AnyProcessor[] {
  if (given === undefined) return validData(learn)?.procY ?? [];
  const processors = processorList(given);
  for (const one of processors)
    if (!one.isReady)
      throw new TenchError(`${one.constructor.name} has not learned anything yet, so there is nothing to export`, {
        code: 'ERR_TENCH_EXPORT',
      });
  return processors;
}

function kindOf(processors: readonly AnyProcessor[]): PredictionKind {
  if (processors.some((one) => one instanceof CategoryProcessor)) return 'label';
  return processors.some((one) => one instanceof MultiCategoryProcessor) ? 'labels' : 'values';
}

function validData({ data }: Learner): LabeledData | undefined {
  const dataset: unknown = (data.validDl as { readonly dataset?: unknown } | null | undefined)?.dataset;
  return dataset instanceof LabeledData ? dataset : undefined;
}

function tenchVersion(): string {
  return (JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string }).version;
}
