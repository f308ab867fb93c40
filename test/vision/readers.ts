/** Waiting for what a loader that is left still holds. */

import { setTimeout as wait } from 'node:timers/promises';

import { memory } from '../../lib/tensor/index.js';
import { imageReaders } from '../../lib/vision/nativeImages.js';

/**
 * How many tensors there are more than `before`, and how many threads, once both have gone or five minutes have passed: threads of the lowest
 * priority finish what they have begun when others let them.
 */
export async function leftBehind(before: number): Promise<{ tensors: number; threads: number }> {
  const left = (): { tensors: number; threads: number } => ({
    tensors: memory().tensors - before,
    threads: imageReaders().running,
  });
  for (let i = 0; i < 6000 && (left().tensors > 0 || left().threads > 0); i++) await wait(50);
  return left();
}
