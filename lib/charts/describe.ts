/** What a chart is described by: titles, axes and series, as plain data that can be printed, compared and sent elsewhere. */

import { needArray, needCount, needFlag, needInRange, needOneOf, needOptions, needText } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { areOne, farthest } from './numbers.js';

/** Numbers as they come: an array or a typed array. What is not finite, and null, is left out of the picture and counted in its note. */
export type Numbers = ArrayLike<number | null>;

/** One axis of a panel. */
export interface Axis {
  /** What it measures, with its unit. */
  readonly label?: string;
  /** Whether equal factors are equally far apart. Values of at most 0 have no place on such an axis. Default false. */
  readonly log?: boolean;
  /** Where it begins; default: the smallest value. */
  readonly from?: number;
  /** Where it ends; default: the largest value. */
  readonly to?: number;
  /** Words in place of numbers, for the places from 0 to 1, from 1 to 2, and so on. The axis goes from 0 to their count. */
  readonly names?: readonly string[];
}

/** Values joined by a line, or a dot for each. */
export interface PointSeries {
  readonly kind: 'line' | 'scatter';
  readonly name: string;
  /** As many as `y`; default: 0, 1, 2, ... */
  readonly x?: Numbers;
  readonly y: Numbers;
  /** Lines: thin and grey, as the ground on which others stand out. Default false. */
  readonly faint?: boolean;
}

/** How many values lie in each of equally wide bins. */
export interface HistogramSeries {
  readonly kind: 'histogram';
  readonly name: string;
  readonly values: Numbers;
  /** Default 40. */
  readonly bins?: number;
}

/** Rows of values as colours, the first row at the bottom. */
export interface HeatmapSeries {
  readonly kind: 'heatmap';
  readonly name: string;
  /** Rows of one length. */
  readonly rows: readonly Numbers[];
  /** Where on the x axis the first column begins and the last one ends; default: 0 and their count. */
  readonly x?: readonly [number, number];
  /** The same of the rows. */
  readonly y?: readonly [number, number];
  /** Writes its number into each cell, where there is room. Default false. */
  readonly numbered?: boolean;
}

export type Series = PointSeries | HistogramSeries | HeatmapSeries;

/** One pair of axes, and what is drawn between them. */
export interface Panel {
  readonly title?: string;
  readonly x?: Axis;
  readonly y?: Axis;
  readonly series: readonly Series[];
}

/** A chart of one panel, whose axes and series stand at the top, or of several. */
export interface ChartOptions extends Partial<Omit<Panel, 'title'>> {
  readonly title: string;
  /** What there is to see, for those who read it and for those who have it read to them. */
  readonly description?: string;
  readonly panels?: readonly Panel[];
  /** Panels beside each other; default 1 for one panel, else 2. */
  readonly columns?: number;
}

/** The same with every default filled in, checked and copied. Series of one name have one colour. */
export interface Described {
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
  readonly columns: number;
}

const kinds = ['line', 'scatter', 'histogram', 'heatmap'] as const;

/** More panels or cells than anybody could look at are a mistake of the caller. */
const mostPanels = 64;
const mostNames = 1000;

/** @throws ArgumentError that names what is wrong */
export function describeChart(options: ChartOptions): Described {
  needOptions('Chart', options);
  const { title, description = '', panels, columns } = options;
  needText('Chart: title', title);
  needText('Chart: description', description);
  if ((panels === undefined) === (options.series === undefined))
    throw invalid('Chart: panels', 'panels or series, one of the two', panels);
  const given = panels ?? [
    { ...(options.x && { x: options.x }), ...(options.y && { y: options.y }), series: options.series! },
  ];
  needArray('Chart: panels', given);
  if (given.length === 0 || given.length > mostPanels)
    throw invalid('Chart: panels', `1 to ${mostPanels} panels`, given);
  const across = needCount('Chart: columns', columns ?? Math.min(given.length, 2), 1);
  if (across > mostPanels) throw invalid('Chart: columns', `at most ${mostPanels}`, across);
  return { title, description, panels: given.map(describePanel), columns: Math.min(across, given.length) };
}

function describePanel(panel: Panel): Panel {
  needOptions('Chart: panels', panel);
  const { title, x, y, series } = panel;
  if (title !== undefined) needText('Chart: panel title', title);
  return {
    ...(title !== undefined && { title }),
    x: describeAxis('Chart: x', x),
    y: describeAxis('Chart: y', y),
    series: needArray('Chart: series', series, 'an array of series').map(describeSeries),
  };
}

