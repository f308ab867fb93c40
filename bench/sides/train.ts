/** tench's side of the benchmark of training; sides/train_pytorch.py is the peer's, work for work, and sides/train_loading.py those with files. */

import {
  AvgStatsCallback,
  BatchTransformXCallback,
  CategoryProcessor,
  ImageList,
  Learner,
  ResizeFixed,
  SplitData,
  accuracy,
  convLayer,
  getCnnModel,
  getFiles,
  grandparentSplitter,
  imagenetteStats,
  labelByFunc,
  libtorchVersion,
  makeRgb,
  normalizer,
  parentLabeler,
  setNumThreads,
  toByteTensor,
  type Tensor,
} from '../../lib/index.js';
import type { Work } from '../harness/work.js';
import { BATCH, CLASSES, SIZE, all, end, lr, start, steps } from './training.js';

const network = (fused: boolean) => () =>
  getCnnModel({ cIn: 3, cOut: CLASSES }, [64, 64, 128, 256], convLayer, { leak: 0.1, sub: 0.4, fused });

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
  composed: steps(network(false), { precision: 'fp32' }, all),
  fp32: steps(network(true), { precision: 'fp32', channelsLast: true }, start),
  bf16: steps(network(true), { precision: 'bf16' }, end),
  bf16Cuda: steps(network(true), { precision: 'bf16', device: 'cuda' }, end),
  bf16CudaGraph: steps(network(true), { precision: 'bf16', device: 'cuda', graph: true }, end),
  epochFp32: epoch('fp32'),
  epochBf16: epoch('bf16'),
};

export const libtorch = libtorchVersion;
export const setThreads = setNumThreads;
