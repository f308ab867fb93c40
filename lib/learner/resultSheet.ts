/** Items beside what a model said of them, as a contact sheet; and which items the places of a pass are. */

import { needCount, needInRange, needOptions, needText } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import { isTensor, type Tensor } from '../tensor/index.js';
import { ContactSheet, Image, type ChannelStats, type Panel } from '../vision/index.js';
import { DataLoader } from '../data/index.js';
import type { ItemResult } from './interpretation.js';
import type { BatchLoader } from './options.js';

/** How pictures with results are laid out. `mean` and `std`: where items themselves, not batches, are normalised. */
export interface ResultSheetOptions extends Partial<ChannelStats> {
  /** Pictures beside each other. Default: as many as there are rows. */
  readonly columns?: number;
  /** How many pixels of the sheet one of a picture takes. Default: 1, and as many as make small pictures 96 wide. */
  readonly zoom?: number;
  /** Of the sheet. */
  readonly title?: string;
}

/** Where the items of a pass come from. */
export interface ItemSource {
  readonly vocab: readonly string[] | null;
  /** Which item is at a place of the pass. */
  at(place: number): { readonly index: number | null; readonly name: string | null };
  /** What the model got of an item. */
  get(index: number): Promise<unknown>;
}

/** The items of an epoch of a loader, the last that it was walked through. @param count how many the pass had */
export function sourceOf(dl: BatchLoader, count: number, epoch = 0): ItemSource {
  if (!(dl instanceof DataLoader)) {
    const get = () => Promise.reject(new TenchError('only the items of a DataLoader can be shown again'));
    return { vocab: null, at: () => ({ index: null, name: null }), get };
  }
  const { dataset, seed } = dl as DataLoader<unknown>;
  const indices = itemsOf(dl as DataLoader<unknown>, count, epoch);
  const { vocab } = dataset as { readonly vocab?: readonly unknown[] | null };
  return {
    vocab: Array.isArray(vocab) ? vocab.map(String) : null,
    at: (place) => {
      const index = indices?.[place] ?? null;
      return { index, name: index === null ? null : (dataset.nameOf?.(index) ?? `item ${index}`) };
    },
    get: async (index) => {
      const draw = { seed, epoch };
      if (dataset.show !== undefined) return (await dataset.show(index, draw)).x;
      const sample: unknown = await dataset.get(index, draw);
      return Array.isArray(sample) ? (sample as unknown[])[0] : sample;
    },
  };
}

/** Positions in the data set by place; null where items that failed were replaced by others. */
function itemsOf(dl: DataLoader<unknown>, count: number, epoch: number): readonly number[] | null {
  const order = dl.order(epoch);
  if (dl.failures.length === 0) return order;
  if (dl.onError !== 'skip') return null;
  const failed = new Set(dl.failures.map(({ index }) => index));
  const left = order.filter((index) => !failed.has(index));
  return left.length >= count ? left : null;
}

const leastWidth = 96;

/** The pictures of items, each with what it is and what it was taken for below. */
export async function resultSheet(
  results: readonly ItemResult[],
  source: ItemSource,
  options: ResultSheetOptions,
): Promise<ContactSheet> {
  needOptions('sheet', options);
  const { columns = Math.ceil(Math.sqrt(results.length)), zoom, mean, std, title = 'Results' } = options;
  needCount('columns', columns, 1);
  if (zoom !== undefined) needInRange('zoom', zoom, { least: 0.01, most: 100 });
  needText('title', title);
  const panels = await Promise.all(
    results.map(async (result): Promise<Panel> => {
      if (result.index === null)
        throw new TenchError(
          'which items these are is not known, so they cannot be shown: the loader must be a DataLoader that replaces none',
        );
      const image = needPicture(await source.get(result.index), result);
      const width = image instanceof Image ? image.size[0] : image.shape.at(-1)!;
      return { image, zoom: zoom ?? Math.max(1, Math.ceil(leastWidth / width)), ...wordsFor(result) };
    }),
  );
  const rows = Array.from({ length: Math.ceil(panels.length / columns) }, (_, row) =>
    panels.slice(row * columns, (row + 1) * columns),
  );
  return new ContactSheet(rows, { title, ...(mean && { mean }), ...(std && { std }) });
}

function needPicture(x: unknown, { name }: ItemResult): Image | Tensor {
  if (x instanceof Image || isTensor(x)) return x;
  throw new TenchError(
    `${name ?? 'an item'} is no picture, so it cannot be shown: an Image or a tensor of one is needed`,
  );
}

/** The caption of a result, and how it stands out. */
function wordsFor({ actual, predicted, probability, loss }: ItemResult): Omit<Panel, 'image' | 'zoom'> {
  const share = probability === null ? '' : ` (${Math.round(100 * probability)} %)`;
  const tail = `loss ${loss.toPrecision(3)}`;
  if (actual === null || predicted === null) return { caption: tail };
  if (probability === null) return { caption: `${actual}\npredicted ${Number(predicted).toPrecision(4)}\n${tail}` };
  if (actual === predicted) return { caption: `${actual}${share}\n${tail}`, tone: 'right' };
  return { caption: `${actual}\nnot ${predicted}${share}\n${tail}`, tone: 'wrong' };
}
