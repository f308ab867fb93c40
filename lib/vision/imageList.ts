/** ImageList: paths of image files that open as images. */

import { TenchError } from '../tensor/errors.js';
import type { Transforms } from '../data/compose.js';
import { getFiles, imageExtensions, type GetFilesOptions } from '../data/files.js';
import { ItemList } from '../data/itemList.js';
import { decodeImage, decodedBytes, type DecodeOptions } from './decode.js';
import type { Image } from './image.js';

export interface ImageListOptions extends GetFilesOptions, DecodeOptions {
  tfms?: Transforms;
}

/** A list of image files; `get` decodes one and runs the transforms. O is what the transforms end in. */
export class ImageList<O = Image> extends ItemList<string, O> {
  /** How the list's files are decoded. */
  readonly decoding: DecodeOptions;

  constructor(items: Iterable<string>, path = '.', tfms: Transforms = null, decoding: DecodeOptions = {}) {
    super(items, path, tfms);
    this.decoding = decoding;
  }

  /**
   * The images of a folder, sorted by path.
   *
   * @param path the folder
   * @param options `extensions`: endings to keep (default {@link imageExtensions}); `recurse`: also look into folders below (default true);
   *   `include`: only these folders of the first level; `tfms`: the transforms; `maxPixels`: the largest image that is opened
   * @throws TenchError if the folder is missing or holds no such file
   */
  static fromFiles<O = Image>(
    path: string,
    { extensions = imageExtensions, recurse = true, include = null, tfms = null, ...decoding }: ImageListOptions = {},
  ): ImageList<O> {
    const files = getFiles(path, { extensions, recurse, include });
    if (files.length === 0) {
      const where = recurse ? `${path} or the folders below it` : path;
      throw new TenchError(`there is no image file in ${where}`, { code: 'ERR_TENCH_FILE' });
    }
    return new ImageList<O>(files, path, tfms, decoding);
  }

  override open(path: string): Promise<Image> {
    return decodeImage(path, this.decoding);
  }

  protected override weigh(path: string): number {
    return decodedBytes(path);
  }

  protected override settings(): [DecodeOptions] {
    return [this.decoding];
  }
}
