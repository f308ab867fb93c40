/** Looking at augmentation: versions of one picture side by side, and the items of a batch before and after. */

import type { ShownItem } from '../../data/showBatch.js';
import { needArray, needCount, needFunction, needInRange, needOptions, needTensor } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import { isTensor, stack, type Tensor } from '../../tensor/index.js';
import { ContactSheet, toImage, type Panel } from '../contactSheet.js';
import { Image } from '../image.js';
import type { ChannelStats } from '../normalize.js';
import { toByteTensor } from '../transforms/toTensor.js';
import type { BatchAugment } from './batchAugment.js';

/** Options of `BatchAugment.show`. */
export interface ShowVersionsOptions {
  /** How many pixels of the sheet a pixel of a picture takes. Default 1. */
  readonly zoom?: number;
}

const statsOf = ({ mean, std }: BatchAugment): Partial<ChannelStats> =>
  mean === null || std === null ? {} : { mean, std };

/** See `BatchAugment.show`. */
export function showVersions(augment: BatchAugment, x: Tensor, n: number, options: ShowVersionsOptions): ContactSheet {
  if (needCount('n', n, 1) > 1000) throw invalid('n', 'a whole number from 1 to 1000', n);
  needOptions('show', options);
  const zoom = needInRange('zoom', options.zoom ?? 1, { least: 0.01, most: 100 });
  const { ndim } = needTensor('x', x);
  if (ndim !== 3 && ndim !== 4) throw invalid('x', 'a picture [channels, height, width], or a batch of them', x);
  const batch = ndim === 3 ? x.unsqueeze(0) : x;
  const versions = Array.from({ length: n }, (_, epoch) => augment.apply(batch, { epoch }));
  const rows = batch.unbind(0).map((original, i): Panel[] => [
    { caption: 'original', image: toImage(original), zoom },
    ...versions.map((version, k) => ({
      caption: `version ${k + 1}`,
      image: toImage(version.select(0, i), statsOf(augment)),
      zoom,
    })),
  ]);
  return new ContactSheet(rows, { title: 'One picture, many versions' });
}

/** Options of {@link batchSheet}. */
export interface BatchSheetOptions extends Partial<ChannelStats> {
  /** What is done to the batch: then a second row shows what a model gets. `mean` and `std` are its own in that row. */
  readonly augment?: BatchAugment;
  /** How many pixels of the sheet one of a picture takes. Default 1. */
  readonly zoom?: number;
}

/**
 * The items that `showBatch` gave as a contact sheet, their labels below them; with `augment` before and after. Options `mean` and `std` say how
 * the items' own tensors are normalised, if they are.
 *
 *     const sheet = batchSheet(await data.showBatch(), { augment });
 */
export function batchSheet(items: readonly ShownItem[], options: BatchSheetOptions = {}): ContactSheet {
  needOptions('batchSheet', options);
  const { augment, mean, std, zoom } = options;
  const pictures = needArray('items', items, 'the items that showBatch gives').map((item) => {
    const x: unknown = (item as Partial<ShownItem> | null | undefined)?.x;
    if (x instanceof Image || isTensor(x)) return x;
    throw invalid('items', 'items whose `x` is an Image or a tensor of one', item);
  });
  const rowOf = (images: readonly (Image | Tensor)[]): Panel[] =>
    images.map((image, i) => ({ caption: captionOf(items[i]!), image, ...(zoom === undefined ? {} : { zoom }) }));
  const before = pictures.map((x) => (isTensor(x) ? toImage(x, { ...(mean && { mean }), ...(std && { std }) }) : x));
  if (augment === undefined) return new ContactSheet([rowOf(before)], { title: 'A batch' });
  needFunction('augment.apply', (augment as Partial<BatchAugment>).apply);
  const batch = stack(pictures.map((x) => (isTensor(x) ? x : toByteTensor(x))));
  const after = augment.apply(batch).unbind(0);
  const rows = [rowOf(before), rowOf(after.map((x) => toImage(x, statsOf(augment))))];
  return new ContactSheet(rows, { title: 'A batch before and after augmentation' });
}

const captionOf = ({ y, name }: ShownItem): string => {
  if (typeof y === 'string' || typeof y === 'number') return String(y);
  return typeof name === 'string' ? name : '';
};
