/**
 * Where tench itself lies on disk: its own folder and what a build leaves there.
 */

import { fileURLToPath } from 'node:url';

/** The folder of package.json: the clone, or node_modules/tench. This file runs as dist/lib/runtime/places.js. */
export const packageFolder = fileURLToPath(new URL('../../../', import.meta.url));

/** The folder that holds tench.node, loader.node and the record of what they were built from. */
export const addonFolder = fileURLToPath(new URL('../../../build/Release/', import.meta.url));
