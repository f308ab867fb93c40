/** What is known about an epoch when it is over. */

import { needCount, needInRange, needOptions } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';

/** Sample-weighted means over one pass: `loss`, and each metric by its name. */
export type Averages = Readonly<Record<string, number>>;

/** One epoch's statistics. */
export interface EpochRecord {
  /** From 0, within its fit. */
  readonly epoch: number;
  /** Null when the pass saw no batch. */
  readonly train: Averages | null;
  readonly valid: Averages | null;
  /** Wall time of training and validation. */
  readonly seconds: number;
  /** Training samples divided by the wall time of the training pass alone. */
  readonly imagesPerSecond: number;
}

/** A number for people: four digits after the point. */
export function formatValue(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(4);
}

/** A record as one line, e.g. `epoch 1  train loss 1.2345 accuracy 0.5678  valid loss ...  12.3 s  456 images/s`. */
export function formatEpoch(record: EpochRecord): string {
  needRecord(record);
  const pass = (name: string, averages: Averages | null) =>
    averages === null
      ? []
      : [[name, ...Object.entries(averages).map(([key, value]) => `${key} ${formatValue(value)}`)].join(' ')];
  return [
    `epoch ${record.epoch + 1}`,
    ...pass('train', record.train),
    ...pass('valid', record.valid),
    `${record.seconds.toFixed(1)} s`,
    `${record.imagesPerSecond.toFixed(0)} images/s`,
  ].join('  ');
}

/** A record as a callback may have made it by hand. */
export function needRecord(record: EpochRecord): EpochRecord {
  needOptions('record', record);
  needCount('record.epoch', record.epoch);
  for (const pass of ['train', 'valid'] as const) {
    const averages = record[pass];
    if (averages === null) continue;
    needOptions(`record.${pass}`, averages);
    for (const [name, value] of Object.entries(averages) as [string, unknown][])
      if (typeof value !== 'number') throw invalid(`record.${pass}.${name}`, 'a number', value);
  }
  needInRange('record.seconds', record.seconds);
  needInRange('record.imagesPerSecond', record.imagesPerSecond);
  return record;
}
