/** The table by epoch: one aligned row for each, printed as it comes, that also reads well in a log file. */

import { formatEpoch, formatValue, needRecord, type EpochRecord } from '../learner/epochRecord.js';
import { needArray, needInRange, needText } from '../tensor/checks.js';
import { formatDuration } from '../tensor/units.js';

interface Column {
  readonly group: string;
  readonly title: string;
  readonly width: number;
  value(record: EpochRecord): string;
}

const gap = '  ';

/** Formats epochs as rows: number, loss and metrics of training and of validation, wall time, training images per second. */
export class EpochTable {
  private readonly columns: readonly Column[];

  /**
   * @param names what each pass measures, e.g. `['loss', 'accuracy']`
   * @param maxWidth characters that a line may have; where the table is wider, each epoch becomes a few short lines instead. Default: no limit
   */
  constructor(
    names: readonly string[],
    private readonly maxWidth = Infinity,
  ) {
    for (const name of needArray('names', names)) needText('names', name);
    needInRange('maxWidth', maxWidth, { least: 0 });
    const passColumns = (pass: 'train' | 'valid') =>
      names.map((name): Column => ({
        group: pass,
        title: name,
        width: Math.max(name.length, 7),
        value: (record) => formatValue(record[pass]?.[name]),
      }));
    this.columns = [
      { group: '', title: 'epoch', width: 5, value: (record) => String(record.epoch + 1) },
      ...passColumns('train'),
      ...passColumns('valid'),
      { group: '', title: 'time', width: 7, value: (record) => formatDuration(record.seconds) },
      { group: '', title: 'images/s', width: 8, value: (record) => record.imagesPerSecond.toFixed(0) },
    ];
  }

  /** Whether rows fit the width. */
  get fits(): boolean {
    return this.columns.reduce((sum, { width }) => sum + width + gap.length, -gap.length) <= this.maxWidth;
  }

  /** The two lines above the rows; none where the table does not fit. */
  header(): string[] {
    if (!this.fits) return [];
    const groups = this.columns.map(({ group }, i) => (group !== this.columns[i - 1]?.group ? group : ''));
    return [this.line(groups), this.line(this.columns.map(({ title }) => title))].map((text) => text.trimEnd());
  }

  /** The lines of one epoch: a row, or where it does not fit, the same in words. */
  row(record: EpochRecord): string[] {
    needRecord(record);
    if (this.fits) return [this.line(this.columns.map((column) => column.value(record)))];
    return formatEpoch(record)
      .split(gap)
      .map((part, i) => (i === 0 ? part : gap + part));
  }

  private line(cells: readonly string[]): string {
    return cells.map((cell, i) => cell.padStart(this.columns[i]?.width ?? 0)).join(gap);
  }
}
