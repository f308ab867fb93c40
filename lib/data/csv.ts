/** Tables in text: comma- or tab-separated files as RFC 4180 describes them, and looking up one column by another. */

import { basename, extname, relative } from 'node:path';
import { needOptions, needPath, needText } from '../tensor/checks.js';
import { ArgumentError, TenchError, invalid } from '../tensor/errors.js';
import { readText } from './textFile.js';

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

/** A row of a table, and the line of the file on which it begins, from 1 on. */
interface Line {
  readonly fields: string[];
  readonly line: number;
}

/**
 * Parses separated values. A field in double quotes may hold separators, line ends and doubled quotes; line ends are LF, CRLF or CR; a byte
 * order mark and empty lines are skipped. Rows may be of unequal lengths.
 *
 * @returns the rows, each an array of fields
 * @throws TenchError for a quote that is never closed (with the line on which it opened)
 */
export function parseSeparated(text: string, separator = ','): string[][] {
  return parseLines(needText('text', text), separator).map(({ fields }) => fields);
}

function parseLines(text: string, separator: string): Line[] {
  if (typeof separator !== 'string' || separator.length !== 1 || '"\r\n'.includes(separator))
    throw invalid('separator', 'one character other than a quote or a line end', separator);
  const rows: Line[] = [];
  let fields: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let line = 1;
  let firstLine = 1;
  let quoted = false;
  const isEnd = (): boolean => at >= text.length || text[at] === '\n' || text[at] === '\r';
  while (at < text.length) {
    let field = '';
    if (text[at] === '"') {
      const opened = line;
      quoted = true;
      for (at += 1; ; at += 1) {
        const close = text.indexOf('"', at);
        if (close < 0) throw new TenchError(`the quote opened on line ${opened} is never closed`);
        const part = text.slice(at, close);
        field += part;
        line += part.match(/\r\n|\r|\n/g)?.length ?? 0;
        at = close + 1;
        if (text[at] !== '"') break;
        field += '"';
      }
    }
    const start = at;
    while (!isEnd() && text[at] !== separator) at += 1;
    fields.push(field + text.slice(start, at));
    if (!isEnd()) {
      at += 1;
      // A separator at the very end has an empty field behind it.
      if (at < text.length) continue;
      fields.push('');
    }
    if (fields.length > 1 || fields[0] !== '' || quoted) rows.push({ fields, line: firstLine });
    at += text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1;
    line += 1;
    [fields, firstLine, quoted] = [[], line, false];
  }
  return rows;
}

/** A table with its first line as names. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * Reads a CSV or TSV file, in UTF-8, or in UTF-16 with a byte order mark.
 *
 * @param separator default a tab for `.tsv` and `.tab`, else a comma
 * @throws TenchError that names the file, and the line where there is one: a file that cannot be read or is no text, no header, two columns of
 *   one name, a row longer or shorter than the header, a quote that is never closed
 */
export function readTable(file: string, separator?: string): Table {
  const bad = (what: string, cause?: unknown): TenchError =>
    new TenchError(`the table ${file} cannot be read: ${what}`, { code: 'ERR_TENCH_FILE', cause });
  let lines: Line[];
  try {
    lines = parseLines(readText(file), separator ?? (/^\.(tsv|tab)$/i.test(extname(file)) ? '\t' : ','));
  } catch (cause) {
    throw cause instanceof ArgumentError ? cause : bad((cause as Error).message, cause);
  }
  const [first, ...rest] = lines;
  if (first === undefined) throw bad('it is empty, without even a line that names the columns');
  const header = first.fields;
  const twice = header.find((name, index) => header.indexOf(name) !== index);
  if (twice !== undefined) throw bad(`two of its columns are named ${JSON.stringify(twice)}`);
  for (const { fields, line } of rest) {
    if (fields.length !== header.length)
      throw bad(`line ${line} has ${fields.length} fields, but its first line names ${header.length} columns`);
  }
  return { header, rows: rest.map(({ fields }) => fields) };
}

/**
 * The rows of a CSV or TSV file as objects, with the names of its first line and every value a text.
 *
 *     const reviews = new ItemList(readCsv('reviews.csv'), 'reviews.csv');   // { text: 'a good film', label: 'positive' }, ...
 *
 * @param options `separator`: between two fields; default a tab for `.tsv` and `.tab`, else a comma
 * @throws TenchError that names the file, and the line where there is one, for whatever is not a table with as many fields in each row
 */
export function readCsv(file: string, options: { separator?: string } = {}): Record<string, string>[] {
  needPath('file', file, 'the path of a table');
  needOptions('readCsv', options);
  const { header, rows } = readTable(file, options.separator);
  return rows.map((row) => Object.fromEntries(header.map((name, column) => [name, row[column]!])));
}

/**
 * Reads a table and gives a function that finds the wanted column's value for an item's path.
 *
 * @throws TenchError if the file cannot be read, has no such column, or names an item twice with different values
 */
export function lookUp(file: string, options: TableOptions): (path: string) => string | undefined {
  needPath('file', file, 'the path of a table');
  needOptions('options', options);
  const { key, column, base, separator } = options;
  for (const [name, value] of Object.entries({ key, column, base })) if (value !== undefined) needText(name, value);
  const { header, rows } = readTable(file, separator);
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
  for (const row of rows) {
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
