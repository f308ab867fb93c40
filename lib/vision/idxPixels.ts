/** The pixels of IDX files: images of one size, one after another, from one file or several. */

import { readIdx } from '../data/idx.js';
import { needArray, needCount, needOptions, needText } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';

/** Where the pixels come from, as plain data. */
export interface IdxSource {
  readonly width: number;
  readonly height: number;
  readonly files: readonly { readonly path: string; readonly count: number }[];
}

export class IdxPixels implements IdxSource {
  readonly width: number;
  readonly height: number;
  readonly files: IdxSource['files'];
  /** How many images there are. */
  readonly count: number;
  #data: Uint8Array | Promise<Uint8Array> | undefined;

  /** @param data the pixels; without it the files are read when they are first asked for */
  constructor(source: IdxSource, data?: Uint8Array) {
    needOptions('pixels', source);
    this.width = needCount('pixels.width', source.width, 1);
    this.height = needCount('pixels.height', source.height, 1);
    this.files = needArray<IdxSource['files']>('pixels.files', source.files).map((file) => {
      needOptions('pixels.files', file);
      return { path: needText('pixels.files', file.path), count: needCount('pixels.files', file.count) };
    });
    this.count = this.files.reduce((sum, { count }) => sum + count, 0);
    this.#data = data;
  }

  /**
   * The images of files, read now.
   *
   * @throws TenchError that names the file if it is missing, damaged, of other numbers, or of another size of images than the first
   */
  static async read(paths: readonly string[]): Promise<IdxPixels> {
    const arrays = await Promise.all(paths.map(readIdx));
    const [, height = 1, width = 1] = arrays[0]?.shape ?? [];
    const parts = arrays.map(({ shape, data }, index) => {
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
    const data = new Uint8Array(parts.reduce((sum, part) => sum + part.data.length, 0));
    let at = 0;
    for (const part of parts) {
      data.set(part.data, at);
      at += part.data.length;
    }
    return new IdxPixels({ width, height, files: parts.map(({ path, count }) => ({ path, count })) }, data);
  }

  /** The bytes of one image, or a promise of them where the files must be read first. */
  at(image: number): Uint8Array | Promise<Uint8Array> {
    const size = this.width * this.height;
    const cut = (data: Uint8Array): Uint8Array => data.subarray(image * size, (image + 1) * size);
    this.#data ??= this.#again();
    return this.#data instanceof Promise ? this.#data.then(cut) : cut(this.#data);
  }

  async #again(): Promise<Uint8Array> {
    try {
      const found = await IdxPixels.read(this.files.map(({ path }) => path));
      const changed = this.files.find(({ count }, i) => count !== found.files[i]!.count);
      const [first] = this.files;
      if (changed !== undefined || found.width !== this.width || found.height !== this.height)
        throw new TenchError(`${(changed ?? first)!.path} has other images than when the list was saved`);
      return (this.#data = found.#data as Uint8Array);
    } catch (error) {
      // Whoever mends the files may try again.
      this.#data = undefined;
      throw error;
    }
  }

  toJSON(): IdxSource {
    const { width, height, files } = this;
    return { width, height, files };
  }
}
