/** A folder of checkpoints, numbered in the order in which they were written, of which the last few are kept. */

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { isSystemError } from '../runtime/systemError.js';
import { makeFolder } from '../runtime/folders.js';
import type { LearnerState } from '../learner/index.js';
import { needPath } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import { loadCheckpoint } from './checkpoint.js';

const named = /^checkpoint-(\d{6,15})\.safetensors$/;
/** What a process that was killed has left; see `writeAtomically`. */
const leftOver = /^\.checkpoint-\d{6,15}\.safetensors\..*\.tmp$/;

/** The checkpoints of a folder, the oldest first; none where there is no folder. */
export async function listCheckpoints(folder: string): Promise<string[]> {
  needPath('folder', folder, 'the path of a folder');
  return (await numbered(folder)).map(([, path]) => path);
}

/**
 * The newest checkpoint of a folder that is whole, or null where there is none, so that the first start and every later one read the same:
 *
 *     const resume = await latestCheckpoint('runs/pets');
 *     await learn.fitOneCycle(5, { cbs: [new CheckpointCallback('runs/pets')], resume });
 *
 * A damaged one is passed over with a warning of the process (`TENCH_CHECKPOINT`).
 *
 * @throws TenchError where all that there are are damaged, or the folder cannot be read
 */
export async function latestCheckpoint(folder: string): Promise<LearnerState | null> {
  let newest: TenchError | null = null;
  for (const path of (await listCheckpoints(folder)).reverse()) {
    try {
      return await loadCheckpoint(path);
    } catch (error) {
      if (!(error instanceof TenchError)) throw error;
      newest ??= error;
      process.emitWarning(`${error.message}; going back to the checkpoint before it`, { code: 'TENCH_CHECKPOINT' });
    }
  }
  if (newest !== null) throw newest;
  return null;
}

/** The path of the next checkpoint. */
export async function nextPath(folder: string): Promise<string> {
  const last = (await numbered(folder)).at(-1)?.[0] ?? 0;
  return join(folder, `checkpoint-${String(last + 1).padStart(6, '0')}.safetensors`);
}

/** Makes the folder, tries it, and takes away what a killed process has left half-written. */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    // Asking for permission is not enough: root has it on read-only file systems, too.
    await rm(await mkdtemp(join(folder, '.tench-')), { recursive: true });
    for (const name of await readdir(folder)) if (leftOver.test(name)) await rm(join(folder, name), { force: true });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new TenchError(`checkpoints cannot be written to ${folder}: ${error.message}`, {
      code: 'ERR_TENCH_WRITE',
      cause: error,
    });
  }
}

/** Takes all but the last `keep` away. */
export async function keepLast(folder: string, keep: number): Promise<void> {
  for (const path of (await listCheckpoints(folder)).slice(0, -keep)) await rm(path, { force: true });
}

async function numbered(folder: string): Promise<(readonly [number: number, path: string])[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT') return [];
    throw new TenchError(`cannot read ${folder}: ${error.message}`, { code: 'ERR_TENCH_READ', cause: error });
  }
  return names
    .flatMap((name) => {
      const [, digits] = named.exec(name) ?? [];
      return digits === undefined ? [] : [[Number(digits), join(folder, name)] as const];
    })
    .sort(([a], [b]) => a - b);
}
