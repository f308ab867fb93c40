/** The benchmarks by name. */

import type { Benchmark } from './harness/benchmark.js';
import { ops } from './ops.js';

export const benchmarks: readonly Benchmark[] = [ops];
