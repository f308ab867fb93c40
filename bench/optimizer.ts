/** The benchmark of optimizers: steps over ResNet-50's parameters and over many small ones, against PyTorch's optimizers and fastai's. */

import { fileURLToPath } from 'node:url';

import { quietReport } from '../lib/cli/setup.js';
import { packageFolder } from '../lib/runtime/places.js';
import type { Benchmark, Comparison } from './harness/benchmark.js';
import { setUpEnvironment } from './harness/environments.js';
import { ServerSide } from './harness/side.js';

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

/** The Python files lie beside their sources, and only what is TypeScript is compiled. */
const python = (file: string): string => `${packageFolder}/bench/${file}`;

function peer(name: string, program: string): ServerSide {
  const args = [python('harness/serve.py'), python(`sides/optimizer_${name}.py`)];
  return new ServerSide(name, { program, args, env: { PYTHONWARNINGS: 'ignore' } });
}

export const optimizer: Benchmark = {
  name: 'optimizer',
  summary:
    "steps of optimizers over 25.6 million parameters and over 300 small tensors, against PyTorch's and fastai's",
  environment: 'same',
  sides: async ({ python: program }) => ({
    tench: new ServerSide('tench', {
      program: process.execPath,
      args: ['./harness/serve.js', './sides/optimizer.js'].map((file) => fileURLToPath(new URL(file, import.meta.url))),
    }),
    pytorch: peer('pytorch', program),
    fastai: peer('fastai', await setUpEnvironment('vision', { report: quietReport() })),
  }),
  comparisons,
};
