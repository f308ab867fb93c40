/** From a model's numbers for an image to what people asked for: labels by the vocabulary, with probabilities. */

import { deprocessFar, deprocessOne, type AnyProcessor } from '../data/processors.js';
import { vocabOf } from '../data/labeledData.js';
import type { Label } from '../data/index.js';
import { TenchError } from '../tensor/errors.js';
import type { Tensor } from '../tensor/index.js';
import type { PredictionKind } from './description.js';

/** Which label an image has. */
export interface LabelPrediction<L = Label> {
  readonly label: L;
  /** Its number in the vocabulary. */
  readonly index: number;
  /** Of all labels by number; their sum is 1. */
  readonly probabilities: readonly number[];
}

/** Which labels an image has, of which each is there or not. */
export interface LabelsPrediction<L = Label> {
  /** Those that are at least as likely as not. */
  readonly labels: readonly L[];
  /** Their numbers in the vocabulary. */
  readonly indices: readonly number[];
  /** Of all labels by number, each by itself. */
  readonly probabilities: readonly number[];
}

/** Numbers as the model gives them. */
export interface ValuesPrediction<V = unknown> {
  /** What the labels' processors make of them on their way back; the number or numbers where there is none. */
  readonly value: V;
  readonly values: readonly number[];
}

/** What a {@link Predictor} says of an image. */
export type Prediction = LabelPrediction | LabelsPrediction | ValuesPrediction;

/** From logits to probabilities, by kind; numbers stay as they are. */
export const activations: Readonly<Record<PredictionKind, (pred: Tensor) => Tensor>> = {
  label: (pred) => pred.softmax(1),
  labels: (pred) => pred.sigmoid(),
  values: (pred) => pred,
};

/** What makes predictions of rows. */
export class PredictionMaker {
  readonly vocab: readonly Label[] | null;

  constructor(
    readonly kind: PredictionKind,
    private readonly processors: readonly AnyProcessor[],
  ) {
    this.vocab = vocabOf(processors) as readonly Label[] | null;
  }

  /** @param row probabilities or values of one image. @throws TenchError for rows with NaN, of which nothing can be said */
  make(row: ArrayLike<number>, name: string): Prediction {
    const numbers = Array.from(row);
    if (numbers.some(Number.isNaN))
      throw new TenchError(`the model gave NaN for the image ${name}`, { code: 'ERR_TENCH_PREDICTION' });
    switch (this.kind) {
      case 'label': {
        const index = numbers.indexOf(numbers.reduce((most, one) => Math.max(most, one), -Infinity));
        return { label: deprocessOne(index, this.processors) as Label, index, probabilities: numbers };
      }
      case 'labels': {
        const indices = numbers.flatMap((probability, index) => (probability >= 0.5 ? [index] : []));
        const labels = deprocessOne(numbers, this.processors) as Label[];
        return { labels, indices, probabilities: numbers };
      }
      case 'values': {
        const value = deprocessFar(numbers.length === 1 ? numbers[0] : numbers, this.processors);
        return { value, values: numbers };
      }
    }
  }
}
