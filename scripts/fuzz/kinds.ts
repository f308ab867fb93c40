/** The kinds that `npm run fuzz` knows; a new one is a file in kinds/ and a line here. */

import { isCallKind, type CallKind, type Kind } from './kind.js';
import { calls } from './kinds/calls.js';
import { files } from './kinds/files.js';
import { images } from './kinds/images.js';
import { indexing } from './kinds/indexing.js';
import { leaks } from './kinds/leaks.js';
import { training } from './kinds/training.js';

export const kinds: readonly Kind[] = [calls, indexing, training, files, images, leaks];

/** The kind of a name that makes calls. */
export function callKind(name: string): CallKind {
  const kind = kinds.find((kind) => kind.name === name);
  if (kind === undefined || !isCallKind(kind)) throw new Error(`no kind of calls is named ${name}`);
  return kind;
}
