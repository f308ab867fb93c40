/**
 * Compiles the addon against one LibTorch, and only when something that it depends on has changed.
 */

import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, freemem } from 'node:os';
import { dirname, join } from 'node:path';

import { CommandError, runCommand } from './command.js';
import type { LibTorch } from './libtorch/layout.js';
import { graphLibrary, packageFolder } from './places.js';
import { readRecord, recordName, type BuildRecord } from './record.js';
import { checkToolchain } from './toolchain.js';

export interface BuildOptions {
  libtorch: LibTorch;
  /** Why this LibTorch, for the record. */
  reason: string;
  /** What the choice of LibTorch depended on, for the record. */
  choice: string;
  /** The folder for tench.node, loader.node and the record. */
  folder: string;
  /** Sanitizers on our own code. Default false. */
  sanitize?: boolean;
  env?: NodeJS.ProcessEnv;
  /** Compiles even if nothing seems to have changed. CMake then still compiles only what has. Default false. */
  force?: boolean;
  /** Called with each line that CMake and the compiler print. */
  onLine?: (line: string) => void;
  /** Descriptor of the lock that keeps other builds out; the compilers inherit it. */
  lock?: number;
}

const built = ['loader.node', 'tench.node'];

/** Whether `folder` holds an addon that was built from what is there now. */
export function isBuilt(options: Pick<BuildOptions, 'libtorch' | 'folder' | 'sanitize' | 'env'>): boolean {
  return (
    readRecord(options.folder)?.hash === digestOf(options) &&
    built.every((name) => existsSync(join(options.folder, name)))
  );
}

/**
 * Builds the addon into `folder` and returns the record that lies beside it. At any moment the files in `folder` are whole.
 *
 * Throws a TenchError: no compiler, no CMake, or a CommandError with the end of the compiler's output.
 */
export async function buildAddon(options: BuildOptions): Promise<BuildRecord> {
  const { folder, libtorch, env = process.env } = options;
  const hash = digestOf(options);
  const record = readRecord(folder);
  if (!options.force && record && isBuilt(options)) {
    const renewed = { ...record, reason: options.reason, choice: options.choice };
    if (renewed.choice !== record.choice || renewed.reason !== record.reason) await writeRecord(folder, renewed);
    return renewed;
  }

  checkToolchain(env);
  // Not below build/, which node-gyp empties at every `npm install`.
  const work = join(packageFolder, 'dist', options.sanitize ? 'native-sanitize' : 'native');
  const settings = { LIBTORCH: libtorch.path, TENCH_SANITIZE: options.sanitize ? 'ON' : 'OFF' };
  await configure(work, settings, options);
  await cmakeJs(['build', '--out', work, '--parallel', String(jobs())], options);

  await mkdir(folder, { recursive: true });
  // Without a record the addon counts as not built, so nobody takes a new tench.node for the one that the old record describes.
  await rm(join(folder, recordName), { force: true });
  for (const name of built) await publish(join(work, 'Release', name), join(folder, name));
  const graphs = join(work, 'Release', graphLibrary);
  if (libtorch.cuda && existsSync(graphs)) await publish(graphs, join(folder, graphLibrary));
  else await rm(join(folder, graphLibrary), { force: true });
  const fresh: BuildRecord = {
    libtorch,
    reason: options.reason,
    choice: options.choice,
    nodeApi: versionOf('node-api-headers'),
    hash,
  };
  await writeRecord(folder, fresh);
  return fresh;
}

/** Configures, once more from nothing where a cache of another place or generator is in the way. */
async function configure(work: string, settings: Record<string, string>, options: BuildOptions): Promise<void> {
  const args = ['configure', '--out', work, ...Object.entries(settings).map(([key, value]) => `--CD${key}=${value}`)];
  const hadCache = existsSync(join(work, 'CMakeCache.txt'));
  try {
    await cmakeJs(args, options);
  } catch (error) {
    if (!hadCache || !(error instanceof CommandError)) throw error;
    await rm(work, { recursive: true, force: true });
    await cmakeJs(args, options);
  }
}

async function cmakeJs(args: string[], { env = process.env, onLine, lock }: BuildOptions): Promise<void> {
  const require = createRequire(import.meta.url);
  const program = join(dirname(require.resolve('cmake-js/package.json')), 'bin', 'cmake-js');
  await runCommand(process.execPath, [program, ...args], {
    cwd: packageFolder,
    env,
    onLine,
    inherit: lock === undefined ? [] : [lock],
  });
}

/** Compilers that run at once: LibTorch's headers take up to 1.5 GB in each. */
function jobs(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / 1.5e9)));
}

async function publish(from: string, to: string): Promise<void> {
  const temporary = `${to}.${randomUUID()}`;
  await copyFile(from, temporary);
  await rename(temporary, to);
}

async function writeRecord(folder: string, record: BuildRecord): Promise<void> {
  const temporary = join(folder, `${recordName}.${randomUUID()}`);
  await writeFile(temporary, `${JSON.stringify(record, null, 2)}\n`);
  await rename(temporary, join(folder, recordName));
}

/** Digest of all that the addon depends on. */
function digestOf({
  libtorch,
  sanitize = false,
  env = process.env,
}: Pick<BuildOptions, 'libtorch' | 'sanitize' | 'env'>): string {
  const hash = createHash('sha256');
  const flags = ['CXX', 'CXXFLAGS', 'LDFLAGS'].map((name) => env[name] ?? '');
  hash.update(
    JSON.stringify([
      libtorch,
      sanitize,
      flags,
      hasJpegHeader(),
      libtorch.cuda && hasCudaHeaders(env),
      versionOf('node-api-headers'),
      versionOf('node-addon-api'),
    ]),
  );
  for (const path of ['CMakeLists.txt', ...sourcesBelow('native')]) {
    hash.update(`\0${path}\0`).update(readFileSync(join(packageFolder, path)));
  }
  return hash.digest('hex');
}

/** Whether libjpeg-turbo's header is where compilers look, so that the addon is built anew when it has been installed or has gone. */
function hasJpegHeader(): boolean {
  return ['/usr/include', '/usr/local/include'].some((folder) => existsSync(join(folder, 'jpeglib.h')));
}

/** Whether CUDA's headers for C++ are where native/cmake/TenchCuda.cmake looks for those of a toolkit. */
function hasCudaHeaders({ CUDA_HOME }: NodeJS.ProcessEnv): boolean {
  return [CUDA_HOME, '/usr/local/cuda'].some(
    (folder) => folder !== undefined && existsSync(join(folder, 'include', 'crt', 'host_config.h')),
  );
}

function sourcesBelow(folder: string): string[] {
  const names = readdirSync(join(packageFolder, folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => /\.(cc|h|cmake)$/.test(name))
    .map((name) => join(folder, name))
    .sort();
}

function versionOf(dependency: string): string {
  const require = createRequire(import.meta.url);
  return (require(`${dependency}/package.json`) as { version: string }).version;
}
