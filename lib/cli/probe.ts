/**
 * Loads the addon and prints, as JSON, what it finds. The doctor runs this file in a process of its own, so that a LibTorch that
 * crashes is a finding and not the end of the doctor.
 */

import { getNumThreads, isCudaAvailable, tensor } from '../tensor/index.js';
import { imageReaders } from '../vision/nativeImages.js';

/** What the probe prints. */
export interface Probe {
  /** 2, worked out by LibTorch. */
  sum: unknown;
  /** Threads that LibTorch computes with. */
  threads: number;
  devices: string[];
  /** How libjpeg-turbo came into the addon: 'static', 'shared' or 'none'. */
  jpeg: string;
  /** The most threads that read images. */
  readers: number;
}

const { jpeg, threads: readers } = imageReaders();
const probe: Probe = {
  sum: tensor([1, 1]).sum().item(),
  threads: getNumThreads(),
  devices: isCudaAvailable() ? ['cpu', 'cuda'] : ['cpu'],
  jpeg,
  readers,
};
process.stdout.write(`${JSON.stringify(probe)}\n`);
