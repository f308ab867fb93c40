/** Schedules as charts: each hyper-parameter beside the others, each group a line. */

import { Chart, type ChartPanel } from '../charts/index.js';
import { needCount, needOptions, needText } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { isOptions } from '../tensor/index.js';
import type { Schedules } from './cycles.js';
import type { Schedule } from './schedules.js';

/** How schedules are plotted. */
export interface PlotSchedulesOptions {
  /** Default: what is plotted. */
  title?: string;
  /** At how many positions, the first at 0 and the last at 1. Default 201. */
  points?: number;
}

/** A schedule that can show itself, as all do that the library makes. One of your own is a function, and `plotSchedules` shows it. */
export type PlottableSchedule = Schedule & {
  /** Its value from the start of training to the end. */
  plot(options?: PlotSchedulesOptions): Chart;
};

/** Gives a schedule its name, which is how it was made, and its `plot`. */
export function plottable(name: string, schedule: Schedule): PlottableSchedule {
  const plot = (options?: PlotSchedulesOptions): Chart => plotSchedules(schedule, options);
  return Object.defineProperties(schedule, { name: { value: name }, plot: { value: plot } }) as PlottableSchedule;
}

/**
 * Plots a schedule, or a set of them by hyper-parameter as `setHypers` takes it: a panel for each hyper-parameter, a line for each group.
 *
 * @example await plotSchedules(oneCycle({ lr: [0.004, 0.1, 4e-7], mom: [0.95, 0.85, 0.95] })).save('cycle.svg')
 */
export function plotSchedules(schedules: Schedule | Schedules, options: PlotSchedulesOptions = {}): Chart {
  needOptions('plotSchedules', options);
  const points = needCount('plotSchedules: points', options.points ?? 201, 2);
  if (points > 100_000) throw invalid('plotSchedules: points', 'at most 100000', points);
  if (options.title !== undefined) needText('plotSchedules: title', options.title);
  const positions = Array.from({ length: points }, (_, i) => i / (points - 1));
  if (typeof schedules === 'function') {
    const panel = panelOf('value', [schedules], { positions, alone: 'value' });
    return new Chart({ title: options.title ?? nameOf(schedules), ...panel });
  }
  if (!isOptions(schedules))
    throw invalid('plotSchedules: schedules', 'a schedule, or schedules by hyper-parameter', schedules);
  const isByGroup = Object.values(schedules).some((given) => Array.isArray(given) && given.length > 1);
  const panels = Object.entries(schedules).map(([name, given]) => {
    const list: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (list.length === 0 || !list.every((item) => typeof item === 'function'))
      throw invalid(`plotSchedules: ${name}`, 'a schedule, or one for each group', given);
    return panelOf(name, list as readonly Schedule[], { positions, alone: isByGroup ? 'all groups' : name });
  });
  if (panels.length === 0) throw invalid('plotSchedules: schedules', 'at least one schedule', schedules);
  const title = options.title ?? `${Object.keys(schedules).join(' and ')} over training`;
  return new Chart({ title, panels });
}

const nameOf = ({ name }: Schedule): string => (typeof name === 'string' && name !== '' ? name : 'schedule');

/** @param alone what a schedule is called that has no others beside it */
function panelOf(
  hyper: string,
  list: readonly Schedule[],
  { positions, alone }: { positions: readonly number[]; alone: string },
): ChartPanel {
  return {
    x: { label: 'position in training' },
    y: { label: hyper },
    series: list.map((schedule, group) => ({
      kind: 'line',
      name: list.length === 1 ? alone : `group ${group + 1}`,
      x: positions,
      y: positions.map((position) => valueAt(hyper, schedule, position)),
    })),
  };
}

function valueAt(hyper: string, schedule: Schedule, position: number): number {
  const value: unknown = schedule(position);
  if (typeof value === 'number') return value;
  throw invalid(`plotSchedules: ${hyper}`, `a schedule with a number at ${position}`, value);
}
