/** IdxImageList: the images of IDX files, as the MNIST digits come; an item is a position in one buffer of pixels. */

import { basename } from 'node:path';
import type { Transforms } from '../data/compose.js';
import { readIdx } from '../data/idx.js';
import { ItemList } from '../data/itemList.js';
import { needArray, needCount, needNumber, needOptions } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { Image } from './image.js';

/** Images of one size, one after another, and the files that they came from in order. */
interface PixelStore {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly files: readonly { readonly path: string; readonly count: number }[];
}

const EMPTY: PixelStore = { width: 1, height: 1, data: new Uint8Array(0), files: [] };

/** A list of grey images held in memory; `get` gives one as an Image of one channel, transformed. O is what the transforms end in. */
export class IdxImageList<O = Image> extends ItemList<number, O> {
  readonly #pixels: PixelStore;

  constructor(items: Iterable<number>, path = '.', tfms: Transforms = null, pixels: PixelStore = EMPTY) {
    super(items, path, tfms);
    this.#pixels = pixels;
  }

  /**
   * The images of one or several IDX files (of three axes of bytes: images, rows, columns), numbered through in the files' order.
   *
   * @param path the folder that the files' names are relative to in messages
   * @throws TenchError that names the file if it is missing, damaged, of other numbers, or of another size of images than the first
   */
  static async fromFiles<O = Image>(
    files: string | readonly string[],
    options: { path?: string; tfms?: Transforms } = {},
  ): Promise<IdxImageList<O>> {
    needOptions('IdxImageList.fromFiles', options);
    const { path = '.', tfms = null } = options;
    const paths =
      typeof files === 'string' ? [files] : [...needArray('files', files, 'the path of a file, or an array of them')];
    const arrays = await Promise.all(paths.map(readIdx));
    const [, height = 1, width = 1] = arrays[0]?.shape ?? [];
    const stores = arrays.map(({ shape, data }, index) => {
      const name = paths[index]!;
      if (shape.length !== 3 || !(data instanceof Uint8Array))
        throw new TenchError(`${name} holds no images: its sizes are ${shape.join(' x ')}`);
      if (shape[1] !== height || shape[2] !== width) {
        throw new TenchError(
          `${name} has images of ${shape[2]} x ${shape[1]}, but ${paths[0]} of ${width} x ${height}`,
        );
      }
      return { path: name, count: shape[0]!, data };
    });
    const total = stores.reduce((sum, { count }) => sum + count, 0);
    const data = new Uint8Array(total * height * width);
    let at = 0;
    for (const store of stores) {
      data.set(store.data, at);
      at += store.data.length;
    }
    const pixels = { width, height, data, files: stores.map(({ path: file, count }) => ({ path: file, count })) };
    return new IdxImageList<O>(
      Array.from({ length: total }, (_, index) => index),
      path,
      tfms,
      pixels,
    );
  }

  override open(item: number): Image {
    const count = this.#pixels.files.reduce((sum, file) => sum + file.count, 0);
    if (needCount('item', item) >= count) throw invalid('item', `a position among ${count} images`, item);
    const { width, height, data } = this.#pixels;
    const size = width * height;
    return new Image({
      width,
      height,
      channels: 1,
      data: data.subarray(item * size, (item + 1) * size),
      path: this.#nameOfItem(item),
    });
  }

  override nameOf(index: number): string {
    return this.#nameOfItem(this.items[needCount('index', index)] ?? -1);
  }

  protected override settings(): [PixelStore] {
    return [this.#pixels];
  }

  #nameOfItem(item: number): string {
    let position = needNumber('item', item);
    for (const { path, count } of this.#pixels.files) {
      if (position < count) return `${basename(path)}[${position}]`;
      position -= count;
    }
    return `image ${item}`;
  }
}
