/** The benchmark of data: from image files to batches, and training on them, against torchvision's DataLoader and fastai's. */

import type { Benchmark, Comparison } from './harness/benchmark.js';
import { hasCuda } from './harness/cuda.js';
import { photographs } from './harness/photographs.js';
import { peerSide, tenchSide } from './harness/servers.js';

/** Worker processes that the peers are tried with; the ratio is against whichever does best. */
const workers = [0, 2, 4, ...(hasCuda ? [8, 16] : [])];

/** Every side uses what it takes to be best on this machine. */
const own = { threads: [null], iterations: 1 } as const;

/** One comparison for each number of the peer's workers. */
function against(peer: string, work: string, title: string, key: string): Comparison[] {
  return workers.map((count) => ({
    ...own,
    title: `${title}, ${count} workers`,
    key,
    sides: ['tench', peer],
    work,
    peerWork: `${key}${count}`,
  }));
}

/** Training with loading against the same training on batches that are in memory: what loading costs. */
function whileTraining(title: string, precision: 'Fp32' | 'Bf16', key: string): Comparison[] {
  const sides = (name: string): [string, string] => [name, name];
  const works = { work: `loadAndTrain${precision}`, peerWork: `train${precision}` };
  return [
    { ...own, ...works, title: `${title}: loading`, key, sides: sides('tench') },
    { ...own, ...works, title: `${title}: loading, PyTorch's`, sides: sides('pytorch') },
  ];
}

const comparisons: readonly Comparison[] = [
  ...against('pytorch', 'resize', 'resize 224 to 128', 'resize'),
  ...against('pytorch', 'randomResizedCrop', 'RandomResizedCrop, flip', 'randomResizedCrop'),
  ...against('pytorch', 'resize', 'resize, fastai', 'resizeFastai'),
  ...(hasCuda ? against('pytorch', 'loaderCuda', 'resize, to the GPU', 'loaderCuda') : []),
  { ...own, title: 'list 13,394 files', key: 'getFiles', work: 'getFiles' },
  ...whileTraining('CNN, fp32', 'Fp32', 'whileTraining'),
  ...whileTraining('CNN, bf16', 'Bf16', 'whileTrainingBf16'),
  { ...own, title: 'flip 128 x 128 bytes', work: 'flipBytes', iterations: 2000 },
];

export const data: Benchmark = {
  name: 'data',
  summary: "image files to batches, and training on them, against torchvision's and fastai's loaders",
  environment: 'vision',
  sameLibTorch: false,
  sides: async ({ python, data: folder }) => {
    const env = { BENCH_PHOTOGRAPHS: await photographs(folder) };
    return { tench: tenchSide('data', env), pytorch: peerSide('pytorch', { python, module: 'data', env }) };
  },
  comparisons,
};
