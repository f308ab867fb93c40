/** From a file to an engine: reads an exported learner and makes its parts again by name. */

import type { ProcessorClass, TransformDescription } from '../data/index.js';
import { stepOf } from '../data/compose.js';
import { readSealed, notWhole } from '../io/sealed.js';
import { putTogether } from '../io/stateTree.js';
import { reviveProcessors, vocabOf } from '../data/labeledData.js';
import { Precision } from '../learner/index.js';
import { Module } from '../nn/index.js';
import { TenchError } from '../tensor/errors.js';
import { type Device, type Tensor } from '../tensor/index.js';
import {
  batchAugmentFromDescription,
  createModel,
  modelNames,
  normalizer,
  transformFromDescription,
  type ChannelStats,
  type PartMaker,
  type TransformMaker,
} from '../vision/index.js';
import { learnerFormat, needDescription, type LearnerDescription } from './description.js';
import { Engine, type BatchStep } from './engine.js';

/** Code that a file cannot hold: what is of one's own in a learner. */
export interface OwnCode {
  /** A model of the same architecture as the one that was exported, or a function that makes one; it gets the weights. */
  readonly model?: Module | (() => Module);
  /** By name, what makes transforms of one's own (of images, of batches, or parts of a BatchAugment) from their described settings. */
  readonly transforms?: Readonly<Record<string, TransformMaker | PartMaker>>;
  /** The classes of one's own processors of labels. */
  readonly processors?: readonly ProcessorClass[];
}

/**
 * Reads a file that `Learner.export` wrote, and makes what predicts with it on this thread.
 *
 * @throws TenchError that names the file and what is wrong: it is missing, damaged or newer, its architecture or a transform is not known, or the
 *   weights do not fit
 */
export async function openLearner(path: string, own: OwnCode & { readonly device: Device }): Promise<Engine> {
  const { text, tensors } = await readSealed(path, learnerFormat);
  const description = described(path, text);
  const named = <T>(what: string, make: () => T): T => {
    try {
      return make();
    } catch (cause) {
      const { message, code } = cause as TenchError;
      throw new TenchError(`${path}: ${what}: ${message}`, {
        code: cause instanceof TenchError ? code : 'ERR_TENCH',
        cause,
      });
    }
  };
  const makers = (own.transforms ?? {}) as Readonly<Record<string, TransformMaker>>;
  const tfms = named('a transform cannot be made', () =>
    description.transforms.map((one) => transformFromDescription(one, makers)),
  );
  const steps = named('a step on batches cannot be made', () =>
    description.batches.map((one) => batchStep(one, makers)),
  );
  const processors = named('the labels cannot be read', () => reviveProcessors(description.processors, own.processors));
  const { precision: saved, kind } = description;
  const precision = new Precision(saved.name, { channelsLast: saved.channelsLast });
  if (own.model === undefined) named('its weights', () => needFitting(description, tensors));
  const model = named('its model cannot be made', () => modelFor(description, own.model));
  named('its weights', () => {
    takeDtype(model, tensors);
    model.loadStateDict(tensors);
  });
  model.to(own.device);
  precision.prepareModel(model);
  model.eval();
  const vocab = kind === 'values' ? null : vocabOf(processors);
  const columns = vocab?.length ?? null;
  const { decoding } = description;
  return new Engine({ description, model, tfms, decoding, steps, precision, device: own.device, columns });
}

function described(path: string, text: string): LearnerDescription {
  try {
    return needDescription(putTogether({ text, tensors: new Map() }));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TenchError)
      throw notWhole(path, learnerFormat, error.message, error);
    throw error;
  }
}

function modelFor({ model }: LearnerDescription, own: OwnCode['model']): Module {
  if (own !== undefined) {
    const given: unknown = own instanceof Module ? own : own();
    if (given instanceof Module) return given as Module;
    throw new TenchError('`model` returned no Module', { code: 'ERR_TENCH_MODEL' });
  }
  if ('module' in model)
    throw new TenchError(
      `it is a ${model.module} that no name and options make again; pass one of the same architecture to loadLearner (\`model\`)`,
      { code: 'ERR_TENCH_MODEL' },
    );
  const { name, options } = model;
  if (!modelNames().includes(name))
    throw new TenchError(
      `the architecture ${JSON.stringify(name)} is not known here (known: ${modelNames().join(', ')}); register it (registerModel) before, in ` +
        'the module that `code` names where predictions are made on a thread of their own',
      { code: 'ERR_TENCH_MODEL' },
    );
  return createModel(name, options);
}

/** Names and shapes, before memory is taken for what the description claims. */
function needFitting({ model }: LearnerDescription, tensors: ReadonlyMap<string, Tensor>): void {
  if ('module' in model) return;
  let claimed: Module;
  try {
    claimed = createModel(model.name, { ...model.options, device: 'meta' });
  } catch {
    // One of the user's own that takes no device, or one that cannot be made at all, which is told where it is made.
    return;
  }
  claimed.loadStateDict(new Map(tensors));
}

/** Half or double precision is the model's, not an option of its architecture. */
function takeDtype(model: Module, tensors: ReadonlyMap<string, Tensor>): void {
  const dtypes = new Set([...tensors.values()].filter((one) => one.isFloatingPoint()).map(({ dtype }) => dtype));
  const [dtype, ...others] = dtypes;
  if (dtype !== undefined && others.length === 0) model.to(dtype);
}

function batchStep(description: TransformDescription, makers: Readonly<Record<string, TransformMaker>>): BatchStep {
  const { name } = description;
  if (typeof name === 'string' && !Object.hasOwn(makers, name)) {
    if (name === 'normalizer') return normalizer(description as unknown as ChannelStats);
    if (name === 'BatchAugment') {
      const augment = batchAugmentFromDescription(
        description,
        makers as unknown as Readonly<Record<string, PartMaker>>,
      );
      return (xb, pass) => augment.apply(xb, { train: pass !== null, epoch: pass ?? 0 });
    }
  }
  const step = stepOf(transformFromDescription(description, makers));
  return (xb) => step(xb) as Tensor;
}

/** Whether some step changes a batch in the passes of test-time augmentation. */
export function isAugmented({ batches }: LearnerDescription): boolean {
  return batches.some(({ name }) => name === 'BatchAugment');
}
