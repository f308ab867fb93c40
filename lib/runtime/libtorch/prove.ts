/**
 * Proves a LibTorch by opening it, with every symbol bound at once, in a process of its own.
 */

import { spawnSync } from 'node:child_process';

import { TenchError } from '../errors.js';
import { librariesOf, type LibTorch } from './layout.js';

/** Node opens any library; that a library is no addon, which it complains of afterwards, is what we expect. */
const program = `
const { dlopen } = require('node:os').constants;
for (const path of process.argv.slice(1)) {
  try {
    process.dlopen({ exports: {} }, path, dlopen.RTLD_NOW | dlopen.RTLD_GLOBAL);
  } catch (error) {
    if (!/did not self-register/.test(error.message)) {
      console.error(error.message);
      process.exit(1);
    }
  }
}
// LibTorch's own clean-up is no part of the proof.
process.kill(process.pid, 'SIGKILL');
`;

/** Throws a TenchError (ERR_TENCH_LIBRARY) with the dynamic linker's message where a library cannot be opened. */
export function proveLibTorch(libtorch: LibTorch): void {
  const run = spawnSync(process.execPath, ['-e', program, ...librariesOf(libtorch)], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (run.signal === 'SIGKILL') return;
  throw new TenchError(
    `LibTorch ${libtorch.version} in ${libtorch.path} cannot be opened: ${run.stderr.trim().split('\n')[0] ?? run.status}`,
    {
      code: 'ERR_TENCH_LIBRARY',
    },
  );
}
