/** A log of the epochs as comma-separated values, written row by row, so that a run that was killed has left its rows. */

import { appendFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { AvgStatsCallback, Callback, type EpochRecord } from '../learner/index.js';
import { makeFolder } from '../runtime/folders.js';
import { needFlag, needOptions, needPath } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';

/**
 * Writes a row for each epoch: its number from 1, loss and metrics of training and validation, the rate of the last parameter group, seconds, images
 * per second. Numbers have all their digits; what was not measured is empty. The learner needs an AvgStatsCallback. Order 61.
 */
export class CsvLogCallback extends Callback {
  override order = 61;
  override readonly inSearch = false;

  readonly path: string;
  readonly append: boolean;

  /** @param options.append adds to a file that is there; default false: the first epoch of each fit begins a new one */
  constructor(path: string, options: { readonly append?: boolean } = {}) {
    super();
    this.path = needPath('path', path, 'the path of a file');
    needOptions('CsvLogCallback', options);
    this.append = needFlag('append', options.append ?? false);
  }

  override async beginFit(): Promise<void> {
    const names = this.stats().names;
    const header = [
      'epoch',
      ...names.map((name) => `train_${name}`),
      ...names.map((name) => `valid_${name}`),
      'lr',
      'seconds',
      'images_per_second',
    ];
    const line = `${header.map(quoted).join(',')}\n`;
    await this.write(async () => {
      await makeFolder(dirname(this.path));
      if (!this.append) await writeFile(this.path, line);
      else if (await isMissing(this.path)) await appendFile(this.path, line);
    });
  }

  override async afterEpoch(): Promise<void> {
    const stats = this.stats();
    const record = stats.records.at(-1);
    if (record === undefined) return;
    const row = [
      ...cells(record, stats.names),
      this.learn.opt.hypers.at(-1)?.lr,
      record.seconds,
      record.imagesPerSecond,
    ];
    await this.write(() => appendFile(this.path, `${record.epoch + 1},${row.map((value) => value ?? '').join(',')}\n`));
  }

  private stats(): AvgStatsCallback {
    const stats = this.learn.find(AvgStatsCallback);
    if (stats === null) throw new TenchError('CsvLogCallback writes what an AvgStatsCallback measures; add one');
    return stats;
  }

  private async write(how: () => Promise<void>): Promise<void> {
    try {
      await how();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new TenchError(`cannot write ${this.path}: ${error.message}`, { code: 'ERR_TENCH_WRITE', cause: error });
    }
  }
}

const cells = (record: EpochRecord, names: readonly string[]): (number | undefined)[] =>
  [record.train, record.valid].flatMap((pass) => names.map((name) => pass?.[name]));

/** RFC 4180. */
const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

async function isMissing(path: string): Promise<boolean> {
  return stat(path).then(
    ({ size }) => size === 0,
    () => true,
  );
}
