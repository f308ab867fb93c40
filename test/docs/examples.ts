/** The examples of the pages: as they are quoted, as they stand in their files, and run. */

import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../', import.meta.url);

/** The text of a file of the repository. */
export const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** What a page quotes of an example, or undefined where it does not. */
export function quoted(page: string, example: string): string | undefined {
  return new RegExp(`<!-- ${example} -->\n+\`\`\`ts\n([^]*?)\n\`\`\``).exec(read(page))?.[1];
}

/** An example without its header: what a page should quote of it. */
export function codeOf(example: string): string {
  return read(example)
    .replace(/^\/\*\*[^]*?\*\/\n\n/, '')
    .trimEnd();
}

/** Runs a compiled example to its end. */
export function runExample(
  example: string,
  { cwd, args = [] }: { readonly cwd?: string; readonly args?: readonly string[] } = {},
): SpawnSyncReturns<string> {
  const script = fileURLToPath(new URL(`dist/${example.replace(/\.ts$/, '.js')}`, root));
  return spawnSync(process.execPath, [script, ...args], { cwd, encoding: 'utf8' });
}
