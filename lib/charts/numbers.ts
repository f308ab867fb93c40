/** Numbers on their way into a picture: what of them can be shown, in how many bins, and how they are written. */

import type { Axis, HeatmapSeries, HistogramSeries, Panel, PointSeries } from './describe.js';

/** A number as short as it is still told from its neighbours: `0.3`, `1e-7`, `12.5k`. */
export function shortNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) return String(Number(value.toPrecision(4)));
  return value
    .toExponential(2)
    .replace(/\.?0*e/, 'e')
    .replace('e+', 'e');
}

/** Beyond this, and below its inverse on a log axis, the arithmetic of ticks overflows. */
export const farthest = 1e100;

/** A place on an axis in words: its name where it has one. */
export function placeName(value: number, axis: Axis | undefined): string {
  const { names } = axis ?? {};
  return names === undefined ? shortNumber(value) : (names[Math.floor(value)] ?? '');
}

/** Whether a value has a place on an axis. */
export function hasPlace(value: number, axis: Axis | undefined): boolean {
  return Math.abs(value) <= farthest && (axis?.log !== true || value >= 1 / farthest);
}

/** A point, or null where the line is broken. */
export type Point = readonly [x: number, y: number] | null;

/** Points of a series, with null in place of those that the panel's axes have no place for. */
export function pointsOf({ x, y }: PointSeries, panel: Panel): Point[] {
  const across = (x ?? []) as readonly number[];
  return across.map((value, i) => {
    const height = y[i]!;
    return hasPlace(value, panel.x) && hasPlace(height, panel.y) ? [value, height] : null;
  });
}

/** Lines with more points than this are thinned: more than two to a pixel cannot be seen. */
const mostPoints = 2000;

/** Keeps the lowest and the highest of each stretch of points, so that no outlier is lost; gaps stay. */
export function thinned(points: readonly Point[], most = mostPoints): readonly Point[] {
  if (points.length <= most) return points;
  const stretch = Math.ceil((2 * points.length) / most);
  const kept: Point[] = [];
  for (let start = 0; start < points.length; start += stretch) {
    let [lowest, highest, gap] = [-1, -1, -1];
    for (let i = start; i < Math.min(start + stretch, points.length); i += 1) {
      const point = points[i] as Point;
      if (point === null) gap = i;
      else {
        if (lowest < 0 || point[1] < points[lowest]![1]) lowest = i;
        if (highest < 0 || point[1] > points[highest]![1]) highest = i;
      }
    }
    const chosen = [...new Set([lowest, highest, gap])].filter((i) => i >= 0).sort((a, b) => a - b);
    kept.push(...chosen.map((i) => points[i]!));
  }
  return kept;
}

/** A histogram's bins: their edges, one more than counts. Empty when there is no finite value. */
export interface Bins {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** Counts finite values in equally wide bins from the smallest to the largest; on a log axis the bins are equally wide there. */
export function binsOf({ values, bins = 40 }: HistogramSeries, panel: Panel): Bins {
  const log = panel.x?.log === true;
  const shown = (values as readonly number[]).filter((value) => hasPlace(value, panel.x));
  if (shown.length === 0) return { edges: [], counts: [] };
  const places = log ? shown.map(Math.log10) : shown;
  let [low, high] = endsOf(places);
  if (areOne(low, high)) [low, high] = log ? [low - 0.5, high + 0.5] : aroundOne(low);
  const counts = new Array<number>(bins).fill(0);
  const share = (place: number): number => (place - low) / (high - low);
  for (const place of places) counts[Math.min(Math.floor(share(place) * bins), bins - 1)]! += 1;
  const edges = Array.from({ length: bins + 1 }, (_, i) => low * (1 - i / bins) + high * (i / bins));
  return { edges: log ? edges.map((edge) => 10 ** edge) : edges, counts };
}

/** The smallest and the largest; a loop, since as arguments a million numbers would be too many. */
export function endsOf(values: Iterable<number>): [least: number, most: number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

/** Whether ends are so close that ticks between them would all be written alike. */
export function areOne(from: number, to: number): boolean {
  return !(to - from > Math.max(1e-9 * Math.max(Math.abs(from), Math.abs(to)), 1 / farthest));
}

/** Ends around a single value. */
export function aroundOne(value: number): [number, number] {
  const margin = Math.abs(value) < 1 / farthest ? 1 : Math.abs(value) * 0.1;
  return [value - margin, value + margin];
}

/** A heat map with at most so many cells: neighbours are averaged, what is not finite is left out of the mean. */
export function cellsOf({ rows }: HeatmapSeries, most: { rows: number; columns: number }): number[][] {
  const width = rows[0]?.length ?? 0;
  const down = Math.max(1, Math.ceil(rows.length / most.rows));
  const across = Math.max(1, Math.ceil(width / most.columns));
  const count = (size: number, block: number): number => Math.ceil(size / block);
  return Array.from({ length: count(rows.length, down) }, (_, row) =>
    Array.from({ length: count(width, across) }, (_, column) => {
      let [sum, seen] = [0, 0];
      for (const line of rows.slice(row * down, (row + 1) * down)) {
        for (let i = column * across; i < Math.min((column + 1) * across, width); i += 1) {
          const value = line[i] as number | null;
          if (value === null || !Number.isFinite(value)) continue;
          sum += value;
          seen += 1;
        }
      }
      return seen === 0 ? NaN : sum / seen;
    }),
  );
}

/** From where to where a panel's axis goes, and null when nothing is on it. Where the caller has set an end, that one counts. */
export function rangeOf(panel: Panel, which: 'x' | 'y'): [from: number, to: number] | null {
  const axis = panel[which];
  const ends = panel.series.map((series): [number, number] => {
    if (series.kind === 'heatmap')
      return series.rows.length > 0 && series.rows[0]!.length > 0 ? [...series[which]!] : [Infinity, -Infinity];
    if (series.kind === 'histogram') {
      const { edges, counts } = binsOf(series, panel);
      if (counts.length === 0) return [Infinity, -Infinity];
      return which === 'x' ? endsOf(edges) : [axis?.log === true ? 0.5 : 0, endsOf(counts)[1]];
    }
    const place = which === 'x' ? 0 : 1;
    return endsOf(pointsOf(series, panel).flatMap((point) => (point === null ? [] : [point[place]])));
  });
  let [from, to] = [Math.min(...ends.map(([least]) => least)), Math.max(...ends.map(([, most]) => most))];
  if (from > to && (axis?.from === undefined || axis.to === undefined)) return null;
  from = axis?.from ?? from;
  to = axis?.to ?? to;
  if (!areOne(from, to)) return [from, to];
  const centre = axis?.from ?? axis?.to ?? from;
  const [below, above] = axis?.log === true ? [centre / 2, centre * 2] : aroundOne(centre);
  return [axis?.from ?? below, axis?.to ?? above];
}

/** How many values of a panel have no place in it. */
export function leftOut(panel: Panel): number {
  const count = (values: Iterable<boolean>): number => [...values].filter(Boolean).length;
  return panel.series.reduce((sum, series) => {
    if (series.kind === 'heatmap')
      return sum + series.rows.reduce((all, row) => all + count(Array.from(row, (v) => !Number.isFinite(v))), 0);
    if (series.kind === 'histogram')
      return sum + count((series.values as readonly number[]).map((value) => !hasPlace(value, panel.x)));
    return sum + count(pointsOf(series, panel).map((point) => point === null));
  }, 0);
}
