/** A chart's description in the words of ECharts. */

import type { EChartsCoreOption } from 'echarts/core';

import { dashes, light, ramp, symbols } from './colours.js';
import type { Axis, Described, HeatmapSeries, Panel } from './describe.js';
import { labelSize, namesOn, titleSize, widthOf, type Box, type Layout } from './layout.js';
import {
  areOne,
  aroundOne,
  binsOf,
  cellsOf,
  endsOf,
  leftOut,
  pointsOf,
  rangeOf,
  shortNumber,
  thinned,
  type Point,
} from './numbers.js';

/** More cells than these are averaged: each is an element of the SVG. */
const mostCells = { rows: 64, columns: 128 };

/** Dots are drawn on lines of at most so many points. */
const mostDots = 24;

interface Style {
  readonly colour: string;
  readonly dash: (typeof dashes)[number];
  readonly symbol: string;
  readonly faint: boolean;
}

/** The names of series that have colours of their own, in the order in which they come. */
export function namesOf({ panels }: Described): string[] {
  const named = panels.flatMap(({ series }) => series.filter(({ kind }) => kind !== 'heatmap').map(({ name }) => name));
  return [...new Set(named)];
}

/** A legend is for several names; a single one stands in the titles. */
export const legendOf = (chart: Described): string[] => {
  const names = namesOf(chart);
  return names.length > 1 ? names : [];
};

export function toECharts(chart: Described, layout: Layout): EChartsCoreOption {
  const names = namesOf(chart);
  const isLine = (name: string): boolean =>
    chart.panels.some(({ series }) => series.some((one) => one.name === name && one.kind !== 'scatter'));
  const isFaint = (name: string): boolean =>
    chart.panels.some(({ series }) => series.some((one) => one.name === name && one.kind === 'line' && one.faint));
  const strong = names.filter((name) => !isFaint(name));
  const lines = strong.filter(isLine);
  const styleOf = (name: string): Style => {
    const faint = isFaint(name);
    const place = Math.max(strong.indexOf(name), 0);
    return {
      faint,
      colour: faint ? light.muted : light.series[place % light.series.length]!,
      dash: dashes[Math.max(lines.indexOf(name), 0) % dashes.length]!,
      symbol: symbols[place % symbols.length]!,
    };
  };
  const parts = chart.panels.map((panel, i) => panelParts(panel, i, layout.panels[i]!, styleOf));
  return {
    animation: false,
    backgroundColor: light.background,
    color: [...light.series],
    textStyle: { fontFamily: 'sans-serif', fontSize: labelSize },
    title: [
      {
        text: chart.title,
        left: 20,
        top: 18,
        padding: 0,
        textStyle: { color: light.ink, fontSize: titleSize, width: layout.width - 40, overflow: 'truncate' },
      },
      ...parts.flatMap(({ titles }) => titles),
    ],
    legend: {
      show: layout.legendTop !== null,
      data: names.map((name) => ({
        name,
        // Without an icon of its own an entry shows the line as it is drawn, with its dashes.
        ...(!isLine(name) && { icon: styleOf(name).symbol }),
        ...(!hasDots(chart, name) && isLine(name) && { itemStyle: { opacity: 0 } }),
      })),
      left: 20,
      top: layout.legendTop ?? 0,
      width: layout.width - 40,
      padding: 0,
      itemGap: 14,
      itemWidth: 24,
      itemHeight: 9,
      selectedMode: false,
      textStyle: { color: light.muted },
    },
    grid: layout.panels.map((box) => ({ ...box, containLabel: false, outerBoundsMode: 'none' })),
    xAxis: chart.panels.map((panel, i) => axisPart(panel, 'x', i, layout.panels[i]!)),
    yAxis: chart.panels.map((panel, i) => axisPart(panel, 'y', i, layout.panels[i]!)),
    visualMap: parts
      .flatMap(({ colours }) => colours)
      .map((colours, i) => ({ ...colours, seriesIndex: indexOfHeatmap(chart, i) })),
    series: parts.flatMap(({ series }) => series),
  };
}

