/**
 * The record that a build leaves beside the addon: what it was built from.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { LibTorch } from './libtorch/layout.js';
import { addonFolder } from './places.js';

export interface BuildRecord {
  libtorch: LibTorch;
  /** Why this LibTorch was taken, in one sentence. */
  reason: string;
  /** What the choice depended on; while it is the same, the choice is not made again. */
  choice: string;
  /** Versions of the headers of Node-API. */
  nodeApi: string;
  /** Digest of all that the build depends on: sources, LibTorch, flags. */
  hash: string;
}

export const recordName = 'tench-build.json';

/** The record in `folder`, or undefined where there is none that can be read. */
export function readRecord(folder: string = addonFolder): BuildRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, recordName), 'utf8')) as BuildRecord;
  } catch {
    return undefined;
  }
}
