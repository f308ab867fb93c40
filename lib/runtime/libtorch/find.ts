/**
 * Chooses the LibTorch to use among those that are on this machine, and says why.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { cacheFolder } from '../cache.js';
import { TenchError } from '../errors.js';
import { readLibTorch, type LibTorch } from './layout.js';
import { findPython, torchOfPython } from './python.js';

/** One place that was looked at, in the order of looking. */
export interface Finding {
  source: 'LIBTORCH' | 'python' | 'cache';
  /** What was found there, in one sentence. */
  sentence: string;
  libtorch?: LibTorch;
}

export interface Search {
  /** The first that will do; undefined: one must be fetched. */
  chosen?: LibTorch;
  /** Why, in one sentence. */
  reason: string;
  findings: Finding[];
}

export interface FindOptions {
  /** Environment variables. Default: `process.env`. */
  env?: NodeJS.ProcessEnv;
  /** Where tench keeps what it fetched. Default: `cacheFolder(env)`. */
  cache?: string;
  /** Whether a CUDA build is to be preferred among those in the cache. Default false. */
  cuda?: boolean;
}

/** The folder below the cache in which each fetched LibTorch has a folder of its own, named after version and kind. */
export function fetchedFolder(cache: string): string {
  return join(cache, 'libtorch');
}

/**
 * Looks for a LibTorch: the folder that LIBTORCH names, the torch of the active Python, the copy fetched before.
 *
 * LIBTORCH is an order, not a hint: where it names something else than a LibTorch that will do, this throws (ERR_TENCH_LIBTORCH).
 */
export function findLibTorch({ env = process.env, cache = cacheFolder(env), cuda = false }: FindOptions = {}): Search {
  const findings: Finding[] = [];
  for (const look of [() => lookAtVariable(env), () => lookAtPython(env), () => lookAtCache(cache, cuda)]) {
    const finding = look();
    findings.push(finding);
    if (finding.libtorch) return { chosen: finding.libtorch, reason: finding.sentence, findings };
  }
  return { reason: 'no LibTorch was found on this machine', findings };
}

/** All that the search depends on beside the disk; while it is the same, the search need not be made again. */
export function choiceOf({ env = process.env, cache = cacheFolder(env), cuda = false }: FindOptions = {}): string {
  return JSON.stringify([env.LIBTORCH ?? '', findPython(env) ?? '', cache, cuda]);
}

function lookAtVariable(env: NodeJS.ProcessEnv): Finding {
  const source = 'LIBTORCH';
  const folder = env.LIBTORCH;
  if (!folder) return { source, sentence: 'LIBTORCH is not set' };
  try {
    const libtorch = readLibTorch(folder);
    return { source, libtorch, sentence: `LIBTORCH names ${describeLibTorch(libtorch)}` };
  } catch (cause) {
    throw new TenchError(`LIBTORCH=${folder} cannot be used: ${messageOf(cause)}`, {
      code: 'ERR_TENCH_LIBTORCH',
      cause,
    });
  }
}

function lookAtPython(env: NodeJS.ProcessEnv): Finding {
  const source = 'python';
  const python = findPython(env);
  if (python === undefined) return { source, sentence: 'there is no python3 or python on the PATH' };
  const folder = torchOfPython(python, env);
  if (folder === undefined) return { source, sentence: `the active Python (${python}) has no torch` };
  try {
    const libtorch = readLibTorch(folder);
    return { source, libtorch, sentence: `the active Python (${python}) has ${describeLibTorch(libtorch)}` };
  } catch (cause) {
    return { source, sentence: `the torch of the active Python (${python}) will not do: ${messageOf(cause)}` };
  }
}

function lookAtCache(cache: string, cuda: boolean): Finding {
  const source = 'cache';
  const folder = fetchedFolder(cache);
  const found: LibTorch[] = [];
  for (const name of listFolder(folder)) {
    try {
      found.push(readLibTorch(join(folder, name)));
    } catch {
      // A folder that is no LibTorch: one of another version of tench, or a stranger's.
    }
  }
  // A CUDA build computes on the CPU too; a CPU build is no answer where CUDA is wanted.
  const newestFirst = found.sort((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }));
  const libtorch = newestFirst.find((one) => one.cuda === cuda) ?? newestFirst.find((one) => one.cuda);
  if (libtorch === undefined)
    return { source, sentence: `tench has fetched no ${cuda ? 'CUDA build of ' : ''}LibTorch to ${folder} yet` };
  return { source, libtorch, sentence: `tench has fetched ${describeLibTorch(libtorch)} before` };
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

/** `LibTorch 2.13.0 for CPU in /path`. */
export function describeLibTorch(libtorch: LibTorch): string {
  return `LibTorch ${libtorch.version} for ${libtorch.cuda ? 'CUDA' : 'CPU'} in ${libtorch.path}`;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
