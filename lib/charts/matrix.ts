/** A heat map with names and numbers as a table in characters. */

import type { HeatmapSeries, Panel } from './describe.js';
import { shortNumber } from './numbers.js';

/** Names over columns are cut, down to three letters where there is little room; those of rows keep more. */
const least = 3;
const longest = { across: 9, beside: 20 };

/** Lines of a table, with its last row on top as in the picture; null where the panel is no such heat map, or the table is wider than there is room. */
export function matrixLines(panel: Panel, width: number): string[] | null {
  const [series] = panel.series;
  const [across, up] = [panel.x?.names, panel.y?.names];
  if (panel.series.length !== 1 || series?.kind !== 'heatmap' || series.numbered !== true) return null;
  if (across === undefined || up === undefined || !isWhole(series, across.length, up.length)) return null;
  const cells = series.rows.map((row) =>
    Array.from(row, (value) => (Number.isFinite(value) ? shortNumber(value!) : '-')),
  );
  const beside = Math.max(...up.map(lengthOf), lengthOf(panel.y?.label ?? ''));
  const column = Math.max(least, ...cells.flat().map(lengthOf));
  const roomBeside = (gutter: number): number => Math.floor((width - gutter) / across.length) - 2;
  const gutter = [longest.beside, longest.across]
    .map((most) => Math.min(most, beside))
    .find((one) => roomBeside(one) >= column);
  if (gutter === undefined) return null;
  const room = roomBeside(gutter);
  const columns = Math.max(column, Math.min(room, longest.across, Math.max(...across.map(lengthOf))));
  const line = (head: string, rest: readonly string[]): string =>
    [fit(head, gutter), ...rest.map((text) => cut(text, columns).padStart(columns))].join('  ');
  const head = line(panel.y?.label ?? '', across);
  const label = panel.x?.label === undefined ? [] : [`${' '.repeat(gutter + 2)}${panel.x.label}`];
  return [...label, head, ...cells.map((row, i) => line(up[i]!, row)).reverse()];
}

const lengthOf = (text: string): number => Array.from(text).length;

const cut = (text: string, width: number): string => Array.from(text).slice(0, width).join('');
const fit = (text: string, width: number): string => cut(text, width).padEnd(width);

/** Whether each row and column has its name. */
function isWhole({ rows, x, y }: HeatmapSeries, columns: number, lines: number): boolean {
  return (
    rows.length === lines &&
    rows[0]?.length === columns &&
    x![0] === 0 &&
    x![1] === columns &&
    y![0] === 0 &&
    y![1] === lines
  );
}
