/** Where the parts of a chart lie, in pixels: title, note, legend, and the panels in rows and columns. */

import type { Axis, Described, Panel } from './describe.js';

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly labels: Labels;
}

/** The room that the labels of a panel's axes take. */
export interface Labels {
  /** From the x axis down to its title, and from the y axis to the left. */
  readonly below: number;
  readonly beside: number;
  /** Names on the x axis that are wider than their places stand on end. */
  readonly upright: boolean;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** The inside of each panel, without its labels. */
  readonly panels: readonly Box[];
  /** Where the legend begins, and null without one. */
  readonly legendTop: number | null;
}

export const titleSize = 17;
export const labelSize = 12;

/** Room around the inside of a panel: for its labels, and above for its title. */
const margin = { left: 76, right: 18, top: 14, bottom: 50, title: 20, colours: 74 };
/** What of these lies between axis and title. */
const labelGap = { below: 28, beside: 56 };

/** A column's width where the caller names none, and a panel's height for each pixel of its width. */
const columnWidth = 460;
const onlyColumnWidth = 680;
const steepness = 0.62;
/** Of panels with names on both axes, whose cells are to be about as high as they are wide. */
const namedSteepness = 0.9;

/** Longer names are cut. */
const longestName = 20;

/** About the width of a text: letters of wide sans-serif fonts, as DejaVu's, are that much of their height. */
export const widthOf = (text: string, size = labelSize): number => text.length * size * 0.6;

/** The axis's names as they are written. */
export const namesOn = (axis: Axis | undefined): readonly string[] =>
  (axis?.names ?? []).map((name) => (name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name));

function labelsOf(panel: Panel, cellWidth: number, right: number): Labels {
  const widest = (names: readonly string[]): number =>
    Math.max(0, ...names.map((name) => widthOf(name, labelSize - 1)));
  const [across, up] = [namesOn(panel.x), namesOn(panel.y)];
  const beside = Math.max(labelGap.beside, up.length === 0 ? 0 : Math.ceil(widest(up)) + 14);
  const place = (cellWidth - beside - (margin.left - labelGap.beside) - right) / Math.max(across.length, 1);
  const upright = widest(across) + 4 > place;
  return { beside, upright, below: Math.max(labelGap.below, upright ? Math.ceil(widest(across)) + 14 : 0) };
}

/** @param names the legend's; none: no legend */
export function layOut(
  { panels, columns }: Described,
  names: readonly string[],
  size: { width?: number; height?: number },
): Layout {
  const width = size.width ?? (columns === 1 ? onlyColumnWidth : columns * columnWidth);
  const rows = Math.ceil(panels.length / columns);
  const legendHeight = names.length === 0 ? 0 : 10 + 22 * legendLines(names, width - 40);
  const top = 18 + titleSize + 8 + legendHeight;
  const cellWidth = width / columns;
  const isNamed = panels.some(({ x, y }) => x?.names !== undefined && y?.names !== undefined);
  const steep = isNamed ? namedSteepness : steepness;
  const cellHeight = size.height === undefined ? cellWidth * steep : Math.max((size.height - top - 8) / rows, 40);
  const boxes = panels.map((panel, i): Box => {
    const above = margin.top + (panel.title === undefined ? 0 : margin.title);
    const hasColours = panel.series.some(({ kind }) => kind === 'heatmap');
    const right = hasColours ? margin.colours : margin.right;
    const labels = labelsOf(panel, cellWidth, right);
    const left = margin.left - labelGap.beside + labels.beside;
    const bottom = margin.bottom - labelGap.below + labels.below;
    return {
      left: Math.round((i % columns) * cellWidth + left),
      top: Math.round(top + Math.floor(i / columns) * cellHeight + above),
      width: Math.max(Math.round(cellWidth - left - right), 10),
      height: Math.max(Math.round(cellHeight - above - bottom), 10),
      labels,
    };
  });
  const height = size.height ?? Math.round(top + rows * cellHeight + 8);
  return { width, height, panels: boxes, legendTop: names.length === 0 ? null : 18 + titleSize + 10 };
}

/** How many lines a legend takes: a mark, the name and a gap each. */
function legendLines(names: readonly string[], width: number): number {
  let [lines, used] = [1, 0];
  for (const name of names) {
    const wide = 24 + 5 + widthOf(name) + 14;
    if (used > 0 && used + wide > width) [lines, used] = [lines + 1, 0];
    used += wide;
  }
  return lines;
}
