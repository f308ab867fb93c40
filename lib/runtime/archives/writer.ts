/**
 * Writes the entries of an archive that nobody vouches for, and refuses every one that could touch anything outside its
 * folder.
 *
 * Entries are refused, never repaired or skipped: an archive with `../` in it is broken or hostile, and a data set that
 * is silently smaller than its archive is worse than an error. Since no link is ever made, no entry can lead out
 * through another.
 */

import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { TenchError } from '../errors.js';
import { codeOf } from '../systemError.js';

export interface WriterLimits {
  maxBytes: number;
  maxEntries: number;
}

/** What the archive says of a file, as far as it matters here. */
export interface FileFacts {
  /** In bytes. */
  size: number;
  executable: boolean;
}

/** Whether a file with these Unix permissions may be run by its owner. */
export function isExecutable(mode: number): boolean {
  return (mode & 0o100) !== 0;
}

/** One archive's entries on their way into one folder. */
export class EntryWriter {
  readonly #archive: string;
  readonly #folder: string;
  readonly #limits: WriterLimits;
  readonly #made = new Set<string>();
  readonly #files = new Set<string>();
  #bytes = 0;
  #entries = 0;

  constructor(archive: string, folder: string, limits: WriterLimits) {
    this.#archive = archive;
    this.#folder = folder;
    this.#limits = limits;
    this.#made.add('.');
  }

  /** Makes the folder `name`. */
  async folder(name: string): Promise<void> {
    const path = this.#check(name);
    await this.#make(path, name);
  }

  /**
   * Writes the file `name` from `body`, which must bring exactly `size` bytes. Of the permissions only "executable" is
   * kept: the archive has no say in who may write here.
   */
  async file(name: string, { size, executable }: FileFacts, body: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.#check(name);
    if (path === '.') throw this.refuse(name, 'a file has no name');
    this.#count(size, name);
    await this.#make(dirname(path), name);
    if (this.#files.has(path)) throw this.refuse(name, 'it occurs twice');
    this.#files.add(path);
    const file = await this.#create(join(this.#folder, path), executable ? 0o777 : 0o666, name);
    let written = 0;
    try {
      for await (const piece of body) {
        written += piece.length;
        if (written > size) break;
        await file.writeFile(piece);
      }
    } finally {
      await file.close();
    }
    if (written !== size)
      throw this.refuse(name, `it says that it has ${size} bytes but brings ${written > size ? 'more' : written}`);
  }

  /** The error for an entry that must not be unpacked. */
  refuse(name: string, why: string): TenchError {
    const message = `refusing to unpack ${this.#archive} because of its entry ${JSON.stringify(name)}: ${why}`;
    return new TenchError(message, { code: 'ERR_TENCH_ARCHIVE' });
  }

  /** The entry's path below the folder, or an error. */
  #check(name: string): string {
    this.#entries += 1;
    if (this.#entries > this.#limits.maxEntries) {
      throw this.refuse(
        name,
        `it is beyond the limit of ${this.#limits.maxEntries} entries (raise maxEntries if you trust the archive)`,
      );
    }
    if (name.includes('\0')) throw this.refuse(name, 'its name holds a zero byte');
    if (name.includes('\\')) throw this.refuse(name, 'its name holds a backslash');
    if (name.startsWith('/') || /^[a-z]:/i.test(name)) throw this.refuse(name, 'its path is absolute');
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw this.refuse(name, 'it would leave the folder');
    return parts.join('/') || '.';
  }

  #count(size: number, name: string): void {
    if (!Number.isSafeInteger(size) || size < 0) throw this.refuse(name, 'its size is not a number');
    this.#bytes += size;
    if (this.#bytes > this.#limits.maxBytes) {
      throw this.refuse(
        name,
        `with it the files exceed ${this.#limits.maxBytes} bytes (raise maxBytes if you trust the archive)`,
      );
    }
  }

  /**
   * A new file, never one that is written into: what was there before the archive (of another wheel, say) gives way.
   */
  async #create(path: string, mode: number, name: string): Promise<FileHandle> {
    try {
      return await open(path, 'wx', mode);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    await unlink(path).catch((error: unknown) => {
      throw codeOf(error) === 'EISDIR' || codeOf(error) === 'EPERM'
        ? this.refuse(name, 'there is a folder of its name')
        : error;
    });
    return open(path, 'wx', mode);
  }

  async #make(path: string, name: string): Promise<void> {
    if (this.#made.has(path)) return;
    await mkdir(join(this.#folder, path), { recursive: true }).catch((error: unknown) => {
      const clash = codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOTDIR';
      throw clash ? this.refuse(name, 'its folder is a file elsewhere in the archive') : error;
    });
    this.#made.add(path);
  }
}
