/** Normalising images: each channel to mean 0 and standard deviation 1 over the training set. */

import type { TransformDescription } from '../data/compose.js';
import { isTensor, noGrad, tensor, type Device, type Tensor } from '../tensor/index.js';
import { needInRange, needOptions, needTensor } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';

/** The mean and standard deviation of each channel, in units of 0 to 1 for black to full. */
export interface ChannelStats {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** The lesson's constants for Imagenette, red, green and blue. */
export const imagenetteStats: ChannelStats = { mean: [0.47, 0.48, 0.45], std: [0.29, 0.28, 0.3] };

/** Constants by the list that they came from and the device, so that a batch never waits for an upload but the first. */
const uploaded = new WeakMap<object, Map<Device, Tensor>>();

/** A list of numbers, one a channel, as a tensor that broadcasts over height and width, on `device`. */
function constants(argument: string, values: Tensor | readonly number[], channels: number, device: Device): Tensor {
  if (!isTensor(values) && !Array.isArray(values)) throw invalid(argument, 'a tensor or an array of numbers', values);
  let byDevice = uploaded.get(values);
  if (byDevice === undefined) uploaded.set(values, (byDevice = new Map<Device, Tensor>()));
  let found = byDevice.get(device);
  if (found === undefined) {
    const list = Array.isArray(values)
      ? tensor(values as number[], { dtype: 'float32' })
      : values.detach().to('float32');
    found = list.reshape([-1, 1, 1]).to(device);
    byDevice.set(device, found);
  }
  const count = found.shape[0] ?? 0;
  if (count !== channels && count !== 1)
    throw invalid(argument, `one number for each of the ${channels} channels`, `${count} numbers`);
  return found;
}

/**
 * `(x - mean) / std` for each channel of a batch, on the batch's device.
 *
 * @param x images [batch, channels, height, width] or [channels, height, width]; floating-point in units of 0 to 1, or uint8, which is
 *   divided by 255 first
 * @param mean one number a channel (or one for all): an array, or a tensor. Copies on other devices are kept as long as it is
 * @param std the same
 * @returns a new tensor: float32 for uint8, else of `x`'s dtype
 */
export function normalizeChan(x: Tensor, mean: Tensor | readonly number[], std: Tensor | readonly number[]): Tensor {
  const channels = needTensor('x', x).shape.at(-3);
  if (channels === undefined)
    throw invalid('x', 'images of shape [..., channels, height, width]', `a tensor of shape [${x.shape.join(', ')}]`);
  const m = constants('mean', mean, channels, x.device);
  const s = constants('std', std, channels, x.device);
  // The converted batch is ours, so the rest may happen in place.
  if (x.dtype === 'uint8') return x.to('float32').div_(255).sub_(m).div_(s);
  return x.dtype === 'float32' || x.dtype === 'float64' ? x.sub(m).div(s) : x.sub(m.to(x.dtype)).div(s.to(x.dtype));
}

/** What {@link normalizer} returns: a step on batches that can be described. */
export interface Normalizer {
  (x: Tensor): Tensor;
  /** Name and constants; `normalizer(description)` does the same again. */
  describe(): TransformDescription & ChannelStats;
}

/** `normalizeChan` with its constants, e.g. for `new BatchTransformXCallback(normalizer(imagenetteStats))`. */
export function normalizer(stats: ChannelStats): Normalizer {
  needOptions('normalizer: stats', stats);
  const { mean, std } = stats;
  for (const [name, values] of Object.entries({ mean, std }))
    if (!isTensor(values) && !Array.isArray(values)) throw invalid(name, 'an array of numbers', values);
  const describe = (): ReturnType<Normalizer['describe']> => ({
    name: 'normalizer',
    mean: numbersOf(mean),
    std: numbersOf(std),
  });
  return Object.assign((x: Tensor) => normalizeChan(x, mean, std), { describe });
}

function numbersOf(values: Tensor | readonly number[]): number[] {
  return isTensor(values) ? Array.from(values.to('float32').toTypedArray(), Number) : [...values];
}

/**
 * The statistics of each channel over the first batches of a loader (give it the training loader, never the validation one).
 *
 * @param dl gives batches `[xb, yb]` with xb as for {@link normalizeChan}
 * @param options.batches how many batches to look at; default 8, `Infinity` for all
 */
export async function channelStats(
  dl: AsyncIterable<readonly [Tensor, ...unknown[]]>,
  options: { batches?: number } = {},
): Promise<ChannelStats> {
  needOptions('channelStats', options);
  const { batches = 8 } = options;
  needInRange('batches', batches, { least: 1 });
  if (typeof (dl as Partial<typeof dl> | null | undefined)?.[Symbol.asyncIterator] !== 'function')
    throw invalid('dl', 'a loader of batches', dl);
  let pixels = 0;
  let sums: number[] = [];
  let squares: number[] = [];
  let seen = 0;
  for await (const batch of dl) {
    const xb = needImages(batch);
    const [first, second] = noGrad(() => {
      const scaled = xb.dtype === 'uint8' ? xb.to('float32').div_(255) : xb.to('float32');
      // float64 only from the rows on: sums over a row are short enough for float32, and a tenth of the memory.
      const total = (values: Tensor) =>
        Array.from(values.sum([-1]).sum([0, -1], false, { dtype: 'float64' }).toTypedArray(), Number);
      return [total(scaled), total(scaled.square())] as const;
    });
    sums = first.map((value, c) => value + (sums[c] ?? 0));
    squares = second.map((value, c) => value + (squares[c] ?? 0));
    pixels += xb.numel() / first.length;
    if (++seen >= batches) break;
  }
  if (seen === 0) throw new TenchError('channelStats: the loader has no batches');
  const mean = sums.map((sum) => sum / pixels);
  const std = squares.map((square, c) => Math.sqrt(Math.max(0, square / pixels - (mean[c] ?? 0) ** 2)));
  return { mean, std };
}

/** The pictures of a batch. */
function needImages(batch: unknown): Tensor {
  const xb: unknown = Array.isArray(batch) ? batch[0] : undefined;
  if (isTensor(xb) && xb.ndim >= 3) return xb;
  throw invalid('dl', 'batches [xb, ...] with xb of shape [batch, channels, height, width]', batch);
}
