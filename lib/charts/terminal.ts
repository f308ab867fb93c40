/** Charts out of characters, for terminals and logs: no colours, and never wider than it was told. */

import { Canvas, drawLine, type Grid, type Place } from './canvas.js';
import type { Axis, Described, HeatmapSeries, HistogramSeries, Panel, Series } from './describe.js';
import { matrixLines } from './matrix.js';
import { binsOf, cellsOf, endsOf, placeName, pointsOf, rangeOf, shortNumber, thinned, type Point } from './numbers.js';
import { noteOf, summaryOf } from './summary.js';

export interface TerminalSize {
  /** Columns. */
  readonly width: number;
  /** Lines of a panel's inside. */
  readonly height: number;
}

/** What each series is drawn with, where there are several. */
const marks = ['•', '×', '+', 'o', '#', '*', '@', '%'] as const;

const faintMark = '·';

const shades = '░▒▓█';
const blocks = ' ▁▂▃▄▅▆▇█';

/** Panels with at most so many names have a line for each, however high they were to be. */
const mostNamedLines = 40;

/** Below this there is no room for axes; the summary is given instead. */
const leastWidth = 24;

/** Lines of text, none longer than the width. */
export function drawTerminal(chart: Described, size: TerminalSize): string[] {
  const fit = (text: string): string =>
    Array.from(text.replace(/[\p{Cc}\p{Surrogate}]/gu, ' '))
      .slice(0, size.width)
      .join('');
  const lines =
    size.width < leastWidth
      ? [chart.title, summaryOf(chart)].flatMap((text) => wrapped(text, size.width))
      : [chart.title, ...chart.panels.flatMap((panel) => ['', ...drawPanel(panel, size)])];
  return lines.map((line) => fit(line).trimEnd());
}

/** A text in lines of at most `width` characters; longer words are cut. */
const wrapped = (text: string, width: number): string[] => flow(text.split(/\s+/), width, ' ');

/** Pieces one after another, in as few lines as they fit; longer pieces are cut. */
function flow(pieces: readonly string[], width: number, gap: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of pieces.flatMap((long) => long.match(new RegExp(`.{1,${width}}`, 'gu')) ?? [])) {
    const longer = line === '' ? piece : `${line}${gap}${piece}`;
    if (Array.from(longer).length <= width) line = longer;
    else {
      lines.push(line);
      line = piece;
    }
  }
  return line === '' ? lines : [...lines, line];
}

type Range = readonly [from: number, to: number];

function drawPanel(panel: Panel, { width, height: asked }: TerminalSize): string[] {
  const heading = [...new Set([panel.title, panel.y?.label])]
    .filter((text) => text !== undefined && text !== '')
    .join(': ');
  const above = heading === '' ? [] : [heading];
  const notes = wrapped(noteOf(panel), width);
  const [across, up] = [rangeOf(panel, 'x'), rangeOf(panel, 'y')];
  if (across === null || up === null) return [...above, '(no data)', ...notes];
  const matrix = matrixLines(panel, width);
  if (matrix !== null) return [...(panel.title === undefined ? [] : [panel.title]), ...matrix, ...notes];
  const count = panel.y?.names?.length ?? 0;
  const height = count > 0 && count <= mostNamedLines ? count : asked;
  const ticks = ticksOf(panel, up, height);
  const gutter = Math.min(Math.max(...ticks.map((tick) => tick.length)), Math.floor(width / 3));
  const canvas = new Canvas(width - gutter - 2, height);
  const legend = drawSeries(panel, canvas, across, up);
  return [
    ...above,
    ...canvas
      .rows()
      .map((row, i) => `${ticks[i]!.slice(0, gutter).padStart(gutter)} ${ticks[i] === '' ? '│' : '┤'}${row}`),
    `${' '.repeat(gutter)} └${'─'.repeat(canvas.columns)}`,
    `${' '.repeat(gutter + 2)}${underAxis(endsOn(panel.x, across), panel.x?.label ?? '', canvas.columns)}`,
    ...flow(legend, width, '   '),
    ...notes,
  ];
}

/** What stands beside each line of a panel: a number now and then, or each name beside the first line of its place. */
function ticksOf({ y }: Panel, up: Range, height: number): string[] {
  const values = Array.from({ length: height }, (_, row) => valueAt(up, y, 1 - row / Math.max(height - 1, 1)));
  if (y?.names === undefined)
    return values.map((value, row) => (row % 4 === 0 || row === height - 1 ? shortNumber(value) : ''));
  const places = Array.from({ length: height }, (_, row) => Math.floor((1 - (row + 0.5) / height) * y.names!.length));
  return places.map((place, row) => (place === places[row - 1] ? '' : placeName(place, y)));
}

