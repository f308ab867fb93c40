/** A checkpoint of training as one file: safetensors whose metadata hold the plain part of the state and a hash of everything. */

import { Learner, type LearnerState } from '../learner/index.js';
import { needState } from '../learner/learnerState.js';
import { needInstance, needPath } from '../tensor/checks.js';
import { ArgumentError } from '../tensor/errors.js';
import { notWhole, readSealed, writeSealed, type SealedFormat } from './sealed.js';
import { putTogether, takeApart } from './stateTree.js';

const format: SealedFormat = { name: 'checkpoint', version: 1, what: 'checkpoint of tench' };

/**
 * Writes a learner's `stateDict()` to a file, atomically: model, optimizer, schedule position, epoch and batch, generators, what callbacks keep,
 * gradients that wait for a step, and the scale of fp16.
 *
 * @throws TenchError (`ERR_TENCH_WRITE`) that names the file and the cause; what was at the path before is still there
 */
export async function saveCheckpoint(learn: Learner, path: string): Promise<void> {
  needInstance('learn', learn, Learner);
  needPath('path', path, 'the path of a file');
  await writeSealed(path, format, takeApart(learn.stateDict(), 'a checkpoint'));
}

/**
 * Reads a checkpoint for the option `resume` of a fit. Every bit is compared with the hash.
 *
 * @throws TenchError `ERR_TENCH_READ` where there is no file, `ERR_TENCH_DAMAGED` for one that is not as it was written or is no checkpoint
 */
export async function loadCheckpoint(path: string): Promise<LearnerState> {
  needPath('path', path, 'the path of a file');
  const apart = await readSealed(path, format);
  try {
    return needState('state', putTogether(apart) as unknown as LearnerState);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ArgumentError)
      throw notWhole(path, format, error.message, error);
    throw error;
  }
}
