/** ImageList: paths of image files, or the bytes of some in memory, that open as images. */

import { TenchError } from '../tensor/errors.js';
import type { Transforms } from '../data/compose.js';
import { getFiles, imageExtensions, type GetFilesOptions } from '../data/files.js';
import { ItemList, needRequest, type BatchRequest } from '../data/itemList.js';
import { needArray, needOptions } from '../tensor/checks.js';
import type { Tensor } from '../tensor/index.js';
import { BatchPainter } from './batchPainter.js';
import {
  checkedDecoding,
  decodeImage,
  decodedBytes,
  inputOf,
  type DecodeOptions,
  type ImageSource,
  type NamedBytes,
} from './decode.js';
import type { Image } from './image.js';
import type { PaintedItem } from './paintedItem.js';
import { PlannedChain } from './plannedChain.js';

export interface ImageListOptions extends GetFilesOptions, DecodeOptions {
  tfms?: Transforms;
}

/**
 * A list of images; `get` decodes one and runs the transforms. O is what the transforms end in, T what the items are: paths, or for images in
 * memory the bytes of their files, plain or with a name.
 */
export class ImageList<O = Image, T extends ImageSource = string> extends ItemList<T, O> {
  /** How the list's files are decoded. */
  readonly decoding: DecodeOptions;
  #madePainter: BatchPainter | undefined | null = null;

  constructor(items: Iterable<T>, path = '.', tfms: Transforms = null, decoding: DecodeOptions = {}) {
    super(items, path, tfms);
    for (const item of this.items) inputOf(item);
    checkedDecoding('ImageList', decoding);
    this.decoding = decoding;
  }

  /**
   * The images of a folder, sorted by path.
   *
   * @param path the folder
   * @param options `extensions`: endings to keep (default {@link imageExtensions}); `recurse`: also look into folders below (default true);
   *   `include`: only these folders of the first level; `tfms`: the transforms; `maxPixels`: the largest image that is opened; `allowTruncated`:
   *   take files that have ended too early
   * @throws TenchError if the folder is missing or holds no such file
   */
  static fromFiles<O = Image>(path: string, options: ImageListOptions = {}): ImageList<O> {
    needOptions('ImageList.fromFiles', options);
    const { extensions = imageExtensions, recurse = true, include = null, tfms = null, ...decoding } = options;
    checkedDecoding('ImageList.fromFiles', decoding);
    const files = getFiles(path, { extensions, recurse, include });
    if (files.length === 0) {
      const where = recurse ? `${path} or the folders below it` : path;
      throw new TenchError(`there is no image file in ${where}`, { code: 'ERR_TENCH_FILE' });
    }
    return new ImageList<O>(files, path, tfms, decoding);
  }

  override open(item: T): Promise<Image> {
    return decodeImage(item, this.decoding);
  }

  /** Where all is native, from the file or its bytes to the tensor, native threads paint the batch; pixels and errors are the same. */
  override async getBatch(indices: readonly number[], request: BatchRequest): Promise<Tensor[]> {
    const painter = this.#painter();
    if (painter === undefined) return super.getBatch(indices, request);
    const { occurrences } = needRequest(request);
    const itemAt = (index: number, place: number): PaintedItem => {
      const position = this.position(index);
      const source = this.items[position]!;
      return { source, name: this.nameOf(position), index: position, occurrence: occurrences?.[place] };
    };
    const batch = await painter.paint(needArray('indices', indices).map(itemAt), request, itemAt);
    return batch === undefined ? [] : [batch];
  }

  /** Undefined where a step of the chain, or a subclass's way of opening files, is JavaScript's. */
  #painter(): BatchPainter | undefined {
    if (this.#madePainter !== null) return this.#madePainter;
    const chain = this.open === ImageList.prototype.open ? PlannedChain.of(this.chain) : undefined;
    this.#madePainter = chain && new BatchPainter({ chain, decoding: this.decoding });
    return this.#madePainter;
  }

  override nameOf(index: number): string {
    const name = super.nameOf(index);
    const item: ImageSource | undefined = this.items[index];
    return isNamed(item) ? item.name : name;
  }

  protected override weigh(item: T): number {
    return decodedBytes(item);
  }

  protected override settings(): [DecodeOptions] {
    return [this.decoding];
  }

  protected override savedSettings(): unknown[] {
    return Object.keys(this.decoding).length === 0 ? [] : this.settings();
  }
}

function isNamed(item: unknown): item is NamedBytes {
  return typeof item === 'object' && item !== null && 'name' in item && 'bytes' in item;
}
