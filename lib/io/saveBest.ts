/** Keeps the weights of the best epoch in a file, and goes back to them at the end. */

import { dirname } from 'node:path';

import { TrackingCallback, type TrackingOptions } from '../learner/index.js';
import { needFlag, needPath } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import { makeFolder } from '../runtime/folders.js';
import { isSystemError } from '../runtime/systemError.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';

/** Options of {@link SaveBestCallback}. */
export interface SaveBestOptions extends TrackingOptions {
  /** Loads the best weights into the model when the fit is over; default true. */
  readonly restore?: boolean;
}

/**
 * Writes the model's weights as safetensors whenever the watched number is the best of the fit: those that validated, which may be an average (see
 * `Learner.evalWeights`). The file is replaced atomically. The learner needs an AvgStatsCallback.
 */
export class SaveBestCallback extends TrackingCallback {
  readonly path: string;
  readonly restore: boolean;

  constructor(path: string, options: SaveBestOptions = {}) {
    super(options);
    this.path = needPath('path', path, 'the path of a file');
    this.restore = needFlag('restore', options.restore ?? true);
  }

  /** A folder that cannot be written is better known before the first epoch than after it. */
  override async beginFit(): Promise<void> {
    await super.beginFit();
    try {
      await makeFolder(dirname(this.path));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      throw new TenchError(`cannot write ${this.path}: ${error.message}`, { code: 'ERR_TENCH_WRITE', cause: error });
    }
  }

  protected override async judge(value: number, isBest: boolean): Promise<void> {
    if (!isBest) return;
    const { learn, monitor, pass } = this;
    const metadata = { epoch: String(learn.epoch), [`${pass} ${monitor}`]: String(value) };
    await learn.evalWeights(() => writeSafetensors(this.path, learn.model.stateDict(), { metadata }));
  }

  override async afterFit(): Promise<void> {
    if (!this.restore || this.best === null) return;
    const { tensors } = await readSafetensors(this.path, { mapped: false });
    this.learn.model.loadStateDict(tensors);
  }
}
