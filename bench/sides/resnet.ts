/** tench's side of the benchmark of XResNet-18; sides/resnet.py is the peer's, work for work. */

import { createModel, libtorchVersion, setNumThreads, type Module } from '../../lib/index.js';
import type { Work } from '../harness/work.js';
import { CLASSES, all, end, start, steps } from './training.js';

const network = (): Module => createModel('xresnet18', { nOut: CLASSES });

export const works: Readonly<Record<string, () => Work>> = {
  fp32: steps(network, { precision: 'fp32' }, all),
  fp32ChannelsLast: steps(network, { precision: 'fp32', channelsLast: true }, start),
  bf16: steps(network, { precision: 'bf16' }, end),
};

export const libtorch = libtorchVersion;
export const setThreads = setNumThreads;
