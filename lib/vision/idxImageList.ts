/** IdxImageList: the images of IDX files, as the MNIST digits come; an item is a position in one buffer of pixels. */

import { basename } from 'node:path';
import type { Transforms } from '../data/compose.js';
import { ItemList } from '../data/itemList.js';
import { needArray, needCount, needNumber, needOptions } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { IdxPixels, type IdxSource } from './idxPixels.js';
import { Image } from './image.js';

const NONE: IdxSource = { width: 1, height: 1, files: [] };

/**
 * A list of grey images held in memory; `get` gives one as an Image of one channel, transformed. O is what the transforms end in.
 *
 * As JSON it has the paths of its files; they are read again when an image is first opened.
 */
export class IdxImageList<O = Image> extends ItemList<number, O> {
  readonly #pixels: IdxPixels;

  constructor(items: Iterable<number>, path = '.', tfms: Transforms = null, pixels: IdxSource = NONE) {
    super(items, path, tfms);
    this.#pixels = pixels instanceof IdxPixels ? pixels : new IdxPixels(pixels);
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
    const pixels = await IdxPixels.read(paths);
    return new IdxImageList<O>(
      Array.from({ length: pixels.count }, (_, index) => index),
      path,
      tfms,
      pixels,
    );
  }

  override open(item: number): Image | Promise<Image> {
    const { width, height, count } = this.#pixels;
    if (needCount('item', item) >= count) throw invalid('item', `a position among ${count} images`, item);
    const image = (data: Uint8Array): Image =>
      new Image({ width, height, channels: 1, data, path: this.#nameOfItem(item) });
    const data = this.#pixels.at(item);
    return data instanceof Promise ? data.then(image) : image(data);
  }

  override nameOf(index: number): string {
    return this.#nameOfItem(this.items[needCount('index', index)] ?? -1);
  }

  protected override settings(): [IdxPixels] {
    return [this.#pixels];
  }

  protected override savedSettings(): [IdxSource] {
    return [this.#pixels.toJSON()];
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
