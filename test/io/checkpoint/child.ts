/**
 * Trains in a process of its own, which sends itself a signal, SIGKILL unless another is named, when it comes to a place for the given time:
 * `node child.js FOLDER PLACE NUMBER SIGNAL`, or without the last three.
 */

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [folder, place, number, signal = 'SIGKILL'] = process.argv.slice(2) as [string, string?, string?, string?];
let left = Number(number ?? Infinity);

function mark(here: string): void {
  if (here === place && --left === 0) process.kill(process.pid, signal);
}

/** The steps by which a file is written, each with a moment before and after it. */
const { open, rename } = fs.promises;
fs.promises.open = async (...args: Parameters<typeof open>) => {
  const file = await open(...args);
  if (!String(args[0]).endsWith('.tmp')) return file;
  for (const step of ['writeFile', 'sync'] as const) {
    const whole = file[step].bind(file) as (...args: unknown[]) => Promise<void>;
    Object.assign(file, {
      [step]: async (...args: unknown[]) => {
        mark(`before ${step}`);
        await whole(...args);
        mark(`after ${step}`);
      },
    });
  }
  return file;
};
fs.promises.rename = async (from, to) => {
  mark('before rename');
  await rename(from, to);
  mark('after rename');
};
syncBuiltinESMExports();

const { makeLearner, train } = await import('./trained.js');
const learn = makeLearner(mark);
process.stdout.write('ready\n');
process.stdout.write(`${await train(learn, folder)}\n`);
