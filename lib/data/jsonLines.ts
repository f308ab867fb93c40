/** JSON lines: one value a line, as logs and data sets of texts come. */

import { needPath } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import { readText } from './textFile.js';

/**
 * The values of a file that has one in JSON on each line. Empty lines and a byte order mark are skipped.
 *
 *     const reviews = new ItemList(readJsonLines<{ text: string; label: string }>('reviews.jsonl'), 'reviews.jsonl');
 *
 * @throws TenchError that names the file, and the line that is no JSON
 */
export function readJsonLines<T = unknown>(file: string): T[] {
  needPath('file', file, 'the path of a file of JSON lines');
  const bad = (what: string, cause: unknown): TenchError =>
    new TenchError(`the JSON lines in ${file} cannot be read: ${what}`, { code: 'ERR_TENCH_FILE', cause });
  let text: string;
  try {
    text = readText(file);
  } catch (cause) {
    throw bad((cause as Error).message, cause);
  }
  const values: T[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    try {
      values.push(JSON.parse(line) as T);
    } catch (cause) {
      throw bad(`line ${index + 1} is no JSON (${(cause as Error).message})`, cause);
    }
  });
  return values;
}
