#!/usr/bin/env node
/**
 * `npm run lint` and `npm run format`: every check of how the sources are written, side by side; `--fix` writes what can be written.
 */

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const fix = process.argv.includes('--fix');

/** eslint runs without its cache, which goes by the text of each file and so misses what a type changed elsewhere brings about. */
const checks = {
  eslint: ['eslint/bin/eslint.js', ...(fix ? ['--fix'] : []), '.'],
  prettier: [
    'prettier/bin/prettier.cjs',
    ...['--cache', '--cache-strategy', 'content'],
    ...['--log-level', 'warn', fix ? '--write' : '--check', '.'],
  ],
  'clang-format': [
    'clang-format-node/build/cli.js',
    ...(fix ? ['-i'] : ['--dry-run', '--Werror']),
    ...sourcesIn('native', 'test/native'),
  ],
};

/** The C++ files below some folders. */
function sourcesIn(...folders) {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((path) => /\.(cc|h)$/.test(path))
      .map((path) => join(folder, path)),
  );
}

/** Runs one check and, when it has found something, prints all of it at once: two checks must not talk into one another. */
function run([name, [script, ...args]]) {
  const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve) => {
    child.once('close', (code) => {
      if (code !== 0)
        process.stderr.write(
          `${output.trimEnd()}\ntench: ${name} has findings; \`npm run format\` mends what can be mended\n`,
        );
      resolve(code === 0);
    });
  });
}

// Fixing goes one after another, since two tools would write the same files.
const results = [];
for (const check of Object.entries(checks)) {
  const result = run(check);
  results.push(fix ? await result : result);
}
process.exitCode = (await Promise.all(results)).every(Boolean) ? 0 : 1;
