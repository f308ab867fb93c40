/** A chart as a piece of HTML: the picture, what it says, and its numbers as tables for those who read instead of look. */

import type { Described, Panel, Series } from './describe.js';
import { binsOf, placeName, shortNumber } from './numbers.js';
import { summaryOf } from './summary.js';
import { escaped } from './svg.js';

/** Longer tables are thinned: nobody reads thousands of rows, and the picture holds them. */
const mostRows = 50;
const mostColumns = 12;

export function toFragment(chart: Described, svg: string): string {
  const tables = chart.panels.flatMap((panel) => panel.series.map((series) => tableOf(series, panel))).join('\n');
  return `<figure class="tench-chart">
${svg.trim()}
<figcaption>${escaped(chart.description === '' ? chart.title : chart.description)}</figcaption>
<details><summary>Numbers</summary>
<p>${escaped(summaryOf(chart))}</p>
<div style="overflow-x:auto" tabindex="0" role="group" aria-label="${escaped(`Numbers of ${chart.title}`)}">
${tables}
</div>
</details>
</figure>
`;
}

interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (number | string)[])[];
}

function tableOf(series: Series, panel: Panel): string {
  const { head, rows } = contents(series, panel);
  const shown = evenly(rows, mostRows);
  const cut = shown.length < rows.length ? ` (${shown.length} of ${rows.length} rows)` : '';
  const title = panel.title === undefined ? series.name : `${panel.title}: ${series.name}`;
  const cells = (row: Table['rows'][number]): string => row.map(cellOf).join('');
  return `<table><caption>${escaped(title)}${cut}</caption>
<thead><tr>${head.map((name) => `<th scope="col">${escaped(name)}</th>`).join('')}</tr></thead>
<tbody>${shown.map((row) => `<tr>${cells(row)}</tr>`).join('\n')}</tbody></table>`;
}

const cellOf = (value: number | string): string =>
  typeof value === 'string'
    ? `<th scope="row">${escaped(value)}</th>`
    : `<td>${Number.isNaN(value) ? '-' : shortNumber(value)}</td>`;

function contents(series: Series, panel: Panel): Table {
  const [x, y] = [panel.x?.label ?? 'x', panel.y?.label ?? 'y'];
  switch (series.kind) {
    case 'histogram': {
      const { edges, counts } = binsOf(series, panel);
      return { head: ['from', 'to', 'count'], rows: counts.map((count, i) => [edges[i]!, edges[i + 1]!, count]) };
    }
    case 'heatmap': {
      const width = series.rows[0]?.length ?? 0;
      const columns = evenly(
        Array.from({ length: width }, (_, i) => i),
        mostColumns,
      );
      const middle = ([from, to]: readonly [number, number], i: number, count: number): number =>
        from + ((i + 0.5) * (to - from)) / count;
      return {
        head: [`${y} \\ ${x}`, ...columns.map((i) => placeName(middle(series.x!, i, width), panel.x))],
        rows: series.rows.map((row, i) => {
          const place = middle(series.y!, i, series.rows.length);
          const first = panel.y?.names === undefined ? place : placeName(place, panel.y);
          return [first, ...columns.map((column) => row[column] ?? NaN)];
        }),
      };
    }
    default:
      return { head: [x, y], rows: Array.from(series.y, (value, i) => [series.x?.[i] ?? NaN, value ?? NaN]) };
  }
}

/** At most so many of a list, the first and the last among them. */
function evenly<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.round((i * (list.length - 1)) / (most - 1))]!);
}
