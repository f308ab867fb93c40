/** Folders that are made where they are missing. */

import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it, one by one: Node's own `recursive` never returns where the system refuses a name with ENOENT, as in /proc.
 *
 * @returns whether it was missing
 */
export async function makeFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() === true) return false;
  if (dirname(path) !== path) await makeFolder(dirname(path));
  await mkdir(path).catch((error: unknown) => {
    // Another process may have been quicker, but a file in the way stays an error.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || found !== null) throw error;
  });
  return true;
}
