/** What a run of `tench start` keeps until it is finished, so that `--resume` can go on with it: its checkpoints, and the command line that began it. */

import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { CheckpointCallback, latestCheckpoint, listCheckpoints, writeAtomically } from '../io/index.js';
import type { LearnerState } from '../learner/index.js';
import { makeFolder } from '../runtime/folders.js';
import { TenchError } from '../tensor/errors.js';
import { parseStartOptions, type StartOptions } from './options.js';

/** The folder `checkpoints` in the folder of a run's results. */
export class UnfinishedRun {
  private readonly folder: string;
  private readonly command: string;

  /** @param out the folder of the results */
  constructor(private readonly out: string) {
    this.folder = join(out, 'checkpoints');
    this.command = join(this.folder, 'command.json');
  }

  /** Writes down with what the run has begun, and forgets another run in the same folder. */
  async begin(argv: readonly string[]): Promise<void> {
    await this.forget();
    await makeFolder(this.folder);
    const text = `${JSON.stringify({ argv, cwd: process.cwd() }, null, 2)}\n`;
    await writeAtomically(this.command, (file) => file.writeFile(text));
  }

  /** Saves after each epoch, and when the signal is aborted, which ends the fit. */
  callback(signal: AbortSignal): CheckpointCallback {
    return new CheckpointCallback(this.folder, { signal, signals: [], keep: 2 });
  }

  /**
   * The options with which the run has begun.
   *
   * @throws TenchError where there is no run to go on with
   */
  async options(): Promise<StartOptions> {
    const { argv, cwd } = await this.read();
    const options = parseStartOptions(argv);
    const path = options.data === null ? null : resolve(cwd, options.data);
    return { ...options, data: path !== null && existsSync(path) ? path : options.data, out: this.out };
  }

  /** Where the run has come to; null: nowhere yet. @throws TenchError where no checkpoint is whole */
  async state(): Promise<LearnerState | null> {
    return latestCheckpoint(this.folder);
  }

  /** Whether there is anything to go on from. */
  async hasCheckpoint(): Promise<boolean> {
    return (await listCheckpoints(this.folder)).length > 0;
  }

  /** A run that is finished needs none of it. */
  async forget(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private async read(): Promise<{ argv: string[]; cwd: string }> {
    let text: string;
    try {
      text = await readFile(this.command, 'utf8');
    } catch (cause) {
      throw this.nothing('no run has begun there, or it is finished', cause);
    }
    try {
      const { argv, cwd } = JSON.parse(text) as Record<string, unknown>;
      if (Array.isArray(argv) && argv.every((word) => typeof word === 'string') && typeof cwd === 'string')
        return { argv, cwd };
    } catch {
      // Told below, as anything else that no run has written.
    }
    throw this.nothing(`${this.command} is damaged`);
  }

  private nothing(why: string, cause?: unknown): TenchError {
    return new TenchError(`--resume: there is nothing to go on with in ${this.out}: ${why}`, { cause });
  }
}