/** Whether a line's points are drawn: where they are few, and where one between two gaps has no line to be seen by. */
const areDotted = (points: readonly Point[]): boolean =>
  points.length <= mostDots || points.some((point, i) => point !== null && !points[i - 1] && !points[i + 1]);

/** Whether a name's lines are drawn with their points, in any panel. */
const hasDots = ({ panels }: Described, name: string): boolean =>
  panels.some((panel) =>
    panel.series.some(
      (one) => one.name === name && one.kind === 'line' && !one.faint && areDotted(thinned(pointsOf(one, panel))),
    ),
  );

/** The place among all series of the heat map with a given place among heat maps. */
function indexOfHeatmap({ panels }: Described, which: number): number {
  const all = panels.flatMap(({ series }) => series);
  return all.indexOf(all.filter(({ kind }) => kind === 'heatmap')[which]!);
}

function axisPart(panel: Panel, which: 'x' | 'y', index: number, box: Box): object {
  const axis: Axis = panel[which] ?? {};
  const range = rangeOf(panel, which);
  // Ends that are close together, or none, leave the search for good ticks nothing to go by.
  const fixed = range === null ? { min: axis.log ? 1 : 0, max: axis.log ? 10 : 1 } : null;
  const isTight =
    panel.series.some(({ kind }) => kind === 'heatmap') || (range !== null && areOne(...dataEnds(panel, which)));
  const isCount = which === 'y' && axis.log !== true && panel.series.some(({ kind }) => kind === 'histogram');
  return {
    gridIndex: index,
    type: axis.log === true ? 'log' : 'value',
    scale: true,
    ...(which === 'x' && isWhole(panel) && { minInterval: 1 }),
    ...(isTight && range !== null && axis.log !== true && { min: range[0], max: range[1] }),
    ...(isCount && { min: 0 }),
    ...((axis.from !== undefined || axis.to !== undefined) && range !== null && { min: range[0], max: range[1] }),
    ...fixed,
    ...(axis.label !== undefined && {
      name: axis.label,
      nameLocation: 'middle',
      nameGap: which === 'x' ? box.labels.below : box.labels.beside,
      nameTextStyle: { color: light.muted, fontSize: labelSize, width: which === 'x' ? box.width : box.height },
      nameTruncate: { maxWidth: which === 'x' ? box.width : box.height },
    }),
    splitNumber: Math.max(
      Math.min(Math.round((which === 'x' ? box.width : box.height) / (which === 'x' ? 80 : 44)), 6),
      1,
    ),
    axisLabel: { color: light.muted, fontSize: labelSize - 1, formatter: shortNumber, hideOverlap: true },
    axisLine: { show: true, onZero: false, lineStyle: { color: light.muted } },
    axisTick: { show: true, lineStyle: { color: light.muted } },
    splitLine: { show: true, lineStyle: { color: light.grid } },
    ...(axis.names !== undefined && nameParts(axis, which, box)),
  };
}

/** Names in the middle of their places. */
function nameParts(axis: Axis, which: 'x' | 'y', box: Box): object {
  const names = namesOn(axis);
  return {
    axisLabel: {
      color: light.muted,
      fontSize: labelSize - 1,
      customValues: names.map((_, i) => i + 0.5),
      formatter: (value: number) => names[Math.floor(value)] ?? '',
      hideOverlap: true,
      rotate: which === 'x' && box.labels.upright ? 90 : 0,
    },
    axisTick: { show: false },
    splitLine: { show: false },
  };
}

/** Whether the x axis only counts, as steps and epochs do: half an epoch is no tick. */
const isWhole = (panel: Panel): boolean =>
  panel.series.length > 0 &&
  panel.series.every(
    (series) =>
      (series.kind === 'line' || series.kind === 'scatter') &&
      pointsOf(series, panel).every((point) => point === null || Number.isInteger(point[0])),
  );

