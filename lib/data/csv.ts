/** Tables in text: comma- or tab-separated files as RFC 4180 describes them, and looking up one column by another. */

import { readFileSync } from 'node:fs';
import { basename, extname, relative } from 'node:path';
import { needOptions, needPath, needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';

/** How a CSV or TSV file is read: by which column items are found, and which column is wanted. */
export interface TableOptions {
  /** The column that names the items; default the first one. */
  key?: string;
  /** The column that is wanted. */
  column?: string;
  /** The folder that the names are relative to. Without it a name matches a path that is equal to it, or whose last part is. */
  base?: string;
  /** Between two fields; default a tab for `.tsv` and `.tab`, else a comma. */
  separator?: string;
}

/**
 * Parses separated values. A field in double quotes may hold separators, line ends and doubled quotes; line ends are LF or CRLF; a byte
 * order mark and empty lines are skipped.
 *
 * @returns the rows, each an array of fields
 * @throws TenchError for a quote that is never closed (with the line on which it opened)
 */
export function parseSeparated(text: string, separator = ','): string[][] {
  needText('text', text);
  if (typeof separator !== 'string' || separator.length !== 1 || '"\r\n'.includes(separator))
    throw invalid('separator', 'one character other than a quote or a line end', separator);
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const endRow = (): void => {
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  };
  while (at <= text.length) {
    let field = '';
    if (text[at] === '"') {
      const opened = at;
      for (at += 1; ; at += 1) {
        const close = text.indexOf('"', at);
        if (close < 0)
          throw new TenchError(`the quote opened on line ${text.slice(0, opened).split('\n').length} is never closed`);
        field += text.slice(at, close);
        at = close + 1;
        if (text[at] !== '"') break;
        field += '"';
      }
    }
    const start = at;
    while (at < text.length && text[at] !== separator && text[at] !== '\n') at += 1;
    const isLast = at >= text.length || text[at] === '\n';
    const rest = text.slice(start, at);
    row.push(field + (isLast && rest.endsWith('\r') ? rest.slice(0, -1) : rest));
    at += 1;
    if (isLast) endRow();
  }
  return rows;
}

/**
 * Reads a table and gives a function that finds the wanted column's value for an item's path.
 *
 * @throws TenchError if the file cannot be read, has no such column, or names an item twice with different values
 */
export function readTable(file: string, options: TableOptions): (path: string) => string | undefined {
  needPath('file', file, 'the path of a table');
  needOptions('options', options);
  const { key, column, base, separator } = options;
  for (const [name, value] of Object.entries({ key, column, base })) if (value !== undefined) needText(name, value);
  const rows = rowsOf(file, separator ?? (/^\.(tsv|tab)$/i.test(extname(file)) ? '\t' : ','));
  const header = rows[0] ?? [];
  const position = (name: string | undefined, fallback: number): number => {
    const found = name === undefined ? fallback : header.indexOf(name);
    if (found >= 0 && found < header.length) return found;
    throw new TenchError(
      `${file} has no column ${JSON.stringify(name ?? fallback)}; it has: ${header.join(', ') || 'nothing'}`,
    );
  };
  const keyAt = position(key, 0);
  const valueAt = position(column, 1);
  const values = new Map<string, string>();
  for (const row of rows.slice(1)) {
    const name = row[keyAt] ?? '';
    const value = row[valueAt] ?? '';
    const before = values.get(name);
    if (before !== undefined && before !== value)
      throw new TenchError(`${file} gives ${name} two values: ${before} and ${value}`);
    values.set(name, value);
  }
  return (path) => {
    needText('path', path);
    return base === undefined ? (values.get(path) ?? values.get(basename(path))) : values.get(relative(base, path));
  };
}

function rowsOf(file: string, separator: string): string[][] {
  try {
    return parseSeparated(readFileSync(file, 'utf8'), separator);
  } catch (cause) {
    throw new TenchError(`the table ${file} cannot be read: ${(cause as Error).message}`, {
      code: 'ERR_TENCH_FILE',
      cause,
    });
  }
}
