/** What a layer puts out, forward by forward: mean, spread, histogram and the share near zero, kept on the device until somebody asks. */

import { inspect } from 'node:util';

import { needCount, needInRange, needInstance, needOptions } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { isTensor, noGrad, stack, type Tensor } from '../tensor/index.js';
import { Hook, type HookFunction } from './hooks.js';

/** Options of {@link OutputStats}. */
export interface OutputStatsOptions {
  /** Bins of each histogram; default 40. */
  bins?: number;
  /** Where the first bin begins; default -7. */
  min?: number;
  /** Where the last bin ends; default 7. Values outside are in no bin. */
  max?: number;
  /** Values of at most this size count as near zero; default 0.05. */
  nearZero?: number;
}

const mostBins = 10_000;
const finite = { least: -1e30, most: 1e30 };

/** The statistics of one tensor after another. Nothing waits for the device before one of the lists is read. */
export class OutputStats {
  readonly bins: number;
  readonly min: number;
  readonly max: number;
  readonly nearZero: number;
  /** Mean, standard deviation and share near zero, and the counts, of what has not been read yet. */
  #pending: [moments: Tensor, counts: Tensor][] = [];
  #moments: (readonly [mean: number, std: number, share: number])[] = [];
  #histograms: number[][] = [];

  constructor(options: OutputStatsOptions = {}) {
    needOptions('OutputStats', options);
    const { bins = 40, min = -7, max = 7, nearZero = 0.05 } = options;
    this.bins = needCount('OutputStats: bins', bins, 1);
    if (bins > mostBins) throw invalid('OutputStats: bins', `at most ${mostBins}`, bins);
    this.min = needInRange('OutputStats: min', min, finite);
    this.max = needInRange('OutputStats: max', max, { ...finite, above: min });
    this.nearZero = needInRange('OutputStats: nearZero', nearZero, { least: 0 });
  }

  /** How many tensors have been added. */
  get length(): number {
    return this.#moments.length + this.#pending.length;
  }

  /** Takes in one tensor of real numbers; it is not kept. */
  add(output: Tensor): void {
    const x = needReal('OutputStats.add: output', output);
    noGrad(() => {
      const count = x.numel();
      const [variance, mean] = x.varMean(null, { correction: 0 });
      const std = variance.mul(count / (count - 1)).sqrt();
      const share = x.abs().le(this.nearZero).to(x.dtype).mean();
      this.#pending.push([stack([mean, std, share]), x.histc(this.bins, this.min, this.max)]);
    });
  }

  /** Mean of each. */
  get means(): number[] {
    return this.#read().map(([mean]) => mean);
  }

  /** Standard deviation of each (of n values divided by n - 1; NaN for a single one). */
  get stds(): number[] {
    return this.#read().map(([, std]) => std);
  }

  /** Share of each that is near zero, from 0 to 1. */
  get nearZeros(): number[] {
    return this.#read().map(([, , share]) => share);
  }

  /** Number of values of each by bin. */
  get histograms(): number[][] {
    this.#read();
    return this.#histograms.map((counts) => [...counts]);
  }

  #read(): readonly (readonly [number, number, number])[] {
    const pending = this.#pending;
    if (pending.length > 0) {
      const moments = rowsOf(pending.map(([values]) => values)) as [number, number, number][];
      const histograms = rowsOf(pending.map(([, counts]) => counts));
      this.#pending = [];
      this.#moments.push(...moments);
      this.#histograms.push(...histograms);
    }
    return this.#moments;
  }

  [inspect.custom](): string {
    return `OutputStats(${this.length} forwards)`;
  }
}

/** Rows of equal length, read in one go. */
function rowsOf(rows: readonly Tensor[]): number[][] {
  return stack(rows.map((row) => row.to('float64'))).toList() as number[][];
}

/** A tensor to measure, without its history; 16-bit values as float32, since their sums are too large for them. */
export function needReal(argument: string, output: unknown): Tensor {
  if (!isTensor(output) || !output.isFloatingPoint())
    throw invalid(argument, 'a Tensor of floating-point numbers', output);
  const x = output.detach();
  return x.dtype === 'float64' ? x : x.to('float32');
}

/**
 * A {@link HookFunction} that adds the module's output to `hook.stats`, in the lesson's words:
 *
 *     using hook = new Hook(layer, appendStat);
 *     model.call(xb);
 *     console.log(hook.mean, hook.std);
 */
export function appendStat(hook: Hook, _module: unknown, _args: readonly unknown[], output: unknown): void {
  needInstance('appendStat: hook', hook, Hook);
  (hook.stats ??= new OutputStats()).add(needReal('appendStat: output', output));
}

/** {@link appendStat} with other bins, or another idea of near zero. */
export function appendStatWith(options: OutputStatsOptions): HookFunction {
  // Refused here rather than at the first forward.
  new OutputStats(options);
  return (hook, module, args, output) => {
    hook.stats ??= new OutputStats(options);
    appendStat(hook, module, args, output);
  };
}
