/** The benchmark of training: the lesson's CNN at 128 px in batches of 64, steps and whole epochs, against PyTorch's and fastai's. */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { quietReport } from '../lib/cli/setup.js';
import { rounded, roundedCoarsely } from './harness/agree.js';
import type { Benchmark, Comparison } from './harness/benchmark.js';
import { hasCuda } from './harness/cuda.js';
import { setUpEnvironment } from './harness/environments.js';
import { photographs } from './harness/photographs.js';
import { peerSide, tenchSide } from './harness/servers.js';
import { tunedMalloc } from './harness/tunedMalloc.js';

/** Every side uses all cores. */
const own = { threads: [null], iterations: 4 } as const;
const plain = ['tench', 'pytorch'] as const;
const tuned = ['tench', 'pytorch, tuned malloc'] as const;

const bf16 = { ...own, work: 'bf16', peerWork: 'bf16ChannelsLast', tolerances: roundedCoarsely } as const;
/** So many steps that the few which a fit runs before it has captured one do not count. */
const cuda = { ...own, sides: plain, peerWork: 'bf16Cuda', tolerances: roundedCoarsely, iterations: 2000 } as const;
const fp32 = { ...own, work: 'fp32', tolerances: rounded } as const;

/** torch.compile needs a compiler, as its users do. */
const hasCompiler = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'c++')));

const comparisons: readonly Comparison[] = [
  { ...own, title: 'step, fp32, composed', sides: plain, work: 'composed' },
  { ...fp32, title: 'step, fp32', key: 'stepFp32', sides: plain },
  { ...fp32, title: 'step, fp32, tuned', key: 'stepFp32Best', sides: tuned, peerWork: 'fp32ChannelsLast' },
  { ...bf16, title: 'step, bf16', key: 'stepBf16', sides: plain },
  { ...bf16, title: 'step, bf16, tuned', key: 'stepBf16Best', sides: tuned },
  ...(hasCompiler
    ? [{ ...bf16, title: 'step, bf16, compiled', key: 'stepCompiled', sides: tuned, peerWork: 'bf16Compiled' }]
    : []),
  ...(hasCuda
    ? [
        { ...cuda, title: 'step, bf16, CUDA', key: 'stepCuda', work: 'bf16Cuda' },
        { ...cuda, title: 'step, bf16, CUDA, as a graph', key: 'stepCudaGraph', work: 'bf16CudaGraph' },
      ]
    : []),
  ...[
    {
      title: 'epoch, fp32',
      key: 'endToEndFastaiFp32',
      sides: ['tench', 'fastai'] as const,
      work: 'epochFp32',
      peerWork: 'fastai',
    },
    {
      title: 'epoch, bf16 against fp32',
      key: 'endToEndFastaiBf16',
      sides: ['tench', 'fastai'] as const,
      work: 'epochBf16',
      peerWork: 'fastai',
    },
    {
      title: 'epoch, bf16',
      key: 'endToEndBest',
      sides: ['tench', 'pytorch, tuned'] as const,
      work: 'epochBf16',
      peerWork: 'tuned',
    },
  ].map((comparison) => ({ ...comparison, threads: [null], iterations: 1 })),
  { ...fp32, title: 'memory, fp32', key: 'peakMemory', sides: plain, measures: 'memory', iterations: 12 },
  { ...bf16, title: 'memory, bf16', key: 'peakMemory', sides: plain, measures: 'memory', iterations: 12 },
];

export const train: Benchmark = {
  name: 'train',
  summary: "the lesson's CNN, steps and epochs at 128 px, against PyTorch's and fastai's",
  environment: 'same',
  // What begins with files runs on the PyTorch that its users get.
  sameLibTorch: false,
  sides: async ({ python, data }) => {
    const photos = { BENCH_PHOTOGRAPHS: await photographs(data) };
    const vision = await setUpEnvironment('vision', { report: quietReport() });
    const steps = { python, module: 'train_pytorch' };
    const loading = { python: vision, module: 'train_loading' };
    return {
      tench: tenchSide('train', photos),
      pytorch: peerSide('pytorch', steps),
      'pytorch, tuned malloc': peerSide('pytorch, tuned malloc', { ...steps, env: tunedMalloc }),
      fastai: peerSide('fastai', { ...loading, env: photos }),
      'pytorch, tuned': peerSide('pytorch, tuned', { ...loading, env: { ...photos, ...tunedMalloc } }),
    };
  },
  comparisons,
};
