/**
 * Asks the active Python where its torch is, without importing it.
 */

import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';

import { findProgram } from '../platform.js';

/** Importing torch takes seconds; its place is known to the import system in milliseconds. */
const question = `
import importlib.util, os
spec = importlib.util.find_spec("torch")
print(os.path.dirname(spec.origin) if spec and spec.origin else "")
`;

/** The interpreter that `python3` or `python` stands for, in an active virtual environment first; undefined where there is none. */
export function findPython(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = [env.VIRTUAL_ENV && join(env.VIRTUAL_ENV, 'bin'), env.PATH].filter(Boolean);
  const search = { ...env, PATH: folders.join(delimiter) };
  return findProgram('python3', search) ?? findProgram('python', search);
}

/** The folder of `python`'s torch package, or undefined where it has none (or does not run). */
export function torchOfPython(python: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  // -P (3.11) would keep the working folder out of the search; running from / does so in every version.
  const answer = spawnSync(python, ['-c', question], {
    cwd: '/',
    env,
    encoding: 'utf8',
    timeout: 20_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const folder = answer.status === 0 ? answer.stdout.trim().split('\n').at(-1) : undefined;
  return folder ? folder : undefined;
}
