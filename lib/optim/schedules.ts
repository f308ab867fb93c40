/** Schedules: a hyper-parameter as a function of the position in training, which runs from 0 to 1. */

import { needArray, needInRange, needNumber } from '../tensor/checks.js';
import { invalid } from '../tensor/index.js';
import { plottable, type PlottableSchedule } from './plotSchedules.js';

/** The value at a position from 0 (start of training) to 1 (its end). */
export type Schedule = (position: number) => number;

/** The same value throughout; an `end` is taken, and not used, so that all schedules can be made alike. */
export function schedNo(start: number, _end?: number): PlottableSchedule {
  needNumber('schedNo: start', start);
  return plottable(`schedNo(${start})`, () => start);
}

/** A straight line from `start` to `end`. */
export function schedLin(start: number, end: number): PlottableSchedule {
  needEnds('schedLin', start, end);
  return plottable(`schedLin(${start}, ${end})`, (position) => start + needPosition(position) * (end - start));
}

/** Half a cosine wave from `start` to `end`: slow, fast, slow. */
export function schedCos(start: number, end: number): PlottableSchedule {
  needEnds('schedCos', start, end);
  return plottable(
    `schedCos(${start}, ${end})`,
    (position) => start + ((1 + Math.cos(Math.PI * (1 - needPosition(position)))) * (end - start)) / 2,
  );
}

/**
 * The same factor in equal stretches, from `start` to `end`.
 *
 * @throws ArgumentError unless both are above 0 or both below
 */
export function schedExp(start: number, end: number): PlottableSchedule {
  needEnds('schedExp', start, end);
  if (!(start * end > 0)) throw invalid('schedExp: start, end', 'two values on the same side of 0', [start, end]);
  return plottable(`schedExp(${start}, ${end})`, (position) => start * (end / start) ** needPosition(position));
}

function needEnds(where: string, start: number, end: number): void {
  needNumber(`${where}: start`, start);
  needNumber(`${where}: end`, end);
}

const needPosition = (position: number): number => needInRange('position', position);

/**
 * One schedule after the other, each over its share of training.
 *
 * @param shares of the schedules, from 0 to 1, together 1 (to a tolerance of 1e-6)
 * @param schedules as many as shares; each sees its own positions from 0 to 1
 * @returns a schedule that stays at its first value before 0 and at its last value from 1 on
 */
export function combineScheds(shares: readonly number[], schedules: readonly Schedule[]): PlottableSchedule {
  needArray('combineScheds: shares', shares, 'an array of shares from 0 to 1');
  needArray('combineScheds: schedules', schedules, 'an array of schedules');
  if (shares.length === 0) throw invalid('combineScheds: shares', 'at least one share', shares);
  for (const share of shares) needInRange('combineScheds: shares', share, { least: 0, most: 1 });
  if (schedules.length !== shares.length || !schedules.every((schedule) => typeof schedule === 'function')) {
    throw invalid('combineScheds: schedules', `${shares.length} schedules, one for each share`, schedules);
  }
  const total = shares.reduce((sum, share) => sum + share, 0);
  if (Math.abs(total - 1) > 1e-6) throw invalid('combineScheds: shares', 'shares that sum to 1', shares);
  const starts = shares.map((_, i) => shares.slice(0, i).reduce((sum, share) => sum + share, 0));
  return plottable(`combineScheds([${shares.join(', ')}])`, (position) => {
    const place = Math.min(Math.max(needPosition(position), 0), 1);
    // The last schedule that has begun, among those that have a share at all.
    const current = starts.findLastIndex((start, i) => start <= place && (shares[i] ?? 0) > 0);
    const share = shares[current] ?? 1;
    return schedules[current]!(Math.min((place - (starts[current] ?? 0)) / share, 1));
  });
}

/**
 * The two halves of the lesson's one-cycle: cosine up from `start` to `high`, cosine down to `end`; for `combineScheds`.
 *
 * @example combineScheds([0.3, 0.7], cos1cycleAnneal(0.1, 0.3, 0.05))
 */
export function cos1cycleAnneal(start: number, high: number, end: number): [PlottableSchedule, PlottableSchedule] {
  return [schedCos(start, high), schedCos(high, end)];
}
