/**
 * What the doctor finds: facts about this machine, the LibTorch chosen, and whether the addon works.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, statfsSync } from 'node:fs';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cacheFolder } from '../runtime/cache.js';
import { describeLibTorch, findLibTorch, type Search } from '../runtime/libtorch/find.js';
import { readLibTorch, type LibTorch } from '../runtime/libtorch/layout.js';
import { pinnedVersion } from '../runtime/libtorch/version.js';
import { addonFolder, setupCommand } from '../runtime/places.js';
import { checkPlatform, findProgram, glibcVersion, hasCudaDriver } from '../runtime/platform.js';
import { readRecord, type BuildRecord } from '../runtime/record.js';
import { findCMake, findCompiler, installCommand, type Tool } from '../runtime/toolchain.js';
import type { Probe } from './probe.js';

/** The answer of `tench doctor --json`. */
export interface Findings {
  /** Whether training would work. */
  ok: boolean;
  /** What stands in the way, in sentences. */
  problems: string[];
  /** The one command that helps, or null. */
  help: string | null;
  /** What would be better but stands in nobody's way. */
  hints: string[];
  node: { version: string; path: string };
  npm: string | null;
  system: string;
  compiler: Tool | null;
  cmake: Tool | null;
  libtorch: { chosen: LibTorch | null; sentences: string[] };
  addon: { built: boolean; loads: boolean; sentences: string[] };
  /** `openmp` compute, `images` read and transform images at the lowest priority, `libuv` decode what sharp reads. */
  threads: { cores: number; openmp: number | null; images: number | null; libuv: number };
  /** What decodes JPEG: libjpeg-turbo in the addon, 'static' or 'shared'; else 'sharp'. */
  jpeg: string | null;
  memory: { total: number; available: number };
  cache: { path: string; free?: number };
  devices: string[];
}

/** A thing that stands in the way, and the command against it. */
interface Problem {
  sentence: string;
  help: string | null;
}

/** Looks at everything and changes nothing. */
export async function examine(env: NodeJS.ProcessEnv = process.env): Promise<Findings> {
  const record = readRecord(env.TENCH_ADDON || addonFolder);
  const tools = { compiler: findCompiler(env), cmake: findCMake(env) };
  const { libtorch, problem: unusable } = lookForLibTorch(record, env);
  const probe = record ? tryAddon(env) : { sentence: `it is built by \`${setupCommand()}\`` };
  const works = 'threads' in probe;

  const problems = [
    platformProblem(),
    unusable,
    ...(works ? [] : addonProblems(record, tools, probe.sentence, env)),
  ].filter((problem) => problem !== undefined);
  return {
    ok: problems.length === 0,
    problems: problems.map((problem) => problem.sentence),
    help: problems[0]?.help ?? null,
    hints: hintsFor(libtorch.chosen, works ? probe.jpeg : undefined, env),
    node: { version: process.versions.node, path: process.execPath },
    npm: npmVersion(env),
    system: `${process.platform} ${process.arch}, ${glibcVersion() === undefined ? 'no glibc' : `glibc ${glibcVersion()}`}, ${hasCudaDriver(env) ? 'with' : 'no'} NVIDIA driver`,
    compiler: tools.compiler ?? null,
    cmake: tools.cmake ?? null,
    libtorch,
    addon: {
      built: record !== undefined,
      loads: works,
      sentences: [
        ...(record ? [`It was built against ${describeLibTorch(record.libtorch)}`] : []),
        ...(works ? [] : [probe.sentence]),
      ],
    },
    threads: {
      cores: availableParallelism(),
      openmp: works ? probe.threads : null,
      images: works ? probe.readers : null,
      libuv: Number(env.UV_THREADPOOL_SIZE ?? 4),
    },
    jpeg: works ? (probe.jpeg === 'none' ? 'sharp' : probe.jpeg) : null,
    memory: { total: totalmem(), available: freemem() },
    cache: { path: cacheFolder(env), free: freeSpace(cacheFolder(env)) },
    devices: works ? probe.devices : [],
  };
}

