/**
 * Keeps node_modules what package-lock.json says.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const stampPath = 'node_modules/.tench-stamp';
/** npm writes it last, so that where it lies an install has come to its end. */
const npmsOwnStamp = 'node_modules/.package-lock.json';

/** Whether every dependency is installed. */
export function areInstalled(root) {
  if (modified(root, npmsOwnStamp) === undefined) return false;
  if (read(root, stampPath) === lockDigest(root)) return true;
  // Somebody installed by hand.
  return modified(root, npmsOwnStamp) >= modified(root, 'package-lock.json');
}

/**
 * Installs, without running any script of a dependency. Returns whether it went well; npm's messages go to stderr.
 *
 * @param {string} root the clone
 * @param {number} lock descriptor that npm inherits
 */
export function install(root, lock) {
  // npm ci begins by removing node_modules; were it killed in the middle of that, the stamps must not say that all is well.
  rmSync(join(root, stampPath), { force: true });
  rmSync(join(root, npmsOwnStamp), { force: true });
  const args = [
    'ci',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const run = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2, lock], env: withoutNpm(process.env) });
  if (run.error !== undefined) process.stderr.write(`tench: npm cannot be started: ${run.error.message}\n`);
  if (run.status !== 0) return false;
  writeFileSync(join(root, stampPath), lockDigest(root));
  return true;
}

/** An npm inside `npm start` must not take the outer one's options (`npm start --json`) for its own. */
function withoutNpm(env) {
  const outer = /^npm_(config_(json|silent|loglevel|ignore_scripts|dry_run)|lifecycle_|package_|command)/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !outer.test(name)));
}

function lockDigest(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

function read(root, path) {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

function modified(root, path) {
  try {
    return statSync(join(root, path)).mtimeMs;
  } catch {
    return undefined;
  }
}
