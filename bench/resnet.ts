/** The benchmark of a deeper network: XResNet-18 at 128 px in batches of 64, steps in memory, against PyTorch's. */

import { rounded, roundedCoarsely } from './harness/agree.js';
import type { Benchmark, Comparison } from './harness/benchmark.js';
import { peerSide, tenchSide } from './harness/servers.js';
import { tunedMalloc } from './harness/tunedMalloc.js';

/** Every side uses all cores. */
const own = { threads: [null], iterations: 2 } as const;
const plain = ['tench', 'pytorch'] as const;
const tuned = ['tench', 'pytorch, tuned malloc'] as const;

const fp32 = { ...own, work: 'fp32ChannelsLast', tolerances: rounded } as const;
const bf16 = { ...own, work: 'bf16', peerWork: 'bf16ChannelsLast', tolerances: roundedCoarsely } as const;

const comparisons: readonly Comparison[] = [
  { ...own, title: 'step, fp32', sides: plain, work: 'fp32' },
  { ...fp32, title: 'step, fp32, tuned', sides: tuned },
  { ...bf16, title: 'step, bf16', sides: plain },
  { ...bf16, title: 'step, bf16, tuned', key: 'resnetBest', sides: tuned },
  { ...bf16, title: 'memory, bf16', key: 'peakMemory', sides: plain, measures: 'memory', iterations: 12 },
];

export const resnet: Benchmark = {
  name: 'resnet',
  summary: "XResNet-18, steps at 128 px, against PyTorch's",
  environment: 'same',
  sides: ({ python }) => ({
    tench: tenchSide('resnet'),
    pytorch: peerSide('pytorch', { python, module: 'resnet' }),
    'pytorch, tuned malloc': peerSide('pytorch, tuned malloc', { python, module: 'resnet', env: tunedMalloc }),
  }),
  comparisons,
};
