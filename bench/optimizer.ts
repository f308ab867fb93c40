/** The benchmark of optimizers: steps over ResNet-50's parameters and over many small ones, against PyTorch's optimizers and fastai's. */

import { quietReport } from '../lib/cli/setup.js';
import type { Benchmark, Comparison } from './harness/benchmark.js';
import { setUpEnvironment } from './harness/environments.js';
import { peerSide, tenchSide } from './harness/servers.js';

const fastai = ['tench', 'fastai'] as const;

const comparisons: readonly Comparison[] = [
  { title: 'SGD with momentum, fused', key: 'sgdMomentum', work: 'sgdMomentum', iterations: 2 },
  { title: 'AdamW, fused', key: 'adamw', work: 'adamw', iterations: 2 },
  { title: 'AdamW, default', key: 'adamwDefault', work: 'adamw', peerWork: 'adamwDefault', iterations: 1 },
  { title: 'LAMB', key: 'lamb', sides: fastai, work: 'lamb', iterations: 1 },
  { title: 'Adam', key: 'adamFastai', sides: fastai, work: 'adam', iterations: 1 },
  { title: '300 small tensors, AdamW, fused', key: 'manySmall', work: 'manySmall', iterations: 50 },
  { title: 'a stepper of ten operations', key: 'userStepper', work: 'userStepper', iterations: 1 },
];

export const optimizer: Benchmark = {
  name: 'optimizer',
  summary:
    "steps of optimizers over 25.6 million parameters and over 300 small tensors, against PyTorch's and fastai's",
  environment: 'same',
  sides: async ({ python }) => ({
    tench: tenchSide('optimizer'),
    pytorch: peerSide('pytorch', { python, module: 'optimizer_pytorch' }),
    fastai: peerSide('fastai', {
      python: await setUpEnvironment('vision', { report: quietReport() }),
      module: 'optimizer_fastai',
    }),
  }),
  comparisons,
};
