/** What grows with what: numbers over one quantity, as a table in Markdown and as a picture. */

import { join } from 'node:path';

import { Chart } from '../../lib/charts/index.js';
import { writeAtomically } from '../../lib/runtime/atomic.js';

/** One number for each value of the quantity. */
export interface GrowthColumn {
  /** What it measures; columns of one unit share a panel of the picture. */
  readonly unit: string;
  /** Which line of that panel it is. */
  readonly series: string;
  readonly values: readonly number[];
}

export interface GrowthTable {
  /** Of its picture, and in the closing line. */
  readonly name: string;
  readonly title: string;
  /** What there is to see, whatever the numbers. */
  readonly description: string;
  /** The quantity. */
  readonly over: string;
  readonly values: readonly number[];
  readonly columns: readonly GrowthColumn[];
  /** Whether units grow by factors as the quantity does, so that both axes of their panels are logarithmic. Default false. */
  readonly logUnits?: readonly string[];
}

/** Three digits mean something, of large numbers too: `0.123`, `12.3`, `1,230,000`. */
export function formatNumber(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 20 });
}

/** The table in Markdown, its columns as wide as what is in them. */
export function toMarkdown({ over, values, columns }: GrowthTable): string[] {
  const head = [over, ...columns.map(({ unit, series }) => `${unit}, ${series}`)];
  const rows = values.map((value, i) => [
    value.toLocaleString('en-US'),
    ...columns.map((column) => formatNumber(column.values[i]!)),
  ]);
  const widths = head.map((cell, place) => Math.max(3, ...[head, ...rows].map((row) => row[place]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, place) => cell.padStart(widths[place]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => `${'-'.repeat(width - 1)}:`).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)];
}

/** From this factor between the first value and the last on, equal factors are equally far apart. */
const WIDE = 100;

/** The whole decades around some numbers above 0. */
function decades(values: readonly number[]): { log: true; from: number; to: number } {
  const powers = values.map(Math.log10);
  return { log: true, from: 10 ** Math.floor(Math.min(...powers)), to: 10 ** Math.ceil(Math.max(...powers)) };
}

/** The picture: a panel for each unit. */
export function toChart({ title, description, over, values, columns, logUnits = [] }: GrowthTable): Chart {
  const units = [...new Set(columns.map(({ unit }) => unit))];
  const isWide = values.at(-1)! >= WIDE * values[0]!;
  const panels = units.map((unit) => {
    const drawn = columns.filter((column) => column.unit === unit);
    return {
      title: unit,
      x: { label: over, ...(isWide ? decades(values) : { from: 0 }) },
      y: logUnits.includes(unit) ? decades(drawn.flatMap((column) => column.values)) : { from: 0 },
      series: drawn.map((column) => ({ kind: 'line' as const, name: column.series, x: values, y: column.values })),
    };
  });
  return new Chart({ title, description, panels });
}

/** Writes the tables into `growth.md` of a folder that is there and the pictures beside it, and returns all paths. */
export async function writeTables(folder: string, tables: readonly GrowthTable[]): Promise<string[]> {
  const pictures: string[] = [];
  const parts: string[] = [];
  for (const table of tables) {
    const picture = `growth-${table.name}.svg`;
    const chart = toChart(table);
    const rows = Math.ceil(chart.panels.length / chart.columns);
    pictures.push(await chart.save(join(folder, picture), { width: 900, height: 360 * rows }));
    parts.push(`### ${table.title}`, table.description, toMarkdown(table).join('\n'), `![${table.title}](${picture})`);
  }
  const text = join(folder, 'growth.md');
  await writeAtomically(text, (file) => file.writeFile(`${parts.join('\n\n')}\n`));
  return [text, ...pictures];
}
