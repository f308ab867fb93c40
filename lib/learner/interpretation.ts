/** What a trained model says of each item of a data set, and where it is most wrong. */

import { inspect } from 'node:util';

import type { Chart } from '../charts/index.js';
import { needArray, needCount, needFlag, needFunction, needOptions, needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { cat, noGrad, type Tensor } from '../tensor/index.js';
import type { ContactSheet } from '../vision/index.js';
import { ConfusionMatrix, type Confused } from './confusion.js';
import type { Learner } from './learner.js';
import { lossBySample, needLoader } from './needs.js';
import type { BatchLoader } from './options.js';
import type { PlotConfusionOptions } from './plotting.js';
import { resultSheet, sourceOf, type ItemSource, type ResultSheetOptions } from './resultSheet.js';
import { predictPass } from './tta.js';

/** Options of `Learner.interpret`. */
export interface InterpretOptions {
  /** What is looked at, in its first epoch's order. Default: the learner's validation data. */
  readonly dl?: BatchLoader;
  /** Names of the classes. Default: the vocabulary of the loader's data set, if it has one. */
  readonly vocab?: readonly string[];
  /** From the model's outputs to `preds`. Default: probabilities for targets of a whole-number dtype, else nothing. */
  readonly activation?: (pred: Tensor) => Tensor;
}

/** What the model said of one item. */
export interface ItemResult {
  /** Its place in `preds`. */
  readonly place: number;
  /** Its position in the data set; null where the loader does not say which item is where. */
  readonly index: number | null;
  /** Its name, a path where it has one; null where it is not known. */
  readonly name: string | null;
  readonly loss: number;
  /** The class, by name where it has one, or the number that was to be predicted; null for targets of several numbers. */
  readonly actual: string | number | null;
  readonly predicted: string | number | null;
  /** Of the predicted class; null where no class is predicted. */
  readonly probability: number | null;
  /** Of the actual class. */
  readonly probabilityOfActual: number | null;
}

/** Predictions, targets and losses of a whole data set; made by `Learner.interpret`. */
export class Interpretation {
  /** @internal */
  constructor(
    /** What the activation made of the model's outputs, float32, an item a row. */
    readonly preds: Tensor,
    readonly targets: Tensor,
    /** Of each item, [items]. */
    readonly losses: Tensor,
    /** Names of the classes, or null. */
    readonly vocab: readonly string[] | null,
    private readonly source: ItemSource,
  ) {}

  /** What the model said of the items with the largest losses, the largest first. @param k how many; default all @param options.largest false: the smallest */
  topLosses(k: number | null = null, options: { readonly largest?: boolean } = {}): ItemResult[] {
    needOptions('topLosses', options);
    const largest = needFlag('largest', options.largest ?? true);
    const count = Math.min(k === null ? Infinity : needCount('k', k, 1), this.losses.numel());
    const places = this.losses.nanToNum(Infinity).argsort(0, largest).slice(0, 0, count).toTypedArray();
    return this.results(Array.from(places, Number));
  }

  /** The first pictures in the loader's order, with what they are and what they were taken for. */
  async plotFirst(count = 9, options: ResultSheetOptions = {}): Promise<ContactSheet> {
    const most = Math.min(needCount('count', count, 1), this.losses.numel());
    const places = Array.from({ length: most }, (_, place) => place);
    return resultSheet(this.results(places), this.source, options);
  }

  /** The pictures with the largest losses: what they are, what they were taken for, with which probability, and the loss. */
  async plotTopLosses(k = 9, options: ResultSheetOptions & { readonly largest?: boolean } = {}): Promise<ContactSheet> {
    needOptions('plotTopLosses', options);
    const { largest = true, ...rest } = options;
    return resultSheet(this.topLosses(k, { largest }), this.source, {
      title: largest ? 'Largest losses' : 'Smallest losses',
      ...rest,
    });
  }

  /** @throws TenchError where items have no single class */
  confusionMatrix(): ConfusionMatrix {
    if (!isClassified(this.preds, this.targets))
      throw new TenchError('a confusion matrix needs one class an item, as a target of a whole-number dtype');
    const matrix = new ConfusionMatrix(this.vocab);
    // Of two classes by one output it takes logits, of which those of probabilities above a half are above 0.
    matrix.accumulate(isBinary(this.preds) ? this.preds.sub(0.5) : this.preds, this.targets);
    return matrix;
  }

  /** See {@link ConfusionMatrix.plot}. */
  plotConfusionMatrix(options: PlotConfusionOptions = {}): Chart {
    return this.confusionMatrix().plot(options);
  }

  /** See {@link ConfusionMatrix.mostConfused}. */
  mostConfused(least = 1): Confused[] {
    return this.confusionMatrix().mostConfused(least);
  }

  [inspect.custom](): string {
    const { targets, losses } = this;
    return `Interpretation(${targets.shape[0]!} items, mean loss ${losses.mean().item().toFixed(4)})`;
  }

  private results(places: readonly number[]): ItemResult[] {
    const { preds, targets, losses, vocab, source } = this;
    const classified = isClassified(preds, targets);
    const numbers = !classified && targets.numel() === targets.shape[0] && preds.numel() === targets.numel();
    const nameOf = (index: number): string | number => vocab?.[index] ?? index;
    return places.map((place): ItemResult => {
      const item = { place, ...source.at(place), loss: losses.select(0, place).item() };
      const none = { probability: null, probabilityOfActual: null };
      if (numbers) return { ...item, ...none, actual: numberAt(targets, place), predicted: numberAt(preds, place) };
      if (!classified) return { ...item, ...none, actual: null, predicted: null };
      const row = probabilitiesAt(preds, place);
      const [actual, predicted] = [numberAt(targets, place), row.indexOf(Math.max(...row))];
      return {
        ...item,
        actual: nameOf(actual),
        predicted: nameOf(predicted),
        probability: row[predicted] ?? null,
        probabilityOfActual: row[actual] ?? null,
      };
    });
  }
}

const numberAt = (x: Tensor, place: number): number => x.select(0, place).reshape([]).item();

const isBinary = (preds: Tensor): boolean => preds.ndim === 1 || (preds.ndim === 2 && preds.shape[1] === 1);

const isClassified = (preds: Tensor, targets: Tensor): boolean =>
  !targets.isFloatingPoint() && targets.numel() === targets.shape[0] && (isBinary(preds) || preds.ndim === 2);

function probabilitiesAt(preds: Tensor, place: number): number[] {
  const row = Array.from(preds.select(0, place).reshape([-1]).toTypedArray(), Number);
  return isBinary(preds) ? [1 - row[0]!, row[0]!] : row;
}

/** @internal See `Learner.interpret` and `Learner.showResults`. */
export async function interpret(
  learn: Learner,
  options: InterpretOptions,
  { atLeast }: { readonly atLeast?: number } = {},
): Promise<Interpretation> {
  needOptions('interpret', options);
  const { dl = learn.data.validDl, activation, vocab } = options;
  if (dl === undefined || dl === null) throw invalid('dl', 'a loader, as the learner has no validation data', dl);
  needLoader('dl', dl);
  if (activation !== undefined) needFunction('activation', activation);
  if (vocab !== undefined) for (const name of needArray('vocab', vocab)) needText('vocab', name);
  if (learn.device !== null) learn.model.to(learn.device);
  const losses: Tensor[] = [];
  const { preds, targets } = await learn.evalWeights(() =>
    predictPass(learn, dl, {
      pass: null,
      activation: activation ?? ((outputs) => likeliest(outputs, learn.yb)),
      each: (outputs, yb) => losses.push(eachLoss(learn, outputs, yb)),
      ...(atLeast !== undefined && { atLeast }),
    }),
  );
  const all = [preds, targets, cat(losses)].map((one) => one.to('cpu')) as [Tensor, Tensor, Tensor];
  const source = sourceOf(dl, all[1].shape[0]!);
  return new Interpretation(...all, vocab ?? source.vocab, source);
}

/** Probabilities where classes are to be predicted, and otherwise what the model puts out. */
function likeliest(outputs: Tensor, targets: Tensor): Tensor {
  if (targets.isFloatingPoint()) return outputs;
  return isBinary(outputs) ? outputs.sigmoid() : outputs.softmax(1);
}

/** @internal What a model has put out for the first items of a validation pass, in that epoch. */
export function predictionsOf(
  learn: Learner,
  given: {
    readonly outputs: Tensor;
    readonly targets: Tensor;
    readonly vocab: readonly string[] | undefined;
    readonly epoch: number;
  },
): Interpretation {
  const [outputs, targets] = [given.outputs.to('float32'), given.targets];
  const losses = eachLoss(learn, outputs, targets).to('cpu');
  const source = sourceOf(learn.data.validDl!, targets.shape[0]!, given.epoch);
  const preds = noGrad(() => likeliest(outputs, targets)).to('cpu');
  return new Interpretation(preds, targets.to('cpu'), losses, given.vocab ?? source.vocab, source);
}

/** One number an item, where the loss has more, e.g. one a pixel: their mean. */
function eachLoss(learn: Learner, outputs: Tensor, yb: Tensor): Tensor {
  return noGrad(() => {
    const loss = lossBySample('interpret', learn.lossFunc, outputs, yb).to('float32');
    return loss.ndim === 1 ? loss : loss.flatten(1).mean([1]);
  });
}

/** @internal See `Learner.showResults`. */
export async function showResults(
  learn: Learner,
  count: number,
  options: InterpretOptions & ResultSheetOptions,
): Promise<ContactSheet> {
  const seen = await interpret(learn, options, { atLeast: count });
  return seen.plotFirst(count, options);
}