/** The ends of the values themselves, whatever the caller has set. */
function dataEnds(panel: Panel, which: 'x' | 'y'): [number, number] {
  const { x = {}, y = {} } = panel;
  const free = (axis: Axis): Axis => (axis.log === true ? { log: true } : {});
  const range = rangeOf({ series: panel.series, x: free(x), y: free(y) }, which) ?? [0, 1];
  const raw = panel.series.flatMap((series) =>
    series.kind === 'line' || series.kind === 'scatter'
      ? pointsOf(series, panel).flatMap((point) => (point === null ? [] : [point[which === 'x' ? 0 : 1]]))
      : range,
  );
  return endsOf(raw);
}

interface PanelParts {
  readonly titles: object[];
  readonly colours: object[];
  readonly series: object[];
}

function panelParts(panel: Panel, index: number, box: Box, styleOf: (name: string) => Style): PanelParts {
  const titles: object[] = [];
  if (panel.title !== undefined) {
    const textStyle = { color: light.ink, fontSize: labelSize + 1, width: box.width, overflow: 'truncate' };
    titles.push({ text: panel.title, left: box.left, top: box.top - 22, padding: 0, textStyle });
  }
  const missing = leftOut(panel);
  if (missing > 0) {
    const textStyle = { color: light.muted, fontSize: labelSize - 1, fontWeight: 'normal' };
    titles.push({
      text: `${missing} ${missing === 1 ? 'value' : 'values'} left out`,
      left: box.left + box.width,
      top: box.top - 17,
      textAlign: 'right',
      padding: 0,
      textStyle,
    });
  }
  if (rangeOf(panel, 'x') === null || rangeOf(panel, 'y') === null) {
    const textStyle = { color: light.muted, fontSize: labelSize, fontWeight: 'normal' };
    const place = { left: box.left + box.width / 2, top: box.top + box.height / 2 - labelSize / 2 };
    titles.push({ text: 'no data', textAlign: 'center', padding: 0, textStyle, ...place });
  }
  const place = { xAxisIndex: index, yAxisIndex: index, silent: true, animation: false, emphasis: { disabled: true } };
  const colours: object[] = [];
  const series = panel.series.map((one): object => {
    if (one.kind === 'heatmap') {
      const { part, colourBar } = heatmapParts(one, box);
      colours.push(colourBar);
      return { ...place, ...part };
    }
    const style = styleOf(one.name);
    const line = {
      color: style.colour,
      ...(style.faint ? { width: 1, opacity: 0.5 } : { width: 2, type: style.dash }),
    };
    const common = { ...place, name: one.name, itemStyle: { color: style.colour } };
    if (one.kind === 'histogram') {
      const data = outline(binsOf(one, panel), panel.y?.log === true);
      return {
        ...common,
        type: 'line',
        symbol: 'none',
        data,
        lineStyle: { ...line, width: 1.5 },
        areaStyle: { opacity: 0.22, origin: 'start' },
      };
    }
    const points = thinned(pointsOf(one, panel));
    if (one.kind === 'scatter') {
      const data = points.filter((point) => point !== null);
      return {
        ...common,
        type: 'scatter',
        symbol: style.symbol,
        symbolSize: data.length > 60 ? 4 : 7,
        data,
        itemStyle: { color: style.colour, opacity: 0.65 },
      };
    }
    const data = points.map((point) => point ?? ['-', '-']);
    return {
      ...common,
      type: 'line',
      data,
      lineStyle: line,
      symbol: areDotted(points) && !style.faint ? style.symbol : 'none',
      symbolSize: 5,
    };
  });
  return { titles, colours, series };
}

/** The skyline of a histogram. */
function outline({ edges, counts }: { edges: readonly number[]; counts: readonly number[] }, log: boolean): Point[] {
  const floor = log ? 0.5 : 0;
  const ground = (i: number): Point[] => (i < edges.length ? [[edges[i]!, floor]] : []);
  const tops = counts.flatMap((count, i): Point[] => {
    const height = Math.max(count, floor);
    return [
      [edges[i]!, height],
      [edges[i + 1]!, height],
    ];
  });
  return [...ground(0), ...tops, ...ground(counts.length)];
}

