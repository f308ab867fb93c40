/**
 * Makes sure that there is a LibTorch and an addon built against it, doing only what is missing.
 */

import { join } from 'node:path';

import { buildAddon, isBuilt } from './build.js';
import { cacheFolder } from './cache.js';
import { TenchError } from './errors.js';
import { fetchLibTorch } from './libtorch/fetch.js';
import { choiceOf, describeLibTorch, findLibTorch, type Search } from './libtorch/find.js';
import { readLibTorch, type LibTorch } from './libtorch/layout.js';
import { addonFolder, packageFolder } from './places.js';
import { checkPlatform, hasCudaDriver } from './platform.js';
import { readRecord, type BuildRecord } from './record.js';
import type { Report } from './report.js';

/** Runs work while no other set-up of this clone runs; the work gets the lock's descriptor for the programs it starts. */
export type WithLock = <T>(work: (lock?: number) => Promise<T>, options?: { onWait?: () => void }) => Promise<T>;

export interface SetupOptions {
  withLock: WithLock;
  report: Report;
  env?: NodeJS.ProcessEnv;
  /** Which build of LibTorch to fetch. Default: CUDA where an NVIDIA driver is installed, else CPU. */
  kind?: 'cpu' | 'cuda';
  /** Whether a LibTorch may be fetched when none is found. Default true. */
  fetch?: boolean;
  /** Whether to call the compiler even when nothing seems to have changed. Default false. */
  force?: boolean;
  /** Builds with sanitizers, into a folder of its own. Default false. */
  sanitize?: boolean;
}

/** Where an addon with sanitizers goes; `TENCH_ADDON` set to it makes tench load that one. */
export const sanitizedFolder = join(packageFolder, 'build', 'Sanitize');

/**
 * Finds LibTorch, fetches it if there is none, builds the addon against it, and returns the record of the build. Costs milliseconds
 * when nothing is missing.
 *
 * Throws a TenchError in one sentence: a platform without LibTorch, no compiler, no CMake, an unusable LIBTORCH, a fetch that found
 * nothing, or (a CommandError) code that does not compile. Code ERR_TENCH_NO_LIBTORCH: none was found and `fetch` is false.
 */
export async function setUp(options: SetupOptions): Promise<BuildRecord> {
  const { env = process.env, force = false } = options;
  const cache = cacheFolder(env);
  const folder = options.sanitize ? sanitizedFolder : addonFolder;
  const record = readRecord(folder);
  const cuda = options.kind === undefined ? wantsCuda(record, env) : options.kind === 'cuda';
  const choice = choiceOf({ env, cache, cuda });

  const recorded = record?.choice === choice ? stillThere(record.libtorch) : undefined;
  if (!force && record && recorded && isBuilt({ libtorch: recorded, folder, sanitize: options.sanitize, env }))
    return record;

  checkPlatform();
  const onWait = (): void => options.report.step('waiting for another set-up of this clone to end');
  return options.withLock(
    async (lock) => {
      const search = findLibTorch({ env, cache, cuda });
      const libtorch = search.chosen ?? (await fetchFor(search, options, { cuda, cache, env }));
      const reason = search.chosen
        ? search.reason
        : `tench fetched ${describeLibTorch(libtorch)}, since there was none on this machine`;
      const build = { libtorch, reason, choice, folder, sanitize: options.sanitize, env, force, lock };
      if (force || !isBuilt(build)) options.report.step(`building the addon against ${describeLibTorch(libtorch)}`);
      return buildAddon({ ...build, onLine: (line) => options.report.detail(line) });
    },
    { onWait },
  );
}

/** CUDA where a driver is installed, unless the user has asked for the other build before and nothing else has changed. */
function wantsCuda(record: BuildRecord | undefined, env: NodeJS.ProcessEnv): boolean {
  const cuda = hasCudaDriver(env);
  return record?.choice === choiceOf({ env, cuda: !cuda }) ? !cuda : cuda;
}

function stillThere(recorded: LibTorch): LibTorch | undefined {
  try {
    const now = readLibTorch(recorded.path);
    return now.version === recorded.version && now.cuda === recorded.cuda ? now : undefined;
  } catch {
    return undefined;
  }
}

async function fetchFor(
  search: Search,
  options: SetupOptions,
  where: { cuda: boolean; cache: string; env: NodeJS.ProcessEnv },
): Promise<LibTorch> {
  if (options.fetch === false) {
    const looked = search.findings.map((finding) => finding.sentence).join('; ');
    throw new TenchError(`no LibTorch was found (${looked})`, { code: 'ERR_TENCH_NO_LIBTORCH' });
  }
  return fetchLibTorch({ ...where, report: options.report });
}
