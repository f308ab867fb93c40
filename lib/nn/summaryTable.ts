/** A summary as a table, in characters and in HTML. */

import { escaped } from '../charts/svg.js';
import type { Summary } from './summary.js';

const head = ['layer', 'kind', 'output', 'parameters', 'trained', 'MFLOPs', 'output MB'];
/** Columns of words; numbers are on the right. */
const words = 3;

const whole = (value: number): string => value.toLocaleString('en-US');
const millions = (value: number): string =>
  (value / 1e6).toLocaleString('en-US', { minimumFractionDigits: 3, maximumFractionDigits: 3 });
const shapeOf = (shape: readonly number[] | null): string => (shape === null ? '-' : shape.join(' x ') || 'one number');

/** The rows as words, and last the totals. */
function cellsOf(summary: Summary): string[][] {
  const numbers = (of: {
    parameters: number;
    trainable: number;
    multiplyAdds: number;
    outputBytes: number;
  }): string[] => [whole(of.parameters), whole(of.trainable), millions(2 * of.multiplyAdds), millions(of.outputBytes)];
  const rows = summary.rows.map((row) => [row.name || '-', row.kind, shapeOf(row.outputShape), ...numbers(row)]);
  return [...rows, ['total', '', '', ...numbers(summary)]];
}

function captionOf({ model, inputShapes }: Summary): string {
  return `${model}, given ${inputShapes.map(shapeOf).join(' and ')}`;
}

function noteOf({ modelBytes, inputBytes, outputBytes }: Summary): string {
  const parts = [
    `parameters and buffers ${millions(modelBytes)}`,
    `input ${millions(inputBytes)}`,
    `outputs ${millions(outputBytes)}`,
  ];
  return `MB: ${parts.join(', ')}. A multiply-add is 2 FLOPs; what is no product with weights is not counted.`;
}

export function summaryText(summary: Summary): string {
  const rows = [head, ...cellsOf(summary)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i < words ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  const lines = rows.map(line);
  return [captionOf(summary), rule, lines[0], rule, ...lines.slice(1, -1), rule, lines.at(-1), noteOf(summary)].join(
    '\n',
  );
}

export function summaryHtml(summary: Summary): string {
  const row = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag.split(' ')[0]}>`).join('')}</tr>`;
  const rows = cellsOf(summary);
  return `<table class="tench-summary"><caption>${escaped(captionOf(summary))}</caption>
<thead>${row(head, 'th scope="col"')}</thead>
<tbody>
${rows
  .slice(0, -1)
  .map((cells) => row(cells, 'td'))
  .join('\n')}
</tbody>
<tfoot>${row(rows.at(-1)!, 'td')}</tfoot></table>
<p>${escaped(noteOf(summary))}</p>
`;
}
