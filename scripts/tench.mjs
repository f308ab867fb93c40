#!/usr/bin/env node
/**
 * The way in: makes tench able to run at all (dependencies, TypeScript), then hands over to lib/cli/main.
 *
 * This file and those beside it that it imports need nothing but Node, since in a fresh clone there is nothing else.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { areInstalled, install } from './dependencies.mjs';
import { withLock } from './lock.mjs';
import { compile, isCompiled } from './typescript.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const oldestNode = 20;

function say(text) {
  process.stderr.write(`tench: ${text}\n`);
}

/** An installed package is compiled already and its dependencies are npm's business; only a clone prepares itself. */
function isClone() {
  return existsSync(join(root, 'tsconfig.json')) && existsSync(join(root, 'package-lock.json'));
}

/** Brings dependencies and dist/ up to date. Returns whether tench can run. */
async function prepare(argv) {
  if (!isClone() || (areInstalled(root) && isCompiled(root))) return true;
  // Called by npm itself, in the middle of an install: another one inside it would tear at the same folder.
  if (argv.includes('--if-found') && !areInstalled(root)) {
    say('the addon is not built now, since the dependencies are not there yet; `npm run setup` does it');
    process.exit(0);
  }
  const onWait = () => say('waiting for another set-up of this clone to end');
  return withLock(root, prepareLocked, { onWait });
}

async function prepareLocked(lock) {
  if (!areInstalled(root)) {
    say('installing the dependencies');
    if (!install(root, lock)) {
      say('the dependencies could not be installed; npm says why above');
      return false;
    }
  }
  if (!isCompiled(root)) {
    say('compiling the TypeScript');
    if (!(await compile(root, lock))) {
      say('the TypeScript does not compile; see above');
      return false;
    }
  }
  return true;
}

async function run(argv) {
  const nodeVersion = process.versions.node;
  if (Number(nodeVersion.split('.')[0]) < oldestNode) {
    say(`Node ${oldestNode} or newer is needed, and this is ${nodeVersion}`);
    return 1;
  }
  // Asking what is there must change nothing: the doctor does without, as far as it can.
  if (argv[0] === 'doctor' && isClone() && !(areInstalled(root) && existsSync(join(root, 'dist/lib/cli/main.js')))) {
    const help = 'run `npm run setup`';
    if (argv.includes('--json'))
      process.stdout.write(`${JSON.stringify({ ok: false, problems: ['tench is not set up'], help })}\n`);
    else process.stdout.write(`tench is not set up yet: ${help}\n`);
    return 1;
  }
  if (argv[0] !== 'doctor' && !(await prepare(argv))) return 1;
  const { main } = await import(pathToFileURL(join(root, 'dist/lib/cli/main.js')).href);
  return main(argv, { withLock: (work, options) => withLock(root, work, options) });
}

process.exitCode = await run(process.argv.slice(2));
