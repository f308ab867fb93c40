/** What a batch holds, as data for people to look at: texts, tables and pictures are made of it elsewhere. */

import { needCount, needInstance, needOptions } from '../tensor/checks.js';
import { DataLoader } from './loader.js';

/** Options of {@link showBatch}. */
export interface ShowOptions {
  /** How many items. Default 9. */
  count?: number;
}

/** One item of a batch, for people. */
export interface ShownItem {
  /** The item's name, a path where it has one. */
  readonly name: string;
  /** Its position in the data set. */
  readonly index: number;
  /** What a model gets, e.g. a tensor of an image, or as far back as processors know the way, e.g. the words of a text. */
  readonly x: unknown;
  /** The label as it was, e.g. a class name; undefined where there is none. */
  readonly y: unknown;
}

/**
 * The first items of the epoch that comes next, in its order and with its draws of the transforms: what training is about to see. Looking does
 * not count as an epoch.
 */
export async function showBatch(loader: DataLoader<unknown>, options: ShowOptions = {}): Promise<ShownItem[]> {
  needInstance('loader', loader, DataLoader);
  needOptions('showBatch', options);
  const count = needCount('count', options.count ?? 9, 1);
  const { dataset, seed, nextEpoch: epoch } = loader;
  const draw = { seed, epoch };
  const shown: ShownItem[] = [];
  for (const index of loader.order(epoch).slice(0, count)) {
    const sample =
      dataset.show === undefined ? partsOf(await dataset.get(index, draw)) : await dataset.show(index, draw);
    shown.push({ name: dataset.nameOf?.(index) ?? `item ${index}`, index, x: sample.x, y: sample.y });
  }
  return shown;
}

function partsOf(sample: unknown): { x: unknown; y: unknown } {
  if (!Array.isArray(sample)) return { x: sample, y: undefined };
  const [x, y] = sample as unknown[];
  return { x, y };
}
