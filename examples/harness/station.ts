/** A station of the lesson that can be run: what it is called, and what it shows. */

import type { PrecisionName } from 'tench';

/** What a station knows when it runs. */
export interface StationContext {
  /** What the user has named with `--data`, or TENCH_DATA; null: nothing. */
  readonly data: string | null;
  /** The folder for its pictures; it exists. */
  readonly out: string;
  /** Says something to people. */
  readonly print: (line: string) => void;
  /** How often training is repeated, each time from another seed; null: as the station sees fit. */
  readonly seeds: number | null;
  /** Of training; null: as the station sees fit. */
  readonly precision: PrecisionName | null;
  /** The most images that are trained on, for a quick look; null: all. */
  readonly limit: number | null;
  /** Of each training; null: as the station sees fit. */
  readonly epochs: number | null;
  /** Which of the ways that are compared; null: all. */
  readonly arms: readonly string[] | null;
}

/** Options that only stations take which train. */
export type TrainingOption = 'seeds' | 'precision' | 'limit' | 'epochs' | 'arms';

export interface Station {
  readonly name: string;
  /** One line for `list`. */
  readonly summary: string;
  /** Default: none. */
  readonly takes?: readonly TrainingOption[];
  /** Does it. Returns what `--json` prints besides the name: plain data. */
  run(context: StationContext): Promise<Readonly<Record<string, unknown>>>;
}
