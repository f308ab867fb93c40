/** Schedules that papers name, and schedules for several hyper-parameters and groups at once. */

import { needArray, needCount, needInRange, needInstance, needNumber, needOptions } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { isOptions } from '../tensor/index.js';
import { Optimizer } from './optimizer.js';
import { plottable, type PlottableSchedule } from './plotSchedules.js';
import { combineScheds, cos1cycleAnneal, schedCos, schedNo, type Schedule } from './schedules.js';

/**
 * A power of what is left of training: `end + (start - end) * (1 - position) ** power`.
 *
 * @param options `power`: default 2; with 1 it is a straight line
 */
export function schedPoly(start: number, end: number, options: { power?: number } = {}): PlottableSchedule {
  needNumber('schedPoly: start', start);
  needNumber('schedPoly: end', end);
  needOptions('schedPoly', options);
  const power = needInRange('schedPoly: power', options.power ?? 2, { least: 0 });
  return plottable(
    `schedPoly(${start}, ${end})`,
    (position) => end + (start - end) * Math.max(1 - needInRange('position', position), 0) ** power,
  );
}

/**
 * The same value for most of training, then half a cosine wave down to the end.
 *
 * @param options `share`: of training that is flat; default 0.75
 */
export function schedFlatCos(start: number, end: number, options: { share?: number } = {}): PlottableSchedule {
  needOptions('schedFlatCos', options);
  const share = needInRange('schedFlatCos: share', options.share ?? 0.75, { least: 0, most: 1 });
  const both = combineScheds([share, 1 - share], [schedNo(start), schedCos(start, end)]);
  return plottable(`schedFlatCos(${start}, ${end})`, (position) => both(position));
}

/** Positions at most this far before a restart count as the restart: `step / steps` is rarely exact. */
const rounding = 1e-9;

/**
 * Warm restarts: half cosine waves from `start` to `end`, again and again (Loshchilov, Hutter 2017, arXiv:1608.03983).
 *
 * @param options `cycles`: how many, default 3; `factor`: how much longer each is than the one before, default 1
 */
export function schedRestarts(
  start: number,
  end: number,
  options: { cycles?: number; factor?: number } = {},
): PlottableSchedule {
  const wave = schedCos(start, end);
  needOptions('schedRestarts', options);
  const cycles = needCount('schedRestarts: cycles', options.cycles ?? 3, 1);
  const factor = needInRange('schedRestarts: factor', options.factor ?? 1, { above: 0, most: 100 });
  if (cycles > 1000) throw invalid('schedRestarts: cycles', 'at most 1000', cycles);
  const lengths = Array.from({ length: cycles }, (_, i) => factor ** (factor > 1 ? i + 1 - cycles : i));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  return plottable(`schedRestarts(${start}, ${end})`, (position) => {
    let place = Math.min(Math.max(needInRange('position', position), 0), 1) * total;
    const cycle = lengths.findIndex((length, i) => {
      if (i === cycles - 1 || place < length - rounding * total) return true;
      place -= length;
      return false;
    });
    return wave(Math.min(Math.max(place / lengths[cycle]!, 0), 1));
  });
}

/** Schedules by hyper-parameter: one for all groups, or one for each. */
export type Schedules = Readonly<Record<string, Schedule | readonly Schedule[]>>;

/** Where a cycle begins, turns and ends. */
export type Turn = readonly [start: number, turn: number, end: number];

/**
 * One cycle of any hyper-parameters: half a cosine wave from the start to the turn, another to the end (Smith, Topin 2018, arXiv:1708.07120).
 *
 * @param turns by hyper-parameter, for all groups or a list with one for each
 * @param options `share`: of training until the turn; default 0.3
 * @example oneCycle({ lr: [0.004, 0.1, 4e-7], mom: [0.95, 0.85, 0.95] })
 */
export function oneCycle(
  turns: Readonly<Record<string, Turn | readonly Turn[]>>,
  options: { share?: number } = {},
): Record<string, PlottableSchedule | PlottableSchedule[]> {
  if (!isOptions(turns)) throw invalid('oneCycle: turns', 'turns by hyper-parameter', turns);
  needOptions('oneCycle', options);
  const share = needInRange('oneCycle: share', options.share ?? 0.3, { least: 0, most: 1 });
  const cycle = (name: string, turn: Turn): PlottableSchedule => {
    const values: readonly number[] = needArray(`oneCycle: ${name}`, turn, 'three numbers: start, turn and end');
    if (values.length !== 3) throw invalid(`oneCycle: ${name}`, 'three numbers: start, turn and end', turn);
    for (const value of values) needNumber(`oneCycle: ${name}`, value);
    return combineScheds([share, 1 - share], cos1cycleAnneal(...turn));
  };
  return Object.fromEntries(
    Object.entries(turns).map(([name, given]) => {
      needArray(`oneCycle: ${name}`, given, 'three numbers: start, turn and end');
      return [name, areTurns(given) ? given.map((turn) => cycle(name, turn)) : cycle(name, given)];
    }),
  );
}

const areTurns = (given: Turn | readonly Turn[]): given is readonly Turn[] =>
  given.length > 0 && given.every((item: unknown) => Array.isArray(item));

/**
 * Sets an optimizer's hyper-parameters to what the schedules say at a position from 0 to 1, before a step.
 *
 * @throws ArgumentError when a list of schedules has not one for each group
 * @throws TenchError for a hyper-parameter that the optimizer does not have
 */
export function setHypers(opt: Optimizer, schedules: Schedules, position: number): void {
  const { hypers } = needInstance('setHypers: opt', opt, Optimizer);
  if (!isOptions(schedules)) throw invalid('setHypers: schedules', 'schedules by hyper-parameter', schedules);
  needInRange('setHypers: position', position);
  const lists = Object.entries(schedules).map(([name, given]): [string, readonly Schedule[]] => {
    const list: readonly unknown[] = Array.isArray(given) ? given : hypers.map(() => given);
    if (list.length !== hypers.length || !list.every((item) => typeof item === 'function'))
      throw invalid(`setHypers: ${name}`, `a schedule, or one for each of ${hypers.length} groups`, given);
    if (!hypers.every((group) => Object.hasOwn(group, name)))
      throw new TenchError(`setHypers: the optimizer has no hyper-parameter ${name}`);
    return [name, list as readonly Schedule[]];
  });
  for (const [name, list] of lists)
    hypers.forEach((group, i) => {
      group[name] = list[i]!(position);
    });
}
