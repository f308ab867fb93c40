/** tench's sides of the benchmarks that train in memory: equal batches, equal weights and the loop; sides/training.py is the peer's. */

import {
  Callback,
  Learner,
  arange,
  noGrad,
  sgdOpt,
  synchronize,
  type BatchLoader,
  type FitOptions,
  type LearnerOptions,
  type Module,
  type Tensor,
} from '../../lib/index.js';
import type { Work } from '../harness/work.js';

/** What the lesson trains with. */
export const [BATCH, SIZE, CLASSES] = [64, 128, 10];
const BATCHES = 4;
export const lr = 0.005;

/** Numbers from -0.5 to 0.5 by their places, the same in both languages: Knuth's multiplicative hash, with the upper bits folded in. */
function filled(shape: readonly number[], seed: number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  let numbers = arange(count, { dtype: 'int64' }).add(seed * 1_000_003);
  for (const [factor, shift] of [
    [2654435761, 15],
    [2246822519, 13],
  ] as const) {
    numbers = numbers.mul(factor).remainder(2 ** 32);
    numbers = numbers.bitwiseXor(numbers.bitwiseRightShift(shift));
  }
  return numbers
    .to('float64')
    .div(2 ** 32)
    .sub(0.5)
    .to('float32')
    .reshape(shape);
}

/** Noise under stripes whose width is the class's. */
function batch(place: number): [Tensor, Tensor] {
  const labels = arange(BATCH, { dtype: 'int64' }).add(place).remainder(CLASSES);
  const columns = arange(SIZE, { dtype: 'int64' }).unsqueeze(0);
  const stripes = columns.floorDivide(labels.unsqueeze(1).add(2)).remainder(2).to('float32');
  return [filled([BATCH, 3, SIZE, SIZE], place).add(stripes.reshape([BATCH, 1, 1, SIZE])), labels];
}

/** Fills every weight within the bound of Kaiming's rule; normalisation stays as it begins, and the last layer's bias is 0. */
function fill<M extends Module>(model: M): M {
  noGrad(() => {
    model.parameters().forEach((p, place) => {
      if (p.ndim > 1) p.copy_(filled(p.shape, 100 + place).mul(2 * Math.sqrt(3 / (p.numel() / p.shape[0]!))));
    });
    model.parameters().at(-1)!.zero_();
  });
  return model;
}

/** Batches that are in memory, over and over. */
export class Repeated implements BatchLoader {
  /** Batches an epoch. */
  length = 0;
  readonly #batches: readonly [Tensor, Tensor][];
  #given = 0;

  constructor(batches: readonly [Tensor, Tensor][]) {
    this.#batches = batches;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<[Tensor, Tensor]> {
    const end = this.#given + this.length;
    while (this.#given < end) yield this.#batches[this.#given++ % this.#batches.length]!;
  }
}

class Losses extends Callback {
  readonly seen: Tensor[] = [];
  override afterLoss(): void {
    this.seen.push(this.learn.loss.detach());
  }
}

/** How a network is trained. */
export type Setting = Pick<LearnerOptions, 'precision' | 'channelsLast' | 'device'> & Pick<FitOptions, 'graph'>;

/** Steps of a network, which `network()` makes; `valuesOf` says what of the losses of a hundred is compared. */
export function steps(network: () => Module, setting: Setting, valuesOf: (losses: number[]) => number[]): () => Work {
  const { graph, ...options } = setting;
  const { device = 'cpu', precision = 'fp32', channelsLast = precision !== 'fp32' } = options;
  // As the peer's: where and in which order they are trained on.
  const memoryFormat = channelsLast ? 'channels_last' : 'contiguous_format';
  const placed = (place: number): [Tensor, Tensor] => {
    const [xb, yb] = batch(place);
    return [xb.to(device).contiguous({ memoryFormat }), yb.to(device)];
  };
  const fresh = (): { loader: Repeated; learn: Learner } => {
    const loader = new Repeated(Array.from({ length: BATCHES }, (_, place) => placed(place)));
    const learn = new Learner(fill(network()), { trainDl: loader }, { ...options, lr, optFunc: sgdOpt });
    return { loader, learn };
  };
  return () => {
    let warm: ReturnType<typeof fresh> | undefined;
    return {
      run: async (iterations) => {
        warm ??= fresh();
        warm.loader.length = iterations;
        await warm.learn.fit(1, { graph });
        synchronize(device);
      },
      values: async () => {
        const { loader, learn } = fresh();
        loader.length = 100;
        const losses = new Losses();
        await learn.fit(1, { cbs: [losses], graph });
        return valuesOf(losses.seen.map((loss) => loss.item()));
      },
    };
  };
}

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Every loss, for what must compute the very same. */
export const all = (losses: number[]): number[] => losses;
/** The first twenty and the mean of the last twenty, for what rounds otherwise. */
export const start = (losses: number[]): number[] => [...losses.slice(0, 20), ...end(losses)];
/** The mean of the last twenty, for what rounds coarsely. */
export const end = (losses: number[]): number[] => [mean(losses.slice(80))];