/** The ends of an axis in words. */
function endsOn(axis: Axis | undefined, [from, to]: Range): readonly [string, string] {
  return axis?.names === undefined ? [shortNumber(from), shortNumber(to)] : [axis.names[0]!, axis.names.at(-1)!];
}

/** The ends of the axis, and its label between them where there is room. */
function underAxis(ends: readonly [string, string], label: string, columns: number): string {
  const room = columns - ends[0].length - ends[1].length;
  const shown = label.length + 2 <= room ? label : '';
  const before = Math.max(Math.floor((room - shown.length) / 2), 1);
  return `${ends[0]}${' '.repeat(before)}${shown}`.padEnd(columns - ends[1].length) + ends[1];
}

function valueAt([from, to]: Range, axis: Axis | undefined, share: number): number {
  return axis?.log === true ? from * (to / from) ** share : from * (1 - share) + to * share;
}

/** Where between its ends, as a share, a value lies on an axis. */
function shareOf([from, to]: Range, axis: Axis | undefined, value: number): number {
  const at = axis?.log === true ? Math.log10 : (number: number): number => number;
  return (at(value) - at(from)) / (at(to) - at(from));
}

/** Draws every series, and gives back with what each is drawn. */
function drawSeries(panel: Panel, canvas: Canvas, across: Range, up: Range): string[] {
  const { series } = panel;
  const placeOn =
    (grid: Grid) =>
    ([x, y]: Place): Place => [
      Math.round(shareOf(across, panel.x, x) * (grid.columns - 1)),
      Math.round(shareOf(up, panel.y, y) * (grid.lines - 1)),
    ];
  return series.flatMap((one, i): string[] => {
    if (one.kind === 'heatmap') return [drawShades(one, canvas)];
    if (one.kind === 'histogram' && series.length === 1) return drawBars(one, panel, canvas, up);
    const isFaint = one.kind === 'line' && one.faint === true;
    const mark = isFaint ? faintMark : marks[i % marks.length]!;
    const grid = series.length === 1 ? canvas.withDots() : canvas.withMark(mark);
    const place = placeOn(grid);
    let before: Place | null = null;
    for (const point of pathOf(one, panel)) {
      const at = point === null ? null : place(point);
      if (at !== null) drawLine(grid, before ?? at, at);
      before = one.kind === 'scatter' || (isFaint && series.length > 1) ? null : at;
    }
    return series.length === 1 ? [] : [`${mark} ${one.name}`];
  });
}

/** The points of a series; of a histogram, the middles of its bins. */
function pathOf(series: Exclude<Series, HeatmapSeries>, panel: Panel): readonly Point[] {
  if (series.kind !== 'histogram') return thinned(pointsOf(series, panel));
  const { edges, counts } = binsOf(series, panel);
  return counts.map((count, i) => [(edges[i]! + edges[i + 1]!) / 2, Math.max(count, panel.y?.log === true ? 0.5 : 0)]);
}

/** As many bins as there are columns, each as high as an eighth of a line tells. */
function drawBars(series: HistogramSeries, panel: Panel, canvas: Canvas, up: Range): string[] {
  const { counts } = binsOf(series, panel);
  for (let column = 0; column < canvas.columns; column += 1) {
    const count = counts[Math.floor((column * counts.length) / canvas.columns)] ?? 0;
    if (count === 0) continue;
    const eighths = Math.min(Math.max(shareOf(up, panel.y, count), 0), 1) * canvas.lines * 8;
    for (let line = 0; line * 8 < Math.max(eighths, 1); line += 1)
      canvas.withMark(blocks[Math.min(Math.max(Math.round(eighths - line * 8), 1), 8)]!).mark(column, line);
  }
  return [];
}

/** Shades from few to many. */
function drawShades(series: HeatmapSeries, canvas: Canvas): string {
  const cells = cellsOf(series, { rows: canvas.lines, columns: canvas.columns });
  const [least, most] = endsOf(cells.flat().filter(Number.isFinite));
  const shade = (value: number): string =>
    shades[Math.min(Math.floor(((value - least) / (most - least || 1)) * shades.length), shades.length - 1)]!;
  for (let y = 0; y < canvas.lines; y += 1) {
    const row = cells[Math.floor((y * cells.length) / canvas.lines)] ?? [];
    for (let x = 0; x < canvas.columns; x += 1) {
      const value = row[Math.floor((x * row.length) / canvas.columns)] ?? NaN;
      if (Number.isFinite(value)) canvas.withMark(shade(value)).mark(x, y);
    }
  }
  return least > most
    ? series.name
    : `${series.name}: ${shades[0]} ${shortNumber(least)} to ${shades.at(-1)!} ${shortNumber(most)}`;
}
