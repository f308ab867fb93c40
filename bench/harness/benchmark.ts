/** A benchmark is a description: which sides there are, and which works are compared between which of them. */

import type { EnvironmentName } from './environments.js';
import type { GrowthTable } from './growthTable.js';
import type { Effort } from './measure.js';
import type { Side } from './side.js';

export interface Comparison {
  /** What is compared, for people. */
  readonly title: string;
  /** The ratio that it decides; where several comparisons decide one, the worst counts. Without: it stands in the detail only. */
  readonly key?: string;
  /** Names of tench's side and the peer's. Default: `tench` and `pytorch`. */
  readonly sides?: readonly [tench: string, peer: string];
  /** The work's name on tench's side, and on the peer's where it has another there. */
  readonly work: string;
  readonly peerWork?: string;
  /** How far apart what the sides compute may be, one for each value and the last for the rest; see `checkAgreement`. */
  readonly tolerances?: readonly number[];
  /** What is compared: the time that the work takes, or the memory of a process that does it. Default `time`. */
  readonly measures?: 'time' | 'memory';
  /** How often the work is done for one timing: enough for some ten milliseconds. */
  readonly iterations: number;
  /** Numbers of threads that it is measured with. Default: 1 and 2. null: each side's own choice. */
  readonly threads?: readonly (number | null)[];
}

/** What a run knows when it makes the sides. */
export interface BenchContext {
  /** The Python of the benchmark's environment, where it has one. */
  readonly python: string;
  /** The folder of data that the user has named, or null. */
  readonly data: string | null;
}

/** Sides by name. */
export type Sides = Readonly<Record<string, Side>>;

export interface Benchmark {
  readonly name: string;
  /** One line for `list`. */
  readonly summary: string;
  /** Where the peers live; null where they need nothing. */
  readonly environment: EnvironmentName | null;
  /** Whether every side that has a LibTorch must have the same. Default true. */
  readonly sameLibTorch?: boolean;
  /** Makes the sides by name; none starts its process before it is asked. */
  sides(context: BenchContext): Sides | Promise<Sides>;
  readonly comparisons: readonly Comparison[];
}

/** A benchmark without a peer, and so without a ratio: what tench costs, and how that grows with what it is given. */
export interface Survey {
  readonly name: string;
  /** One line for `list`. */
  readonly summary: string;
  readonly environment: null;
  /** The LibTorch that it computes with. */
  libtorch(): Promise<string | null>;
  /** Measures one table after another. Whoever stops listening ends what is under way. */
  tables(effort: Effort): AsyncIterable<GrowthTable>;
}
