/**
 * Killed anywhere, training goes on to the very same weights, optimizer, random generator, statistics and records as a run that was never killed.
 *
 * TENCH_KILLS says how often; `TENCH_KILLS=50 npx tap dist/test/io/checkpoint/killed.test.js` is the long form.
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import { Generator } from '../../../lib/data/random.js';
import { loadCheckpoint, listCheckpoints } from '../../../lib/io/index.js';
import { makeLearner, train } from './trained.js';

const child = fileURLToPath(new URL('./child.js', import.meta.url));
const kills = Number(process.env.TENCH_KILLS || 12);
const seed = Number(process.env.TENCH_SEED || 1);

/** Moments, and how many of them come between the start of a process and some batches later. */
const moments = [
  ['step', 12],
  ['prefetch', 90],
  ['before writeFile', 8],
  ['after writeFile', 60],
  ['before sync', 4],
  ['after sync', 4],
  ['before rename', 4],
  ['after rename', 4],
  ['any', 400],
] as const;

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly hash: string;
  readonly errors: string;
}

/** Runs a process; one for any moment is killed from outside, some milliseconds after it has begun to train. */
async function run(folder: string, place?: string, number = 0): Promise<Ended> {
  const args = place === undefined ? [child, folder] : [child, folder, place, String(number)];
  const running = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let [text, errors] = ['', ''];
  running.stderr.on('data', (piece: Buffer) => (errors += piece.toString()));
  running.stdout.on('data', (piece: Buffer) => {
    if (text === '' && place === 'any') setTimeout(() => running.kill('SIGKILL'), number);
    text += piece.toString();
  });
  return new Promise((resolve) =>
    running.on('close', (code, signal) => resolve({ signal, code, hash: text.trim().split('\n').at(-1)!, errors })),
  );
}

t.test(`${kills} kills, seed ${seed}`, async (t) => {
  const expected = await train(makeLearner(), null);
  const random = new Generator(seed);
  let [killed, finished] = [0, 0];
  while (killed < kills) {
    const folder = join(mkdtempSync(join(tmpdir(), 'tench-killed-')), 'checkpoints');
    for (;;) {
      const [place, most] = moments[(killed + finished) % moments.length]!;
      const number = 1 + random.integer(most);
      const { signal, code, hash, errors } = await run(folder, killed < kills ? place : undefined, number);
      if (signal === 'SIGKILL') {
        killed += 1;
        for (const path of existsSync(folder) ? await listCheckpoints(folder) : [])
          await t.resolves(loadCheckpoint(path), `${path} is whole after a kill at ${place} ${number}`);
        continue;
      }
      t.equal(code, 0, errors);
      t.equal(hash, expected, `run ${++finished} ends as the one that was never killed, after ${killed} kills in all`);
      t.notOk(
        readdirSync(folder).some((name) => name.endsWith('.tmp')),
        'nothing half-written is left',
      );
      break;
    }
    rmSync(join(folder, '..'), { recursive: true });
  }
});
