/** Charts with a sentence each: SVG and PNG files, and one page that shows them all. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { TenchError, type Chart } from 'tench';

/** A chart, and the file name, without extension, under which it is kept. */
export interface Figure {
  readonly name: string;
  readonly chart: Chart;
}

export interface Page {
  readonly title: string;
  /** Paragraphs above the figures. */
  readonly text: readonly string[];
  /** A table above the figures: the first row is its head. */
  readonly table?: readonly (readonly string[])[];
  /** Each says of itself, as its description, what there is to see. */
  readonly figures: readonly Figure[];
}

const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --line: #d9dee5; --link: #0060a0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7ebf0; --paper: #0f1317; --line: #313841; --link: #6cbcf0; } }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
a { color: var(--link); }
figure { margin: 2rem 0; }
figure svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: 0.2rem 0.8rem 0.2rem 0; text-align: right; }
th:first-child, td:first-child { text-align: left; }
caption { text-align: left; font-weight: bold; }
.wide { overflow-x: auto; }
`;

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/**
 * Writes `NAME.svg` and `NAME.png` of every figure, and `index.html`.
 *
 * @returns the paths of the pictures, and last of the page
 * @throws TenchError if a file cannot be written
 */
export async function writePage(folder: string, page: Page): Promise<string[]> {
  const paths: string[] = [];
  const parts: string[] = [];
  for (const { name, chart } of page.figures) {
    for (const extension of ['svg', 'png']) paths.push(await chart.save(join(folder, `${name}.${extension}`)));
    parts.push(
      `${await chart.html()}<p><a href="${name}.svg">${name}.svg</a>, <a href="${name}.png">${name}.png</a></p>`,
    );
  }
  const index = join(folder, 'index.html');
  try {
    await writeFile(index, htmlOf(page, parts));
  } catch (cause) {
    throw new TenchError(`${index} cannot be written: ${(cause as Error).message}`, { cause });
  }
  return [...paths, index];
}

function htmlOf({ title, text, table }: Page, figures: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
<main>
<h1>${escaped(title)}</h1>
${text.map((paragraph) => `<p>${escaped(paragraph)}</p>`).join('\n')}
${table === undefined ? '' : tableOf(table)}
${figures.join('\n')}
</main>
</html>
`;
}

function tableOf([head = [], ...rows]: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: string): string =>
    row.map((cell) => `<${tag}>${escaped(cell)}</${tag.split(' ')[0]}>`).join('');
  return `<div class="wide" tabindex="0" role="group" aria-label="Results"><table>
<thead><tr>${cells(head, 'th scope="col"')}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n')}</tbody>
</table></div>`;
}