function hintsFor(libtorch: LibTorch | null, jpeg: string | undefined, env: NodeJS.ProcessEnv): string[] {
  const hints: string[] = [];
  if (hasCudaDriver(env) && libtorch?.cuda === false) {
    hints.push(`there is an NVIDIA driver, but this LibTorch is built for the CPU: ${setupCommand()} -- --cuda`);
  }
  if (jpeg === 'none') {
    const install = installCommand({ debian: 'libjpeg-dev', fedora: 'libjpeg-turbo-devel' }, env);
    hints.push(`without libjpeg-turbo JPEG files are read several times more slowly: ${install} && ${setupCommand()}`);
  }
  return hints;
}

function platformProblem(): Problem | undefined {
  try {
    checkPlatform();
    return undefined;
  } catch (error) {
    return { sentence: messageOf(error), help: null };
  }
}

/** The LibTorch that would be loaded, and the sentences that say why. */
function lookForLibTorch(
  record: BuildRecord | undefined,
  env: NodeJS.ProcessEnv,
): { libtorch: Findings['libtorch']; problem?: Problem } {
  let search: Search;
  try {
    search = findLibTorch({ env, cuda: hasCudaDriver(env) });
  } catch (error) {
    const sentence = messageOf(error);
    return { libtorch: { chosen: null, sentences: [sentence] }, problem: { sentence, help: 'unset LIBTORCH' } };
  }
  const looked = search.findings.map((finding) => capitalise(finding.sentence));
  const used = record && !env.LIBTORCH ? tryRead(record.libtorch.path) : undefined;
  if (record && used) {
    return { libtorch: { chosen: used, sentences: [`The addon was built against it: ${record.reason}`, ...looked] } };
  }
  if (search.chosen) return { libtorch: { chosen: search.chosen, sentences: looked } };
  const fetches = `\`${setupCommand()}\` fetches LibTorch ${pinnedVersion} for ${hasCudaDriver(env) ? 'CUDA' : 'CPU'}`;
  return { libtorch: { chosen: null, sentences: [...looked, fetches] } };
}

function addonProblems(
  record: BuildRecord | undefined,
  tools: { compiler?: Tool; cmake?: Tool },
  sentence: string,
  env: NodeJS.ProcessEnv,
): Problem[] {
  const problems: Problem[] = [];
  if (!tools.compiler)
    problems.push({
      sentence: 'There is no C++ compiler',
      help: installCommand({ debian: 'g++', fedora: 'gcc-c++' }, env),
    });
  if (!tools.cmake)
    problems.push({ sentence: 'There is no CMake', help: installCommand({ debian: 'cmake', fedora: 'cmake' }, env) });
  problems.push({
    sentence: record ? `The addon does not load: ${sentence}` : 'The addon has not been built',
    help: setupCommand(),
  });
  return problems;
}

/** Loads the addon in another process. */
function tryAddon(env: NodeJS.ProcessEnv): Probe | { sentence: string } {
  const program = fileURLToPath(new URL('probe.js', import.meta.url));
  const run = spawnSync(process.execPath, [program], { env, encoding: 'utf8' });
  if (run.status === 0) return JSON.parse(run.stdout) as Probe;
  if (run.signal) return { sentence: `loading it was ended by ${run.signal}` };
  const message = /^(?:\w*Error(?: \[\w+\])?|\w+): (.+)$/m.exec(run.stderr)?.[1];
  return {
    sentence:
      message?.replace(/\.$/, '') ??
      run.stderr.trim().split('\n').at(-1) ??
      `loading it ended with status ${run.status}`,
  };
}

function npmVersion(env: NodeJS.ProcessEnv): string | null {
  if (findProgram('npm', env) === undefined) return null;
  const run = spawnSync('npm', ['--version'], { env, encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim() : null;
}

/** Bytes free where the cache is or would be made. */
function freeSpace(folder: string): number | undefined {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  try {
    const { bavail, bsize } = statfsSync(there);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

function tryRead(path: string): LibTorch | undefined {
  try {
    return readLibTorch(path);
  } catch {
    return undefined;
  }
}

function capitalise(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
