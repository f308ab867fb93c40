/** Pictures on their way into files: in the form that a name's extension asks for, whole or not at all. */

import { extname } from 'node:path';

import { writeAtomically } from '../runtime/atomic.js';
import { needPath } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';

/** What makes each form, by its extension in small letters. */
export type Forms = Readonly<Record<string, () => string | Uint8Array | Promise<string | Uint8Array>>>;

/**
 * Makes the form that the path's extension names, and writes it.
 *
 * @returns the path
 * @throws ArgumentError for another extension, TenchError if the file cannot be written
 */
export async function savePicture(argument: string, path: string, forms: Forms): Promise<string> {
  const extension = extname(needPath(argument, path)).toLowerCase();
  const make = Object.hasOwn(forms, extension) ? forms[extension] : undefined;
  if (make === undefined) {
    const known = Object.keys(forms);
    throw invalid(argument, `a name that ends in ${known.slice(0, -1).join(', ')} or ${known.at(-1)!}`, path);
  }
  const content = await make();
  await writeAtomically(path, (file) => file.writeFile(content));
  return path;
}
