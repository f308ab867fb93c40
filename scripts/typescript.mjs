/**
 * Keeps dist/ what the TypeScript sources say: compiles and bundles when one has changed, removes what has lost its source.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { bundle } from './bundle.mjs';

const rooms = ['lib', 'test', 'bench', 'examples', 'scripts'];

/** Whether dist/ was compiled from the sources as they are now. */
export function isCompiled(root) {
  return existsSync(join(root, 'dist/lib/cli/main.js')) && readStamp(root) === digestOf(root);
}

/**
 * Compiles and bundles. Returns whether it went well; the messages of compiler and bundler go to stderr.
 *
 * @param {string} root the clone
 * @param {number} lock descriptor that the compiler inherits
 */
export async function compile(root, lock) {
  const digest = digestOf(root);
  // A compile that was killed may have left files that the compiler's own notes believe in: start from nothing then.
  if (readStamp(root) === undefined) rmSync(join(root, 'dist/.tsbuildinfo'), { force: true });
  rmSync(join(root, 'dist/.stamp'), { force: true });
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const run = spawnSync(process.execPath, [compiler, '-p', root], { cwd: root, stdio: ['ignore', 2, 2, lock] });
  if (run.status !== 0) return false;
  sweep(root);
  if (!(await bundle(root))) return false;
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'dist/.stamp'), digest);
  return true;
}

function readStamp(root) {
  try {
    return readFileSync(join(root, 'dist/.stamp'), 'utf8');
  } catch {
    return undefined;
  }
}

/** Digest of name, size and time of every source: quick, and right for what editors and git do. */
function digestOf(root) {
  const hash = createHash('sha256');
  for (const path of ['tsconfig.json', 'package-lock.json', ...sources(root)]) {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function sources(root) {
  return rooms.flatMap((room) => filesBelow(root, room)).filter((path) => path.endsWith('.ts'));
}

function filesBelow(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) =>
    entry.isDirectory() ? filesBelow(root, join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

/** Removes outputs whose source has gone, above all tests, which would still be run. */
function sweep(root) {
  for (const room of rooms) {
    for (const output of filesBelow(root, join('dist', room))) {
      const stem = /^dist\/(.*?)(\.d\.ts|\.js)(\.map)?$/.exec(output)?.[1];
      if (stem !== undefined && !existsSync(join(root, `${stem}.ts`))) rmSync(join(root, output));
    }
  }
}
