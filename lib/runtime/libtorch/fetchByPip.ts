/**
 * Fetches LibTorch with the pip of the active Python, which knows this machine's mirrors, proxies, certificates and passwords.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { CommandError, runCommand } from '../command.js';
import { TenchError } from '../errors.js';
import { wheelArchitecture } from '../platform.js';
import type { Report } from '../report.js';
import { neededBeside, unpackBeside } from './unpack.js';
import { pinnedVersion } from './version.js';

export interface Pip {
  python: string;
  /** e.g. [25, 1] */
  version: [number, number];
}

/** pip of `python`, or undefined. */
export function findPip(python: string | undefined, env: NodeJS.ProcessEnv = process.env): Pip | undefined {
  if (python === undefined) return undefined;
  // What is on the PATH may be a script that starts the interpreter as its child, and would be ended without it.
  const question = 'import sys, pip; print(sys.executable, pip.__version__)';
  const answer = spawnSync(python, ['-c', question], { cwd: '/', env, encoding: 'utf8', timeout: 60_000 });
  const match = answer.status === 0 ? /^(\/.*) (\d+)\.(\d+)/m.exec(answer.stdout) : null;
  return match?.[1] ? { python: match[1], version: [Number(match[2]), Number(match[3])] } : undefined;
}

export interface PipOptions {
  pip: Pip;
  /** The index to ask in place of the one that the machine is set up with. */
  index?: string;
  env: NodeJS.ProcessEnv;
  report: Report;
  /** Milliseconds without a sign of life after which the index counts as gone. Default 10,000; 60,000 once bytes have come. */
  silenceMs?: number;
}

/** Fetches torch and, for a CUDA build, the libraries it names, and unpacks them into `folder`. Throws a TenchError that says why not. */
export async function fetchByPip(folder: string, options: PipOptions): Promise<void> {
  const scratch = join(folder, '.fetch');
  const fetch = async (requirements: string[], more: string[]): Promise<void> => {
    mkdirSync(scratch);
    await download(requirements, [...more, '--dest', scratch], scratch, options);
    for (const name of readdirSync(scratch).filter((entry) => entry.endsWith('.whl'))) {
      await unpackBeside(join(scratch, name), folder, options.report);
    }
    rmSync(scratch, { recursive: true });
  };
  await fetch([`torch==${pinnedVersion}`], ['--no-deps']);
  const needed = neededBeside(folder, 'torch', [], wheelArchitecture());
  if (needed.length > 0)
    await fetch(
      needed.map((requirement) => requirement.text),
      [],
    );
}

async function download(requirements: string[], more: string[], scratch: string, options: PipOptions): Promise<void> {
  const { pip, index, env, report, silenceMs = 10_000 } = options;
  const [major, minor] = pip.version;
  const resume = major > 25 || (major === 25 && minor >= 1) ? ['--resume-retries', '5'] : [];
  const chosen = index === undefined ? [] : ['--index-url', index];
  const fixed = [
    '-m',
    'pip',
    'download',
    '-v',
    '--only-binary',
    ':all:',
    '--progress-bar',
    'off',
    '--timeout',
    '10',
    '--retries',
    '0',
  ];

  let seen = Date.now();
  let speaks = false;
  let bytes = 0;
  const silence = { over: false };
  const watch = (): string | undefined => {
    const now = sizeOf(scratch);
    if (now !== bytes) seen = Date.now();
    bytes = now;
    // Small files are pip's own.
    const arriving = bytes > 1e6;
    if (arriving) report.detail(`${Math.round(bytes / 1e6)} MB`);
    // The time that pip takes to start is no silence of the index.
    const limit = arriving || !speaks ? Math.max(60_000, silenceMs) : silenceMs;
    silence.over = Date.now() - seen > limit;
    return silence.over ? `silent for ${limit / 1000} seconds` : undefined;
  };
  try {
    await runCommand(pip.python, [...fixed, ...resume, ...chosen, ...more, ...requirements], {
      cwd: '/',
      // pip gathers a file in the temporary folder first; there its growth can be seen, and it is on the disk where it is wanted.
      env: { ...env, TMPDIR: scratch },
      onLine: () => {
        seen = Date.now();
        speaks = true;
      },
      watch,
    });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const said = error.output.filter((line) => line.startsWith('ERROR:')).at(-1);
    throw new TenchError(said?.replace(/^ERROR:\s*/, '') ?? error.message, {
      code: silence.over ? 'ERR_TENCH_SILENT' : 'ERR_TENCH_DOWNLOAD',
      cause: error,
    });
  }
}

/** Bytes in all files below `folder`. */
function sizeOf(folder: string): number {
  let sum = 0;
  try {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const status = statSync(join(folder, name));
      if (status.isFile()) sum += status.size;
    }
  } catch {
    // A file was moved while we looked.
  }
  return sum;
}
