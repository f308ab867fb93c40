/** What a run leaves behind: the exported learner and the history. */

import { mkdtemp, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { writeAtomically } from '../io/index.js';
import type { EpochRecord, Learner } from '../learner/index.js';
import '../predict/index.js';
import { makeFolder } from '../runtime/folders.js';
import { TenchError } from '../tensor/errors.js';
import type { Dataset } from './dataset.js';
import type { StartOptions } from './options.js';

/** The result of a run as `--json` prints it; accuracies are fractions. */
export interface RunResult {
  readonly dataset: string;
  readonly split: string;
  readonly device: string;
  readonly seed: number;
  /** Numbers of images and of classes. */
  readonly train: number;
  readonly valid: number;
  readonly classes: number;
  readonly epochs: readonly EpochResult[];
  /** Wall time of the command. */
  readonly seconds: number;
  readonly peakRssBytes: number;
  /** The folder of the results. */
  readonly out: string;
}

/** An epoch in {@link RunResult}; null where a pass saw no image. */
export interface EpochResult {
  readonly trainLoss: number | null;
  readonly trainAccuracy: number | null;
  readonly validLoss: number | null;
  readonly validAccuracy: number | null;
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

export function epochResult({ train, valid, seconds, imagesPerSecond }: EpochRecord): EpochResult {
  return {
    trainLoss: train?.loss ?? null,
    trainAccuracy: train?.accuracy ?? null,
    validLoss: valid?.loss ?? null,
    validAccuracy: valid?.accuracy ?? null,
    seconds,
    imagesPerSecond,
  };
}

/** A folder for results that is known to be writable before the training begins. */
export class OutFolder {
  private constructor(
    readonly path: string,
    private readonly made: boolean,
  ) {}

  /** @throws TenchError when the folder cannot be made or written to */
  static async prepare(path: string): Promise<OutFolder> {
    const folder = resolve(path);
    try {
      const made = await makeFolder(folder);
      // Asking for permission is not enough: root has it on read-only and virtual file systems, too.
      await rm(await mkdtemp(join(folder, '.tench-')), { recursive: true });
      return new OutFolder(folder, made);
    } catch (cause) {
      throw new TenchError(`--out: cannot write to ${folder}: ${(cause as Error).message}`, {
        code: 'ERR_TENCH_WRITE',
        cause,
      });
    }
  }

  /** Takes the folder away again if it was made for this run and nothing has been written. */
  async abandon(): Promise<void> {
    if (this.made) await rmdir(this.path).catch(() => undefined);
  }

  /** Writes the files, each whole or not at all; the learner comes last, so that where it is, the rest is too. */
  async write(learn: Learner, dataset: Dataset, options: StartOptions, result: RunResult): Promise<void> {
    const { recorder } = learn;
    const history = {
      ...result,
      batchSize: dataset.recipe.batchSize,
      precision: options.precision,
      lr: options.lr,
      batches: { loss: recorder?.losses ?? [], lr: recorder?.lrs ?? [] },
    };
    await this.writeJson('history.json', history);
    await learn.export(join(this.path, 'model.safetensors'));
  }

  private async writeJson(name: string, value: unknown): Promise<void> {
    await writeAtomically(join(this.path, name), (file) => file.writeFile(`${JSON.stringify(value, null, 2)}\n`));
  }
}

/** A name for a folder that sorts by time: `runs/mnist-20261124-075948`. */
export function defaultOut(dataset: string, now = new Date()): string {
  const stamp = now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  return join('runs', `${dataset}-${stamp}`);
}
