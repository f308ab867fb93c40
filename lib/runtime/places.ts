/**
 * Where tench itself lies on disk: its own folder and what a build leaves there.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json: the clone, or node_modules/tench. This file runs as dist/lib/runtime/places.js. */
export const packageFolder = fileURLToPath(new URL('../../../', import.meta.url));

/** The folder that holds tench.node, loader.node and the record of what they were built from. */
export const addonFolder = fileURLToPath(new URL('../../../build/Release/', import.meta.url));

/** CUDA's captured graphs beside the addon, where they could be built: see native/cmake/TenchCuda.cmake. */
export const graphLibrary = 'graph.node';

/** The command that sets tench up: in a clone, or where tench is a dependency of something else. */
export function setupCommand(): string {
  return existsSync(join(packageFolder, 'package-lock.json')) ? 'npm run setup' : 'npx tench setup';
}
