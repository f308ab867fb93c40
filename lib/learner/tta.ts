/** Test-time augmentation: what a model says of several versions of each item, averaged. */

import { needCount, needFlag, needFunction, needInRange, needOptions } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { cat, maximum, noGrad, stack, type Tensor } from '../tensor/index.js';
import { CancelBatchException } from './callback.js';
import type { Learner } from './learner.js';
import { needBatch, needLoader, needTensor } from './needs.js';
import type { BatchLoader } from './options.js';

const MOST_PASSES = 1000;

/** How many versions test-time augmentation looks at, and how their predictions become one. */
export interface TtaVersions {
  /** Versions of each item besides the plain one. Default 4, at most 1000. */
  readonly n?: number;
  /** The share of the plain version's prediction in the result; the mean of the others has the rest. Default 0.25. */
  readonly beta?: number;
  /** Take the largest of all predictions instead, class by class. Default false. */
  readonly useMax?: boolean;
}

/** Options of `Learner.tta`. */
export interface TtaOptions extends TtaVersions {
  /** What is predicted. Default: the learner's validation data. Its order must be the same in every pass. */
  readonly dl?: BatchLoader;
  /** The same items with random transforms, for the other versions: what is drawn goes by the number of the pass. Default: `dl`. */
  readonly augmentedDl?: BatchLoader;
  /** From the model's outputs to what is averaged. Default: probabilities, `softmax(1)`, for targets of a whole-number dtype, else nothing. */
  readonly activation?: (pred: Tensor) => Tensor;
}

/** Predictions of all items of a loader, and their targets. */
export interface Predictions {
  readonly preds: Tensor;
  readonly targets: Tensor;
}

/** See `Learner.tta`. Weights are those of validation, where an optimizer or a callback keeps others for it. */
export async function predictAugmented(learn: Learner, options: TtaOptions): Promise<Predictions> {
  return learn.evalWeights(() => predictAll(learn, options));
}

async function predictAll(learn: Learner, options: TtaOptions): Promise<Predictions> {
  needOptions('tta', options);
  const { dl = learn.data.validDl, augmentedDl = dl, activation } = options;
  const versions = needVersions(options);
  if (dl === undefined || dl === null) throw invalid('dl', 'a loader, as the learner has no validation data', dl);
  needLoader('dl', dl);
  needLoader('augmentedDl', augmentedDl!);
  if (activation !== undefined) needFunction('activation', activation);
  if (learn.device !== null) learn.model.to(learn.device);
  const plain = await predictPass(learn, dl, { pass: null, activation });
  const others: Tensor[] = [];
  for (let pass = 0; pass < versions.n; pass += 1) {
    const { preds, targets } = await predictPass(learn, augmentedDl!, { pass, activation });
    if (targets.shape.join() !== plain.targets.shape.join() || !targets.equal(plain.targets))
      throw new TenchError('the targets of a pass differ from those of the plain one: a loader must not shuffle here');
    others.push(preds);
  }
  return { ...plain, preds: mixVersions(plain.preds, others, versions) };
}

/** The options, checked, with their defaults. */
export function needVersions({ n = 4, beta = 0.25, useMax = false }: TtaVersions): Required<TtaVersions> {
  needCount('n', n, 1);
  if (n > MOST_PASSES) throw invalid('n', `a whole number from 1 to ${MOST_PASSES}`, n);
  needInRange('beta', beta, { least: 0, most: 1 });
  needFlag('useMax', useMax);
  return { n, beta, useMax };
}

/** One prediction of those of the plain version and of the others. */
export function mixVersions(
  plain: Tensor,
  others: readonly Tensor[],
  { beta, useMax }: Pick<Required<TtaVersions>, 'beta' | 'useMax'>,
): Tensor {
  return noGrad(() => {
    const all = stack([...others]);
    return useMax ? maximum(all.amax(0), plain) : all.mean([0]).lerp(plain, beta);
  });
}

/** A pass over a loader. */
export interface Pass {
  /** Of test-time augmentation; null: none. */
  readonly pass: number | null;
  readonly activation: TtaOptions['activation'];
  /** Told of each batch's outputs, float32, before the activation, and its targets. */
  readonly each?: (outputs: Tensor, targets: Tensor) => void;
  /** Ends after the batch with which there are so many items. Default: all. */
  readonly atLeast?: number;
}

/** One pass over a loader in evaluation mode, with the callbacks' `beginBatch`. */
export async function predictPass(
  learn: Learner,
  dl: BatchLoader,
  { pass, activation, each, atLeast = Infinity }: Pass,
): Promise<Predictions> {
  const preds: Tensor[] = [];
  const targets: Tensor[] = [];
  let items = 0;
  const { augmentPass } = learn;
  const wasTraining = learn.model.training;
  [learn.dl, learn.iters, learn.iter, learn.inTrain, learn.augmentPass] = [dl, dl.length, 0, false, pass];
  learn.model.eval();
  dl.setEpoch?.(pass ?? 0);
  try {
    for await (const batch of dl) {
      [learn.xb, learn.yb] = needBatch(batch);
      try {
        noGrad(() => {
          for (const cb of learn.cbs) cb.beginBatch?.();
          const made = outputs(learn);
          const toAverage = activation ?? (learn.yb.isFloatingPoint() ? (pred: Tensor) => pred : probabilities);
          const floats = made.to('float32');
          each?.(floats, learn.yb);
          preds.push(needTensor('activation', toAverage(floats)));
          targets.push(learn.yb);
          items += learn.yb.shape[0] ?? 1;
        });
      } catch (error) {
        if (!(error instanceof CancelBatchException)) throw error;
      }
      learn.iter += 1;
      if (items >= atLeast) break;
    }
  } finally {
    learn.augmentPass = augmentPass;
    if (wasTraining) learn.model.train();
  }
  if (preds.length === 0) throw new TenchError('the loader has no batch');
  return { preds: cat(preds), targets: cat(targets) };
}

function outputs({ precision, xb, model }: Learner): Tensor {
  const prepared = precision.prepareInput(xb);
  return needTensor(
    'the model',
    precision.run(prepared.device, () => model.call(prepared)),
  );
}

const probabilities = (pred: Tensor): Tensor => pred.softmax(1);
