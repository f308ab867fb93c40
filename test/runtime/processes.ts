/**
 * Processes of their own for the tests of locks and caches, where being killed is part of the test.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const library = (name: string) => JSON.stringify(new URL(`../../lib/runtime/${name}.js`, import.meta.url).href);

/** Runs a script in a new process; `makeFolderOnce`, `withLock`, `writeFile`, `appendFile` and `sleep` are at hand there. */
export function start(script: string): ChildProcess {
  const head = `
    const { makeFolderOnce } = await import(${library('cache')});
    const { withLock } = await import(${library('lock')});
    const { writeFile, appendFile } = await import('node:fs/promises');
    const { setTimeout: sleep } = await import('node:timers/promises');`;
  return spawn(process.execPath, ['--input-type=module', '-e', head + script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

export async function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => child.on('exit', done));
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}