function describeAxis(where: string, axis: Axis = {}): Axis {
  needOptions(where, axis);
  const { label, log, names } = axis;
  let { from, to } = axis;
  if (label !== undefined) needText(`${where}.label`, label);
  if (log !== undefined) needFlag(`${where}.log`, log);
  for (const [name, end] of Object.entries({ from, to })) {
    if (end === undefined) continue;
    needInRange(`${where}.${name}`, end, { least: -farthest, most: farthest });
    if (log === true && end < 1 / farthest) throw invalid(`${where}.${name}`, 'a number above 0 on a log axis', end);
  }
  if (from !== undefined && to !== undefined && areOne(from, to)) throw invalid(`${where}.to`, `more than ${from}`, to);
  if (names !== undefined) {
    for (const name of needArray(`${where}.names`, names)) needText(`${where}.names`, name);
    if (names.length === 0 || names.length > mostNames)
      throw invalid(`${where}.names`, `1 to ${mostNames} names`, names);
    if (log === true || from !== undefined || to !== undefined)
      throw invalid(`${where}.names`, 'an axis without `log`, `from` and `to` beside names', axis);
    [from, to] = [0, names.length];
  }
  const described = { label, log, from, to, names: names && [...names] };
  return Object.fromEntries(Object.entries(described).filter(([, value]) => value !== undefined));
}

function describeSeries(series: Series): Series {
  needOptions('Chart: series', series);
  const { kind } = series;
  const name = needText('Chart: series name', series.name);
  switch (needOneOf('Chart: series kind', kind, kinds)) {
    case 'histogram': {
      const { values, bins = 40 } = series as HistogramSeries;
      if (needCount(`Chart: ${name}.bins`, bins, 1) > 10_000)
        throw invalid(`Chart: ${name}.bins`, 'at most 10000', bins);
      return { kind: 'histogram', name, values: copyNumbers(`Chart: ${name}.values`, values), bins };
    }
    case 'heatmap': {
      const { rows: given, x, y, numbered = false } = series as HeatmapSeries;
      const rows = needArray(`Chart: ${name}.rows`, given).map((row) => copyNumbers(`Chart: ${name}.rows`, row));
      const width = rows[0]?.length ?? 0;
      if (rows.some((row) => row.length !== width)) throw invalid(`Chart: ${name}.rows`, 'rows of one length', given);
      return {
        kind: 'heatmap',
        name,
        rows,
        x: needEnds(`Chart: ${name}.x`, x ?? [0, Math.max(width, 1)]),
        y: needEnds(`Chart: ${name}.y`, y ?? [0, Math.max(rows.length, 1)]),
        ...(needFlag(`Chart: ${name}.numbered`, numbered) && { numbered }),
      };
    }
    case 'line':
    case 'scatter': {
      const { x, y, faint = false } = series as PointSeries;
      if (needFlag(`Chart: ${name}.faint`, faint) && kind !== 'line')
        throw invalid(`Chart: ${name}.faint`, 'a line', kind);
      const up = copyNumbers(`Chart: ${name}.y`, y);
      const across = x === undefined ? up.map((_, i) => i) : copyNumbers(`Chart: ${name}.x`, x);
      if (across.length !== up.length) throw invalid(`Chart: ${name}.x`, `${up.length} numbers, one for each y`, x);
      return { kind: kind as PointSeries['kind'], name, x: across, y: up, ...(faint && { faint }) };
    }
  }
}

function needEnds(where: string, ends: readonly [number, number]): readonly [number, number] {
  const values: readonly number[] = needArray(where, ends, 'two numbers: from and to');
  if (values.length !== 2) throw invalid(where, 'two numbers: from and to', ends);
  for (const value of values) needInRange(where, value, { least: -farthest, most: farthest });
  if (areOne(...ends)) throw invalid(where, 'a start before the end', ends);
  return [ends[0], ends[1]];
}

function copyNumbers(where: string, values: Numbers): number[] {
  const isTyped = ArrayBuffer.isView(values) && !(values instanceof DataView);
  if (!isTyped && !Array.isArray(values)) throw invalid(where, 'an array of numbers', values);
  // Array.from would take holes for undefined too, and a detached array for an empty one: both are dealt with below.
  return Array.from(values as Numbers, (value: unknown) => {
    if (value === null) return NaN;
    if (typeof value !== 'number') throw invalid(where, 'numbers, or null for none', value);
    return value;
  });
}
