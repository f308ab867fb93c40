/** The Recorder: what happened at every training batch, kept for plots. */

import { inspect } from 'node:util';

import { Chart } from '../charts/index.js';
import { stack, tensor, type Tensor } from '../tensor/index.js';
import { needArray, needNumber, needOptions, needText } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { AvgStatsCallback } from './avgStats.js';
import { Callback } from './callback.js';
import type { Saved } from './learnerState.js';
import { hyperPanels, lossPanels, type PlotLossesOptions } from './plotting.js';

/** Keeps the loss and every hyper-parameter of each training batch of the current or last fit. */
export class Recorder extends Callback {
  override order = 50;
  override readonly inSearch = false;

  private known: number[] = [];
  /** Losses still on the device: reading each at once would make the device wait for the host at every batch. */
  private pending: Tensor[] = [];
  private taken: Record<string, number>[][] = [];
  private ends: number[] = [];

  override beginFit(): void {
    this.known = [];
    this.pending = [];
    this.taken = [];
    this.ends = [];
  }

  override afterLoss(): void {
    const { learn } = this;
    if (!learn.inTrain) return;
    this.pending.push(learn.loss.detach());
    this.taken.push(learn.opt.hypers.map((hypers) => ({ ...hypers })));
  }

  override afterEpoch(): void {
    this.read();
    this.ends.push(this.known.length);
  }

  /** Long lists go as tensors. */
  override stateDict(): Saved {
    const groups = this.taken.at(-1) ?? [];
    const series = groups.map((hypers, i) =>
      Object.keys(hypers).map((name): [string, Tensor] => [
        name,
        column(this.taken.map((batch) => batch[i]?.[name] ?? NaN)),
      ]),
    );
    const hypers = series.map((pairs) => Object.fromEntries(pairs));
    return { losses: column(this.losses), hypers, epochEnds: [...this.ends] };
  }

  override loadStateDict(state: Saved): void {
    const { losses, hypers, epochEnds } = state as {
      losses: Tensor;
      hypers: Record<string, Tensor>[];
      epochEnds: number[];
    };
    this.pending = [];
    this.ends = [...epochEnds];
    this.known = numbers(losses);
    const series = hypers.map((group) =>
      Object.entries(group).map(([name, values]) => [name, numbers(values)] as const),
    );
    this.taken = this.known.map((_, batch) =>
      series.map((group) => Object.fromEntries(group.map(([name, values]) => [name, values[batch]!]))),
    );
  }

  /** Loss of each training batch. */
  get losses(): readonly number[] {
    this.read();
    return this.known;
  }

  /** How many training batches there had been when each epoch was over. */
  get epochEnds(): readonly number[] {
    return this.ends;
  }

  /** Learning rate of each training batch, of the last parameter group. */
  get lrs(): number[] {
    return this.hypers('lr');
  }

  /**
   * A hyper-parameter at each training batch.
   *
   * @param group index of the parameter group; negative counts from the end; default -1
   */
  hypers(name: string, group = -1): number[] {
    needText('name', name);
    needNumber('group', group, 'a whole number');
    return this.taken.map((groups) => {
      const value = groups.at(group)?.[name];
      if (value === undefined)
        throw invalid(
          'name',
          `a hyper-parameter of group ${group}: ${Object.keys(groups.at(group) ?? {}).join(', ')}`,
          name,
        );
      return value;
    });
  }

  /** Points of a plot: the loss, or a hyper-parameter, against another, or against the number of the batch. */
  points(y: string, options: { x?: string; group?: number } = {}): { x: number; y: number }[] {
    needText('y', y);
    needOptions('points', options);
    const series = (name: string) => (name === 'loss' ? this.losses : this.hypers(name, options.group));
    const xs = options.x === undefined ? null : series(options.x);
    return series(y).map((value, batch) => ({ x: xs?.[batch] ?? batch, y: value }));
  }

  /**
   * The losses of the current or last fit: of each training batch, their running mean, and those of validation; and each metric by epoch. What is
   * known by epoch comes from the learner's AvgStatsCallback.
   */
  plot(options: PlotLossesOptions = {}): Chart {
    const records = (this.learn as typeof this.learn | undefined)?.find(AvgStatsCallback)?.records ?? [];
    const { losses, epochEnds } = this;
    return new Chart({ title: 'Training', panels: lossPanels({ losses, epochEnds, records }, options) });
  }

  /** The learning rate of each parameter group at each training batch. */
  plotLr(): Chart {
    return this.plotHypers(['lr']);
  }

  /** Hyper-parameters of each parameter group at each training batch. @param names default: all that change */
  plotHypers(names: readonly string[] | null = null): Chart {
    if (names !== null) {
      for (const name of needArray('names', names, 'names of hyper-parameters')) needText('names', name);
      if (names.length === 0)
        throw invalid('names', 'at least one hyper-parameter, or null for all that change', names);
    }
    const shown = names ?? this.changing();
    const groups = Object.fromEntries(shown.map((name) => [name, this.byGroup(name)]));
    return new Chart({ title: `${shown.join(', ')} over training`, panels: hyperPanels(groups) });
  }

  /** @internal Those of some hyper-parameters that there are, by group. */
  groups(names: readonly string[]): Record<string, number[][]> {
    const there = names.filter((name) => this.taken[0]?.every((hypers) => Object.hasOwn(hypers, name)));
    return Object.fromEntries(there.map((name) => [name, this.byGroup(name)]));
  }

  private byGroup(name: string): number[][] {
    return Array.from({ length: this.taken[0]?.length ?? 0 }, (_, group) => this.hypers(name, group));
  }

  /** The hyper-parameters that are not always what they were at first; if all are, the rate. */
  private changing(): string[] {
    const [first = []] = this.taken;
    const known = [...new Set(first.flatMap((hypers) => Object.keys(hypers)))];
    const changes = (name: string): boolean =>
      this.taken.some((groups) => groups.some((hypers, i) => hypers[name] !== first[i]?.[name]));
    const found = known.filter(changes);
    return found.length > 0 ? found : ['lr'];
  }

  override [inspect.custom](): string {
    return `Recorder(${this.taken.length} batches)`;
  }

  private read(): void {
    if (this.pending.length === 0) return;
    const values = stack(this.pending.map((loss) => loss.reshape([])))
      .to('float64')
      .toTypedArray();
    this.pending = [];
    for (const value of values) this.known.push(Number(value));
  }
}

const column = (values: readonly number[]): Tensor => tensor(Float64Array.from(values), { dtype: 'float64' });
const numbers = (column: Tensor): number[] => Array.from(column.toTypedArray(), Number);
