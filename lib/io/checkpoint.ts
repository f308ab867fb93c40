/** A checkpoint of training as one file: safetensors whose metadata hold the plain part of the state and a hash of everything. */

import { createHash } from 'node:crypto';

import { Learner, type LearnerState } from '../learner/index.js';
import { needState } from '../learner/learnerState.js';
import { needInstance, needPath } from '../tensor/checks.js';
import { ArgumentError, TenchError } from '../tensor/errors.js';
import { libtorchVersion, type Tensor } from '../tensor/index.js';
import { piecesOf } from './pieces.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';
import { putTogether, takeApart } from './stateTree.js';

const format = 'tench-checkpoint-1';

/**
 * Writes a learner's `stateDict()` to a file, atomically: model, optimizer, schedule position, epoch and batch, generators, what callbacks keep,
 * gradients that wait for a step, and the scale of fp16.
 *
 * @throws TenchError (`ERR_TENCH_WRITE`) that names the file and the cause; what was at the path before is still there
 */
export async function saveCheckpoint(learn: Learner, path: string): Promise<void> {
  needInstance('learn', learn, Learner);
  needPath('path', path, 'the path of a file');
  const { text, tensors } = takeApart(learn.stateDict());
  const libtorch = libtorchVersion();
  await writeSafetensors(path, tensors, {
    metadata: { format, libtorch, sha256: hashOf(libtorch, text, tensors), state: text },
  });
}

/**
 * Reads a checkpoint for the option `resume` of a fit. Every bit is compared with the hash.
 *
 * @throws TenchError `ERR_TENCH_READ` where there is no file, `ERR_TENCH_DAMAGED` for one that is not as it was written or is no checkpoint
 */
export async function loadCheckpoint(path: string): Promise<LearnerState> {
  needPath('path', path, 'the path of a file');
  const { tensors, metadata } = await readSafetensors(path, { mapped: false });
  const { format: given, libtorch = '', sha256, state: text } = metadata;
  if (given !== format || text === undefined) throw damaged(path, 'it has another format');
  if (sha256 !== hashOf(libtorch, text, tensors)) throw damaged(path, 'its contents differ from its hash');
  try {
    return needState('state', putTogether({ text, tensors }) as unknown as LearnerState);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ArgumentError) throw damaged(path, error.message, error);
    throw error;
  }
}

function hashOf(libtorch: string, text: string, tensors: ReadonlyMap<string, Tensor>): string {
  const hash = createHash('sha256').update(JSON.stringify([libtorch, text]));
  for (const [name, value] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(JSON.stringify([name, value.dtype, value.shape]));
    for (const piece of piecesOf(value)) hash.update(piece);
  }
  return hash.digest('hex');
}

function damaged(path: string, why: string, cause?: unknown): TenchError {
  return new TenchError(`${path} is not a whole checkpoint of tench: ${why}`, { code: 'ERR_TENCH_DAMAGED', cause });
}
