/** Images that are decoded once and kept as bytes in memory, and batches of them. */

import { Generator, noGrad, normalizeChan, tensor, type BatchLoader, type ChannelStats, type Tensor } from 'tench';

/** Images [n, channels, height, width] as bytes, and their classes [n]. */
export interface Pixels {
  readonly x: Tensor;
  readonly y: Tensor;
}

export interface PixelOptions {
  readonly batchSize: number;
  /** Of the order; null: as they lie. */
  readonly seed: number | null;
  /** What images are normalised with. */
  readonly stats: ChannelStats;
  /** The most batches in a pass. Default: all. */
  readonly steps?: number;
}

/** Batches of pixels, scaled and normalised; shuffled anew in every epoch where there is a seed. */
export class PixelLoader implements BatchLoader {
  private epoch = 0;

  constructor(
    readonly pixels: Pixels,
    private readonly options: PixelOptions,
  ) {}

  get count(): number {
    return this.pixels.y.shape[0]!;
  }

  /** Batch normalisation cannot learn from one image, so a last batch of one is left out. */
  get length(): number {
    const { batchSize, steps = Infinity, seed } = this.options;
    const rest = this.count % batchSize;
    const whole = Math.floor(this.count / batchSize) + (rest > (seed === null ? 0 : 1) ? 1 : 0);
    return Math.min(Math.max(whole, 1), steps);
  }

  setEpoch(epoch: number): void {
    this.epoch = epoch;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Tensor[]> {
    const { batchSize, seed } = this.options;
    const order = Array.from({ length: this.count }, (_, i) => i);
    if (seed !== null) shuffle(order, new Generator(seed, this.epoch));
    for (let batch = 0; batch < this.length; batch += 1)
      yield this.batchOf(order.slice(batch * batchSize, (batch + 1) * batchSize));
  }

  private batchOf(indices: readonly number[]): readonly Tensor[] {
    const { mean, std } = this.options.stats;
    return noGrad(() => {
      const places = tensor([...indices], { dtype: 'int64' });
      const xb = this.pixels.x.indexSelect(0, places).to('float32').div_(255);
      return [normalizeChan(xb, mean, std), this.pixels.y.indexSelect(0, places)];
    });
  }
}

function shuffle(list: number[], random: Generator): void {
  for (let i = list.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random.uniform(0, i + 1));
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
}
