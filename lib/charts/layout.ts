/** Where the parts of a chart lie, in pixels: title, note, legend, and the panels in rows and columns. */

import type { Described } from './describe.js';

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
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

/** A column's width where the caller names none, and a panel's height for each pixel of its width. */
const columnWidth = 460;
const onlyColumnWidth = 680;
const steepness = 0.62;

/** About the width of a text: letters of wide sans-serif fonts, as DejaVu's, are that much of their height. */
export const widthOf = (text: string, size = labelSize): number => text.length * size * 0.6;

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
  const cellHeight = size.height === undefined ? cellWidth * steepness : Math.max((size.height - top - 8) / rows, 40);
  const boxes = panels.map((panel, i): Box => {
    const above = margin.top + (panel.title === undefined ? 0 : margin.title);
    const hasColours = panel.series.some(({ kind }) => kind === 'heatmap');
    const right = hasColours ? margin.colours : margin.right;
    return {
      left: Math.round((i % columns) * cellWidth + margin.left),
      top: Math.round(top + Math.floor(i / columns) * cellHeight + above),
      width: Math.max(Math.round(cellWidth - margin.left - right), 10),
      height: Math.max(Math.round(cellHeight - above - margin.bottom), 10),
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
