/** tench's side of the benchmark of training; sides/train_pytorch.py is the peer's, work for work, and sides/train_loading.py those with files. */

import {
  AvgStatsCallback,
  BatchTransformXCallback,
  Callback,
  CategoryProcessor,
  ImageList,
  Learner,
  ResizeFixed,
  SplitData,
  accuracy,
  arange,
  convLayer,
  getCnnModel,
  getFiles,
  grandparentSplitter,
  imagenetteStats,
  labelByFunc,
  libtorchVersion,
  makeRgb,
  noGrad,
  normalizer,
  parentLabeler,
  setNumThreads,
  sgdOpt,
  toByteTensor,
  type BatchLoader,
  type LearnerOptions,
  type Tensor,
} from '../../lib/index.js';
import type { Work } from '../harness/work.js';

const [BATCH, SIZE, CLASSES, BATCHES] = [64, 128, 10, 4];
const lr = 0.005;

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

/** The lesson's CNN; every weight is filled, within the bound of Kaiming's rule. */
function cnn(fused: boolean): ReturnType<typeof getCnnModel> {
  const model = getCnnModel({ cIn: 3, cOut: CLASSES }, [64, 64, 128, 256], convLayer, { leak: 0.1, sub: 0.4, fused });
  noGrad(() => {
    model.parameters().forEach((p, place) => {
      if (p.ndim > 1) p.copy_(filled(p.shape, 100 + place).mul(2 * Math.sqrt(3 / (p.numel() / p.shape[0]!))));
    });
    model.parameters().at(-1)!.zero_();
  });
  return model;
}

/** Batches that are in memory, over and over. */
class Repeated implements BatchLoader {
  length = 0;
  readonly #batches = Array.from({ length: BATCHES }, (_, place) => batch(place));
  #given = 0;

  async *[Symbol.asyncIterator](): AsyncGenerator<[Tensor, Tensor]> {
    const end = this.#given + this.length;
    while (this.#given < end) yield this.#batches[this.#given++ % BATCHES]!;
  }
}

interface Setting extends Pick<LearnerOptions, 'precision' | 'channelsLast'> {
  readonly fused: boolean;
}

class Losses extends Callback {
  readonly seen: Tensor[] = [];
  override afterLoss(): void {
    this.seen.push(this.learn.loss.detach());
  }
}

/** Steps over batches in memory; `valuesOf` says what of the losses of a hundred is compared. */
function steps({ fused, ...options }: Setting, valuesOf: (losses: number[]) => number[]): () => Work {
  const fresh = (): { loader: Repeated; learn: Learner } => {
    const loader = new Repeated();
    const learn = new Learner(cnn(fused), { trainDl: loader }, { ...options, lr, optFunc: sgdOpt });
    return { loader, learn };
  };
  return () => {
    let warm: ReturnType<typeof fresh> | undefined;
    return {
      run: async (iterations) => {
        warm ??= fresh();
        warm.loader.length = iterations;
        await warm.learn.fit(1);
      },
      values: async () => {
        const { loader, learn } = fresh();
        loader.length = 100;
        const losses = new Losses();
        await learn.fit(1, { cbs: [losses] });
        return valuesOf(losses.seen.map((loss) => loss.item()));
      },
    };
  };
}

const all = (losses: number[]): number[] => losses;
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const start = (losses: number[]): number[] => [...losses.slice(0, 20), mean(losses.slice(80))];
const end = (losses: number[]): number[] => [mean(losses.slice(80))];

const root = process.env.BENCH_PHOTOGRAPHS ?? '';

/** An epoch of some photographs of each class, with validation, from the files on. */
function epoch(precision: 'fp32' | 'bf16'): () => Work {
  return () => {
    const count = new Map<string, number>();
    // In the order of names, as many of each class on every side.
    const files = getFiles(root, { recurse: true, extensions: ['.jpeg'] }).filter((path) => {
      const folder = path.slice(0, path.lastIndexOf('/'));
      count.set(folder, (count.get(folder) ?? 0) + 1);
      return count.get(folder)! <= (folder.includes('/train/') ? 102 : 38);
    });
    const images = new ImageList<Tensor>(files, root, [makeRgb, new ResizeFixed(SIZE), toByteTensor]);
    const split = SplitData.splitByFunc(images, (path) => grandparentSplitter(path, { validName: 'val' }));
    const labelled = labelByFunc(split, parentLabeler, { procY: new CategoryProcessor() });
    const data = labelled.toDatabunch(BATCH, { cIn: 3, cOut: CLASSES });
    const learn = new Learner(getCnnModel(data, [64, 64, 128, 256], convLayer), data, {
      precision,
      channelsLast: true,
      lr,
      cbs: [new BatchTransformXCallback(normalizer(imagenetteStats)), new AvgStatsCallback([accuracy])],
    });
    learn.logger = () => undefined;
    return {
      run: async (iterations) => learn.fit(iterations),
      values: () => [data.trainDs.length, data.validDs.length, learn.model.parameters().length],
    };
  };
}

export const works: Readonly<Record<string, () => Work>> = {
  composed: steps({ precision: 'fp32', fused: false }, all),
  fp32: steps({ precision: 'fp32', channelsLast: true, fused: true }, start),
  bf16: steps({ precision: 'bf16', fused: true }, end),
  epochFp32: epoch('fp32'),
  epochBf16: epoch('bf16'),
};

export const libtorch = libtorchVersion;
export const setThreads = setNumThreads;
