/** Writes a run's curves as files that TensorBoard shows: `tensorboard --logdir FOLDER`. */

import { open, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { AvgStatsCallback, Callback } from '../../learner/index.js';
import { makeFolder } from '../../runtime/folders.js';
import { needPath } from '../../tensor/checks.js';
import { TenchError } from '../../tensor/errors.js';
import { stack, type Tensor } from '../../tensor/index.js';
import { scalarRecord, versionRecord } from './events.js';

/** A training batch whose loss may still be on its device. */
interface PendingBatch {
  readonly loss: Tensor;
  readonly hypers: readonly (readonly [tag: string, value: number])[];
  readonly step: number;
  readonly time: number;
}

/** How many batches are kept before their losses are read, all at once, and written. */
const batchesAtOnce = 100;

/**
 * Writes the loss and the hyper-parameters of every training batch (`batch/loss`, `hypers/lr`, ...; `hypers/lr/1` for the second parameter group)
 * over batches, and loss and metrics of every epoch (`loss/train`, `loss/valid`, `accuracy/valid`, ...) over epochs from 1. A second fit goes on
 * counting. Each fit writes a file of its own; files of different runs belong into different folders. Order 62.
 */
export class TensorBoardCallback extends Callback {
  override order = 62;
  override readonly inSearch = false;

  readonly folder: string;
  private file: FileHandle | null = null;
  private pending: PendingBatch[] = [];
  private batches = 0;
  private fits = 0;

  constructor(folder: string) {
    super();
    this.folder = needPath('folder', folder, 'the path of a folder');
  }

  override async beginFit(): Promise<void> {
    this.pending = [];
    const time = now();
    const name = `events.out.tfevents.${Math.floor(time)}.${hostname()}.${process.pid}.${this.fits}`;
    try {
      await makeFolder(this.folder);
      this.file = await open(join(this.folder, name), 'a');
      this.fits += 1;
      await this.file.write(versionRecord(time));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new TenchError(`cannot write to ${this.folder}: ${error.message}`, {
        code: 'ERR_TENCH_WRITE',
        cause: error,
      });
    }
  }

  override afterLoss(): void {
    const { learn } = this;
    if (!learn.inTrain) return;
    const hypers = learn.opt.hypers.flatMap((group, i) =>
      Object.entries(group).map(([name, value]) => [`hypers/${name}${i === 0 ? '' : `/${i}`}`, value] as const),
    );
    this.pending.push({ loss: learn.loss.detach(), hypers, step: this.batches, time: now() });
    this.batches += 1;
  }

  override async afterBatch(): Promise<void> {
    if (this.pending.length >= batchesAtOnce) await this.writeBatches();
  }

  override async afterEpoch(): Promise<void> {
    await this.writeBatches();
    const record = this.learn.find(AvgStatsCallback)?.records.at(-1);
    if (record === undefined) return;
    const time = now();
    const step = this.learn.totalEpochs;
    const curves = (['train', 'valid'] as const).flatMap((pass) =>
      Object.entries(record[pass] ?? {}).map(([name, value]) =>
        scalarRecord({ tag: `${name}/${pass}`, value, step, time }),
      ),
    );
    await this.file?.write(Buffer.concat(curves));
  }

  override async cleanupFit(): Promise<void> {
    await this.writeBatches();
    await this.file?.close();
    this.file = null;
  }

  private async writeBatches(): Promise<void> {
    const { pending } = this;
    if (pending.length === 0 || this.file === null) return;
    this.pending = [];
    const losses = stack(pending.map(({ loss }) => loss.reshape([]).to('float64'))).toTypedArray();
    const records = pending.flatMap(({ hypers, step, time }, i) => [
      scalarRecord({ tag: 'batch/loss', value: Number(losses[i]), step, time }),
      ...hypers.map(([tag, value]) => scalarRecord({ tag, value, step, time })),
    ]);
    await this.file.write(Buffer.concat(records));
  }
}

const now = (): number => Date.now() / 1000;
