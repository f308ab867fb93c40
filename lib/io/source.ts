/** A file that is being read: its size is known from the start, nothing is read past its end, and its errors name it. */

import { constants } from 'node:buffer';
import { open, type FileHandle } from 'node:fs/promises';

import { TenchError, invalid } from '../tensor/errors.js';
import { isSystemError } from '../runtime/systemError.js';

/** The system reads at most 2 GiB at once. */
const largestRead = 1 << 30;

/**
 * The file at a path. Regular files are read where bytes are asked for; a pipe is read whole at once, since it has no size and no places.
 */
export class Source {
  private constructor(
    readonly path: string,
    /** What the file should be, for messages: `a safetensors file`. */
    readonly format: string,
    /** In bytes. */
    readonly size: number,
    private readonly file: FileHandle,
    /** All bytes of what is not a regular file. */
    private readonly content: Uint8Array | null,
  ) {}

  /**
   * Opens a file, gives it to `use` and closes it.
   *
   * @throws TenchError with code `ERR_TENCH_READ` when it cannot be opened or read, and what `use` throws
   */
  static async using<T>(path: string, format: string, use: (source: Source) => Promise<T>): Promise<T> {
    if (typeof path !== 'string' || path === '' || path.includes('\0'))
      throw invalid('path', 'the path of a file', path);
    try {
      const file = await open(path, 'r');
      try {
        const stats = await file.stat();
        if (stats.isFile()) return await use(new Source(path, format, stats.size, file, null));
        if (!stats.isFIFO()) throw unreadable(path, stats.isDirectory() ? 'it is a folder' : 'it is not a file');
        const content = await file.readFile();
        return await use(new Source(path, format, content.length, file, content));
      } finally {
        await file.close();
      }
    } catch (error) {
      throw isSystemError(error) ? unreadable(path, error.message, error) : error;
    }
  }

  /** The open file's number when its bytes can be mapped, else null. */
  get mappable(): number | null {
    return this.content === null ? this.file.fd : null;
  }

  /**
   * Reads `count` bytes into memory of their own.
   *
   * @throws TenchError with code `ERR_TENCH_DAMAGED` when the file ends before
   */
  async read(position: number, count: number): Promise<Uint8Array<ArrayBuffer>> {
    if (position + count > this.size) throw this.damaged(`it ends at byte ${this.size}`);
    if (count > constants.MAX_LENGTH) throw this.unsupported(`${count} bytes are more than Node holds in one buffer`);
    if (this.content !== null) return Uint8Array.from(this.content.subarray(position, position + count));
    const bytes = new Uint8Array(count);
    let done = 0;
    while (done < count) {
      const { bytesRead } = await this.file.read(bytes, done, Math.min(count - done, largestRead), position + done);
      if (bytesRead === 0) throw this.damaged(`it ends at byte ${position + done}`);
      done += bytesRead;
    }
    return bytes;
  }

  /** The error for a file that is not what its format demands. */
  damaged(why: string, cause?: unknown): TenchError {
    return new TenchError(`${this.path} is not ${this.format}: ${why}`, { code: 'ERR_TENCH_DAMAGED', cause });
  }

  /** The error for a whole file that holds what tench cannot read. */
  unsupported(why: string): TenchError {
    return new TenchError(`${this.path} cannot be read: ${why}`, { code: 'ERR_TENCH_UNSUPPORTED' });
  }
}

function unreadable(path: string, why: string, cause?: unknown): TenchError {
  return new TenchError(`cannot read ${path}: ${why}`, { code: 'ERR_TENCH_READ', cause });
}

/** A name in a message: hostile ones are long. */
export function shown(name: string): string {
  return name.length > 80 ? `${name.slice(0, 77)}...` : name;
}
