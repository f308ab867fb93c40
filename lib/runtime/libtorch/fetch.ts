/**
 * Fetches the pinned LibTorch into the cache, by the first of several ways that works.
 */

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { makeFolderOnce } from '../cache.js';
import { TenchError } from '../errors.js';
import { wheelArchitecture } from '../platform.js';
import type { Report } from '../report.js';
import { fetchArchive, fetchWheels } from './fetchByHttps.js';
import { fetchByPip, findPip } from './fetchByPip.js';
import { fetchedFolder } from './find.js';
import { readLibTorch, type LibTorch } from './layout.js';
import { packageSources } from './pipConfiguration.js';
import { proveLibTorch } from './prove.js';
import { findPython } from './python.js';
import { pinnedVersion } from './version.js';

/** The builds with CUDA that PyTorch publishes for the pinned version, of which this one has the widest choice of cards. */
const cudaFlavour = 'cu130';

export interface FetchOptions {
  /** tench's cache folder. */
  cache: string;
  /** A CUDA build instead of a CPU build. */
  cuda: boolean;
  report: Report;
  /** Environment variables. Default: `process.env`. `TENCH_PYTORCH` replaces https://download.pytorch.org. */
  env?: NodeJS.ProcessEnv;
  /** Milliseconds without a byte after which a server counts as gone. Default 10,000. */
  silenceMs?: number;
}

interface Way {
  /** For messages: where from. */
  name: string;
  /** The server that it hangs on, where that is one. */
  host?: string;
  fill(folder: string): Promise<void>;
}

/**
 * Fetches LibTorch and returns it. pip is asked first where there is one (PyTorch's own index, then those of the machine), then plain
 * HTTPS (PyTorch's archive, PyTorch's index, then those of the machine). The folder appears when it is whole and has been opened.
 *
 * Throws a TenchError with code ERR_TENCH_FETCH that says for every way why it did not work.
 */
export async function fetchLibTorch(options: FetchOptions): Promise<LibTorch> {
  const { cache, cuda, report } = options;
  const kind = cuda ? 'CUDA' : 'CPU';
  const target = join(fetchedFolder(cache), `${pinnedVersion}-${kind.toLowerCase()}`);
  const build = async (temporary: string): Promise<void> => {
    const reasons: string[] = [];
    const gone = new Set<string>();
    for (const way of waysOf(options)) {
      if (way.host !== undefined && gone.has(way.host)) continue;
      report.step(`fetching LibTorch ${pinnedVersion} for ${kind}: ${way.name}`);
      try {
        await way.fill(temporary);
        proveLibTorch(readLibTorch(temporary));
        return;
      } catch (error) {
        if (!(error instanceof TenchError) || error.code === 'ERR_TENCH_NO_SPACE') throw error;
        reasons.push(`${way.name}: ${error.message}`);
        if (way.host !== undefined && error.code === 'ERR_TENCH_SILENT') gone.add(way.host);
        for (const name of readdirSync(temporary)) rmSync(join(temporary, name), { recursive: true, force: true });
      }
    }
    throw new TenchError(
      `LibTorch ${pinnedVersion} could not be fetched. Set LIBTORCH to the folder of one, or put torch into the active Python. ` +
        `What was tried:\n  ${reasons.join('\n  ')}`,
      { code: 'ERR_TENCH_FETCH' },
    );
  };
  const onWait = (): void => report.step('waiting for another process that fetches LibTorch');
  if (existsSync(target) && !isWhole(target)) rmSync(target, { recursive: true, force: true });
  return readLibTorch(await makeFolderOnce(target, build, { onWait }));
}

/** Whether a folder in the cache, which nobody but tench writes to, is still what was put there. */
function isWhole(folder: string): boolean {
  try {
    readLibTorch(folder);
    return true;
  } catch {
    return false;
  }
}

function waysOf({ cache, cuda, report, env = process.env, silenceMs }: FetchOptions): Way[] {
  const flavour = cuda ? cudaFlavour : 'cpu';
  const pytorch = new URL(env.TENCH_PYTORCH ?? 'https://download.pytorch.org');
  const below = (path: string): URL => new URL(`${pytorch.href.replace(/\/$/, '')}/${path}`);
  const index = below(`whl/${flavour}/`);
  const archive = below(`libtorch/${flavour}/libtorch-shared-with-deps-${pinnedVersion}%2B${flavour}.zip`);
  const https = { downloads: join(cache, 'downloads'), cuda, report, silenceMs };
  const ways: Way[] = [];

  const pip = findPip(findPython(env), env);
  if (pip) {
    const common = { pip, env, report, silenceMs };
    ways.push(
      {
        name: `with pip from ${index.href}`,
        host: pytorch.host,
        fill: (folder) => fetchByPip(folder, { ...common, index: index.href }),
      },
      {
        name: 'with pip from where this machine gets its packages',
        fill: (folder) => fetchByPip(folder, common),
      },
    );
  }
  // There are official archives for x86-64 only.
  if (wheelArchitecture() === 'x86_64') {
    ways.push({
      name: `from ${archive.href}`,
      host: pytorch.host,
      fill: (folder) => fetchArchive(folder, archive, https),
    });
  }
  const machine = packageSources(env);
  // An address may hold a password.
  const places = [...machine.links, ...machine.indexes]
    .map((url) => `${url.protocol}//${url.host}${url.pathname}`)
    .join(' ');
  ways.push(
    {
      name: `from ${index.href}`,
      host: pytorch.host,
      fill: (folder) => fetchWheels(folder, { indexes: [index], links: [] }, https),
    },
    { name: `from ${places}`, fill: (folder) => fetchWheels(folder, machine, https) },
  );
  return ways;
}
