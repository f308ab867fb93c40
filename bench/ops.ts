/** The benchmark of operators: what a call, a small training step and a start cost, against PyTorch on the same LibTorch. */

import { packageFolder } from '../lib/runtime/places.js';
import type { Benchmark, Comparison } from './harness/benchmark.js';
import { peerSide, tenchSide } from './harness/servers.js';
import { ProcessSide } from './harness/side.js';
import { tunedMalloc } from './harness/tunedMalloc.js';

const tuned = ['tench', 'pytorch, tuned malloc'] as const;

/** What stands in the detail only is measured with one. */
const one = [1];

const comparisons: readonly Comparison[] = [
  { title: 'add, 4 floats', key: 'add', work: 'add', iterations: 10_000 },
  { title: 'add, 4 floats, recording on', work: 'addRecording', iterations: 10_000, threads: one },
  { title: 'add, 4 floats, scopes of 100', key: 'addScoped', work: 'addScoped', peerWork: 'add', iterations: 10_000 },
  { title: 'MLP step', key: 'mlpStep', work: 'mlpStep', iterations: 50 },
  { title: 'MLP step', sides: tuned, work: 'mlpStep', iterations: 50 },
  {
    title: 'MLP step, peer with SGD(fused=True)',
    work: 'mlpStep',
    peerWork: 'mlpStepFused',
    iterations: 50,
    threads: one,
  },
  { title: 'MLP step in a scope', work: 'mlpStepScoped', peerWork: 'mlpStep', iterations: 50, threads: one },
  { title: 'MLP step, no modules, no optimizer', work: 'mlpStepBare', iterations: 50, threads: one },
  { title: '50 operators and backward', key: 'backwardSmall', work: 'backwardSmall', iterations: 50 },
  {
    title: '50 operators and backward, in a scope',
    work: 'backwardSmallScoped',
    peerWork: 'backwardSmall',
    iterations: 50,
    threads: one,
  },
  { title: 'add, 64 MiB', key: 'addLarge', work: 'addLarge', iterations: 2 },
  { title: 'add, 64 MiB', sides: tuned, work: 'addLarge', iterations: 2 },
  { title: 'shape', key: 'shape', work: 'shape', iterations: 100_000, threads: one },
  {
    title: 'start, import, one tensor, exit',
    key: 'start',
    sides: ['tench, a process', 'pytorch, a process'],
    work: 'start',
    iterations: 1,
    threads: [null],
  },
];

/** PyTorch without NumPy says so in a warning at each start. */
const quiet = { PYTHONWARNINGS: 'ignore' };

export const ops: Benchmark = {
  name: 'ops',
  summary: 'calls of operators, a small training step, start, against PyTorch on the same LibTorch',
  environment: 'same',
  sides: ({ python }) => {
    const pytorch = { python, module: 'ops' };
    return {
      tench: tenchSide('ops'),
      pytorch: peerSide('pytorch', pytorch),
      'pytorch, tuned malloc': peerSide('pytorch, tuned malloc', { ...pytorch, env: tunedMalloc }),
      'tench, a process': new ProcessSide('tench', {
        start: {
          program: process.execPath,
          args: ['--input-type=module', '-e', "import { ones } from 'tench'; console.log(ones([1]).item())"],
          cwd: packageFolder,
        },
      }),
      'pytorch, a process': new ProcessSide('pytorch', {
        start: { program: python, args: ['-c', 'import torch; print(torch.ones(1).item())'], env: quiet },
      }),
    };
  },
  comparisons,
};
