/** What an exported learner is besides its weights: plain data, from which everything is made again by name. */

import type { ProcessorJSON, TransformDescription } from '../data/index.js';
import { precisions, type PrecisionName } from '../learner/index.js';
import { needArray, needFlag, needOneOf, needOptions, needText } from '../tensor/checks.js';
import type { DecodeOptions, ModelDescription } from '../vision/index.js';
import type { SealedFormat } from '../io/sealed.js';

/** The file of an exported learner. */
export const learnerFormat: SealedFormat = { name: 'learner', version: 1, what: 'exported learner of tench' };

/**
 * What is predicted of an image: one of the labels, any number of them, or numbers as the model gives them.
 */
export type PredictionKind = 'label' | 'labels' | 'values';

const kinds: readonly PredictionKind[] = ['label', 'labels', 'values'];

/** A model of which only the class is known, so whoever loads it brings one along. */
export interface OwnModel {
  /** The name of its class. */
  readonly module: string;
}

/** An exported learner as plain data. */
export interface LearnerDescription {
  readonly model: ModelDescription | OwnModel;
  /** From an opened image to a tensor, in the order in which they run. */
  readonly transforms: readonly TransformDescription[];
  readonly decoding: DecodeOptions;
  /** What is done to a batch before the model sees it, such as normalising. */
  readonly batches: readonly TransformDescription[];
  readonly kind: PredictionKind;
  /** Of the labels, with what they have learned: the vocabulary. */
  readonly processors: readonly ProcessorJSON[];
  readonly precision: { readonly name: PrecisionName; readonly channelsLast: boolean };
  /** What wrote the file, for people. */
  readonly versions: { readonly tench: string; readonly libtorch: string };
}

/** @throws ArgumentError for what no export has written; what stands inside the parts is checked where they are made */
export function needDescription(given: unknown): LearnerDescription {
  const description = given as LearnerDescription;
  needOptions('the learner', description);
  const { model, transforms, decoding, batches, kind, processors, precision } = description;
  needOptions('model', model);
  if ('module' in model) needText('model.module', model.module);
  else {
    needText('model.name', model.name);
    needOptions('model.options', model.options);
  }
  for (const [name, list] of Object.entries({ transforms, batches, processors }))
    for (const one of needArray<readonly unknown[]>(name, list)) needOptions(name, one);
  needOptions('decoding', decoding);
  needOneOf('kind', kind, kinds);
  needOptions('precision', precision);
  needOneOf('precision.name', precision.name, precisions);
  needFlag('precision.channelsLast', precision.channelsLast);
  return description;
}