/** What ECharts hands to a function that draws. */
interface Drawing {
  value(dimension: number): number;
  coord(point: readonly [number, number]): [number, number];
  visual(name: 'color'): string;
}

/** From this share of its scale on, the ramp is so pale that dark letters are read more easily on it. */
const paleFrom = 0.55;

/** Smaller letters cannot be read. */
const leastOnCells = 8;

/** None is a colour of the theme: on cells, which look the same on light and dark, letters must not change. */
const inkOnCells = { pale: '#0a0a0a', deep: '#fefefe' };

/** Colours that are told apart: cells beside each other that have the same one become one rectangle. */
const levels = 64;

/** Stretches of equal numbers; NaN is in none. */
function runsOf(row: readonly number[]): { start: number; length: number; value: number }[] {
  const runs: { start: number; length: number; value: number }[] = [];
  row.forEach((value, start) => {
    const last = runs.at(-1);
    if (Number.isNaN(value)) return;
    if (last?.value === value && last.start + last.length === start) last.length += 1;
    else runs.push({ start, length: 1, value });
  });
  return runs;
}

function heatmapParts(series: HeatmapSeries, box: Box): { part: object; colourBar: object } {
  const cells = cellsOf(series, mostCells);
  const [left, right] = series.x!;
  const [bottom, top] = series.y!;
  const wide = (right - left) / Math.max(cells[0]?.length ?? 0, 1);
  const high = (top - bottom) / Math.max(cells.length, 1);
  const ends = endsOf(cells.flat().filter(Number.isFinite));
  const [least, most] = ends[0] > ends[1] ? [0, 1] : areOne(...ends) ? aroundOne(ends[0]) : ends;
  const level = (value: number): number =>
    least + (Math.round(((value - least) / (most - least)) * levels) / levels) * (most - least);
  const isNumbered =
    series.numbered === true && cells.length === series.rows.length && cells[0]?.length === series.rows[0]?.length;
  const data = cells.flatMap((row, y) =>
    (isNumbered ? row.map((value, start) => ({ start, length: 1, value })) : runsOf(row.map(level)))
      .filter(({ value }) => Number.isFinite(value))
      .map(({ start, length, value }) => [left + start * wide, bottom + y * high, value, length]),
  );
  return {
    part: {
      type: 'custom',
      name: series.name,
      data,
      encode: { x: 0, y: 1 },
      renderItem: (_params: unknown, api: Drawing) => {
        const [x, y] = [api.value(0), api.value(1)];
        const [fromX, fromY] = api.coord([x, y]);
        const [toX, toY] = api.coord([x + wide * api.value(3), y + high]);
        // Half a pixel over, else the background shows between neighbours.
        const shape = { x: fromX, y: toY, width: toX - fromX + 0.5, height: fromY - toY + 0.5 };
        const cell = { type: 'rect', shape, style: { fill: api.visual('color') } };
        if (!isNumbered) return cell;
        const text = shortNumber(api.value(2));
        const fontSize = Math.min(labelSize - 1, Math.floor((shape.width - 1) / widthOf(text, 1)), shape.height - 3);
        if (fontSize < leastOnCells) return cell;
        const isPale = (api.value(2) - least) / (most - least) > paleFrom;
        const style = {
          text,
          x: shape.x + shape.width / 2,
          y: shape.y + shape.height / 2,
          align: 'center',
          verticalAlign: 'middle',
          fontSize,
          fontFamily: 'sans-serif',
          fill: isPale ? inkOnCells.pale : inkOnCells.deep,
        };
        return { type: 'group', children: [cell, { type: 'text', style }] };
      },
    },
    colourBar: {
      type: 'continuous',
      dimension: 2,
      min: least,
      max: most,
      calculable: false,
      inRange: { color: [...ramp] },
      left: box.left + box.width + 12,
      top: box.top,
      padding: 0,
      itemWidth: 12,
      itemHeight: Math.max(box.height - 2 * 24, 10),
      text: [shortNumber(most), shortNumber(least)],
      textGap: 6,
      textStyle: { color: light.muted, fontSize: labelSize - 1 },
      formatter: shortNumber,
    },
  };
}
