/** The benchmarks by name. */

import { augment } from './augment.js';
import { data } from './data.js';
import { growth } from './growth.js';
import type { Benchmark, Survey } from './harness/benchmark.js';
import { ops } from './ops.js';
import { optimizer } from './optimizer.js';
import { resnet } from './resnet.js';
import { train } from './train.js';

export const benchmarks: readonly (Benchmark | Survey)[] = [ops, data, optimizer, augment, train, resnet, growth];
