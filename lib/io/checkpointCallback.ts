/** Saves checkpoints while training, and once more when the process is asked to end. */

import { inspect } from 'node:util';

import { Callback, CancelTrainException } from '../learner/index.js';
import { needArray, needCount, needInstance, needOneOf, needOptions, needPath } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import { saveCheckpoint } from './checkpoint.js';
import { keepLast, nextPath, prepareFolder } from './checkpointFolder.js';
import { StopSignals, exitCode, stopSignals, type StopSignal } from './stopSignals.js';

/** Options of {@link CheckpointCallback}. */
export interface CheckpointOptions {
  /** After every n-th epoch, and after the last; 0: after none. Default 1. */
  readonly everyEpochs?: number;
  /** After every n-th training batch of the fit; 0 (default): after none. */
  readonly everyBatches?: number;
  /** How many of the last are kept; default 3. */
  readonly keep?: number;
  /** Which signals save, end the fit and then the process, with code 130 or 143. Default both; none where the program listens itself. */
  readonly signals?: readonly StopSignal[];
  /** Saves and ends the fit when it is aborted; the process goes on. */
  readonly signal?: AbortSignal;
}

/**
 * Writes `checkpoint-000001.safetensors` and so on into a folder: each whole or not at all, and with a hash (see `saveCheckpoint`). To go on, start
 * the same script with `resume` (see `latestCheckpoint`).
 *
 * A folder that cannot be written is an error when the fit begins. A checkpoint that cannot be written later, on a full disk say, is a warning of the
 * process (`TENCH_CHECKPOINT`): the older ones are still good, and training goes on. One folder is for one process.
 *
 * Order 90: what the other callbacks have done after the batch or epoch is in it.
 */
export class CheckpointCallback extends Callback {
  override order = 90;
  override readonly inSearch = false;

  readonly folder: string;
  readonly everyEpochs: number;
  readonly everyBatches: number;
  readonly keep: number;
  readonly signal: AbortSignal | null;
  /** Where the last checkpoint of this callback is, or null. */
  lastPath: string | null = null;
  /** Why the last attempt has failed, or null. */
  lastError: TenchError | null = null;
  private readonly stop: StopSignals;
  private savedAt = '';
  private stopped = false;

  constructor(folder: string, options: CheckpointOptions = {}) {
    super();
    this.folder = needPath('folder', folder, 'the path of a folder');
    needOptions('CheckpointCallback', options);
    const { everyEpochs = 1, everyBatches = 0, keep = 3, signals = stopSignals, signal } = options;
    this.everyEpochs = needCount('everyEpochs', everyEpochs);
    this.everyBatches = needCount('everyBatches', everyBatches);
    this.keep = needCount('keep', keep, 1);
    for (const name of needArray('signals', signals)) needOneOf('signals', name, stopSignals);
    this.stop = new StopSignals([...signals]);
    this.signal = signal === undefined ? null : needInstance('signal', signal, AbortSignal);
  }

  override async beginFit(): Promise<void> {
    this.savedAt = '';
    this.stopped = false;
    await prepareFolder(this.folder);
    this.stop.listen();
  }

  override async afterBatch(): Promise<void> {
    const { learn, everyBatches } = this;
    this.stopIfAsked();
    if (learn.inTrain && everyBatches > 0 && learn.nIter % everyBatches === 0) await this.saveOrWarn();
  }

  override async afterEpoch(): Promise<void> {
    const { epoch, epochs } = this.learn;
    const due = this.everyEpochs > 0 && ((epoch + 1) % this.everyEpochs === 0 || epoch + 1 === epochs);
    if (due) await this.saveOrWarn();
    this.stopIfAsked();
  }

  /** By now the weights of validation are out of the model, where the fit has been stopped in its midst. */
  override async afterFit(): Promise<void> {
    if (this.stopped && this.savedAt !== this.place) await this.save();
  }

  override cleanupFit(): void {
    this.stop.close();
    const { received } = this.stop;
    if (this.stopped && received !== null && this.savedAt === this.place) process.exit(exitCode(received));
  }

  /**
   * Saves now, e.g. from another callback's `afterBatch` or `afterEpoch`.
   *
   * @returns the path
   * @throws TenchError (`ERR_TENCH_WRITE`) that names the file and the cause
   */
  async save(): Promise<string> {
    const path = await nextPath(this.folder);
    await saveCheckpoint(this.learn, path);
    await keepLast(this.folder, this.keep);
    this.savedAt = this.place;
    this.lastPath = path;
    this.lastError = null;
    return path;
  }

  override [inspect.custom](): string {
    return `CheckpointCallback(${this.folder}, the last ${this.keep})`;
  }

  private get place(): string {
    const { position, totalEpochs } = this.learn;
    return [totalEpochs, position.epoch, position.batch].join(' ');
  }

  private stopIfAsked(): void {
    if (this.stop.received === null && this.signal?.aborted !== true) return;
    this.stopped = true;
    throw new CancelTrainException();
  }

  private async saveOrWarn(): Promise<void> {
    try {
      await this.save();
    } catch (error) {
      if (!(error instanceof TenchError) || error.code !== 'ERR_TENCH_WRITE') throw error;
      this.lastError = error;
      const last = this.lastPath === null ? 'there is no checkpoint yet' : `the last checkpoint is ${this.lastPath}`;
      process.emitWarning(`${error.message}; training goes on, and ${last}`, { code: 'TENCH_CHECKPOINT' });
    }
  }
}
