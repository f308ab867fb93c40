/**
 * Opens LibTorch and loads the addon that was built against it.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

import { TenchError } from './errors.js';
import { findLibTorch } from './libtorch/find.js';
import { librariesOf, readLibTorch, type LibTorch } from './libtorch/layout.js';
import { isCompatible } from './libtorch/version.js';
import { addonFolder, graphLibrary, setupCommand } from './places.js';
import { readRecord, type BuildRecord } from './record.js';
import { warn } from './warn.js';

interface Loader {
  open: (paths: string[]) => void;
  leaveOutDestructors: () => void;
}

/** What the addon exports; lib/tensor gives it its types. */
export type NativeAddon = Record<string, unknown>;

export interface LoadOptions {
  /** The folder of tench.node, loader.node and tench-build.json. Default: TENCH_ADDON, else the package's own build/Release. */
  folder?: string;
  /** Environment variables. Default: `process.env`. */
  env?: NodeJS.ProcessEnv;
}

/**
 * Loads the addon, in the main thread or in a worker. LibTorch is the one that LIBTORCH names, else the one that the addon was built
 * against, else (when that has gone) whatever finding brings up. No process is started unless it has come to the last.
 *
 * Throws a TenchError with code ERR_TENCH_NOT_BUILT, ERR_TENCH_LIBTORCH (none, or another minor version than the addon was built
 * against) or ERR_TENCH_LIBRARY (the dynamic linker's message).
 */
export function loadAddon({
  env = process.env,
  folder = env.TENCH_ADDON || addonFolder,
}: LoadOptions = {}): NativeAddon {
  const fix = `run \`${setupCommand()}\``;
  const record = readRecord(folder);
  const addon = join(folder, 'tench.node');
  const loader = join(folder, 'loader.node');
  if (record === undefined || !existsSync(addon) || !existsSync(loader)) {
    throw new TenchError(`tench's addon has not been built yet: ${fix}`, { code: 'ERR_TENCH_NOT_BUILT' });
  }

  const libtorch = libtorchFor(record, env);
  if (!isCompatible(record.libtorch.version, libtorch.version)) {
    throw new TenchError(
      `tench's addon was built against LibTorch ${record.libtorch.version}, but the one to load is ${libtorch.version} (${libtorch.path}): ` +
        `${fix} to build against that one${env.LIBTORCH ? ', or unset LIBTORCH' : ''}`,
      { code: 'ERR_TENCH_LIBTORCH' },
    );
  }

  shortenSpinning(env);
  const require = createRequire(import.meta.url);
  try {
    const { open, leaveOutDestructors } = require(loader) as Loader;
    open(librariesOf(libtorch));
    if (libtorch.cuda) openGraphs(join(folder, graphLibrary), open);
    const native = require(addon) as NativeAddon;
    native.finalizers ??= secondEnvironment(addon);
    // Now for a process whose workers alone load the addon, and as late as can be for what LibTorch makes at first use.
    leaveOutDestructors();
    if (isMainThread) process.once('exit', leaveOutDestructors);
    return native;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TenchError(
      `LibTorch ${libtorch.version} in ${libtorch.path} and tench's addon cannot be opened: ${reason}`,
      {
        code: 'ERR_TENCH_LIBRARY',
        cause,
      },
    );
  }
}

/** Opens CUDA's captured graphs, where they were built. Without them everything else works, and a fit that asks for them says so. */
function openGraphs(path: string, open: Loader['open']): void {
  if (!existsSync(path)) return;
  try {
    open([path]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    warn('TENCH_NO_GRAPH', `${path} cannot be opened, so there are no captured graphs: ${reason}`);
  }
}

/** Loads the addon again, for a Node-API environment in which nothing is ever thrown: finalizers need one (native/tensor/instance.h). */
function secondEnvironment(addon: string): unknown {
  const module = { exports: { environment: null as unknown } };
  process.dlopen(module, addon);
  return module.exports.environment;
}

/**
 * Lets OpenMP's idle threads sleep after some ten microseconds, unless the user has set it otherwise; OpenMP reads it when it is opened.
 * By default they spin for milliseconds, and so take the cores from whatever loads the next batch: on a busy machine a training step then
 * takes several times as long.
 */
function shortenSpinning(env: NodeJS.ProcessEnv): void {
  if (env.OMP_WAIT_POLICY === undefined) env.GOMP_SPINCOUNT ??= '10000';
}

function libtorchFor(record: BuildRecord, env: NodeJS.ProcessEnv): LibTorch {
  if (env.LIBTORCH) return readLibTorch(env.LIBTORCH);
  try {
    return readLibTorch(record.libtorch.path);
  } catch {
    const { chosen } = findLibTorch({ env });
    if (chosen) return chosen;
    throw new TenchError(
      `the LibTorch that tench was built against has gone from ${record.libtorch.path}, and no other was found: run \`${setupCommand()}\``,
      {
        code: 'ERR_TENCH_LIBTORCH',
      },
    );
  }
}
