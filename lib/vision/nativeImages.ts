/** What the addon does with image files, on threads of its own at the lowest priority. */

import { loadAddon } from '../runtime/native.js';

/** Stands for as many threads as the process has cores. */
export const ALL_THREADS = -1;

/** Whose work it is: what shares a lane shares its threads. */
export interface Lane {
  readonly owner: number;
  /** How many threads may work for it at a time; 0: the calling one, {@link ALL_THREADS}: as many as there are. */
  readonly threads: number;
}

interface ImageFilesAddon {
  imageReaders(): [library: string, threads: number, running: number];
  readImage(
    source: string | Uint8Array,
    owner: number,
    threads: number,
    maxPixels: number,
    allowTruncated: boolean,
  ): Promise<[width: number, height: number, channels: number, data: ArrayBuffer] | null>;

  /** A number that no other lane of this thread has. */
  newLane(): number;
  /** Opens files side by side: paths, or the bytes of files, which are copied. Of each four numbers: a {@link FileKind}, and width, height and channels. */
  openBatch(
    sources: readonly (string | Uint8Array)[],
    owner: number,
    threads: number,
    maxPixels: number,
    allowTruncated: boolean,
  ): [batch: number, known: Promise<Float64Array>];
  /** Decodes the JPEG files with these numbers, runs the program of each, which ends at `ends`, and writes it at its place. */
  paintBatch(
    batch: number,
    tensor: number,
    files: Float64Array,
    places: Float64Array,
    ends: Float64Array,
    programs: Float64Array,
    owner: number,
    threads: number,
  ): Promise<void>;
  /** Why a file could not be opened or painted, of all files. */
  batchReasons(batch: number): (string | null)[];
  /** Lets go of a batch; what is under way for it is left undone. */
  closeBatch(batch: number): void;
  /** Runs a program on pixels and writes the result at a place of a batch tensor. The pixels are taken over: a whole buffer is empty afterwards. */
  paintPixels(
    tensor: number,
    place: number,
    data: Uint8Array,
    width: number,
    height: number,
    channels: number,
    program: Float64Array,
    owner: number,
    threads: number,
  ): Promise<void>;
}

/** What openBatch says a file is. */
export const FileKind = { unreadable: 0, jpeg: 1, other: 2 } as const;

/** The addon's side of reading image files; native/image/files.h has the details. */
export const nativeImages = loadAddon() as unknown as ImageFilesAddon;

/** What reads images here, and on how many threads. */
export interface ImageReaders {
  /** How libjpeg-turbo came into the addon: 'static', 'shared', or 'none', where sharp decodes JPEG too. */
  readonly jpeg: string;
  /** The most threads that read images: as many as there are cores, unless a loader has asked for more. */
  readonly threads: number;
  /** Those that there are now; idle ones end after a moment. */
  readonly running: number;
}

/** What reads images in this process. */
export function imageReaders(): ImageReaders {
  const [jpeg, threads, running] = nativeImages.imageReaders();
  return { jpeg, threads, running };
}
