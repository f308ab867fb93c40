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
}

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
