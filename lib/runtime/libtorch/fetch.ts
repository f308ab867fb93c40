/**
 * Fetches a LibTorch into the cache.
 */

import { TenchError } from '../errors.js';
import type { Report } from '../setup.js';
import type { LibTorch } from './layout.js';

export interface FetchOptions {
  cache: string;
  cuda: boolean;
  env?: NodeJS.ProcessEnv;
  report: Report;
}

export async function fetchLibTorch(options: FetchOptions): Promise<LibTorch> {
  throw new TenchError(`not there yet: ${options.cache}`);
}
