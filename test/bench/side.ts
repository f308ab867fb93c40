/** A side that needs neither LibTorch nor Python: adds up whole numbers. */

import type { Work } from '../../bench/harness/work.js';

function sum(last: number): Work {
  const once = (): number => {
    let total = 0;
    for (let i = 1; i <= last; i += 1) total += i;
    return total;
  };
  let kept = 0;
  return {
    run: (iterations) => {
      for (let i = 0; i < iterations; i += 1) kept += once();
    },
    values: () => [once(), kept],
  };
}

let threads = 0;

export const works = {
  sum: (): Work => sum(1000),
  more: (): Work => sum(1001),
  slow: (): Work => ({
    run: async (iterations) => new Promise((done) => setTimeout(done, 20 * iterations)),
    values: async () => [0],
  }),
  holding: (): Work => ({ run: () => void Buffer.alloc(2 ** 28, 1), values: () => [0] }),
  threads: (): Work => ({ run: () => undefined, values: () => [threads] }),
  failing: (): Work => {
    throw new Error('it cannot be made');
  },
  dying: (): Work => process.exit(3),
};
export const libtorch = (): string | null => process.env.SIDE_LIBTORCH ?? null;
export const setThreads = (count: number): void => {
  threads = count;
};
