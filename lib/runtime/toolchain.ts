/**
 * What compiling the addon takes on this machine: a C++20 compiler and CMake.
 */

import { spawnSync } from 'node:child_process';

import { TenchError } from './errors.js';
import { findProgram } from './platform.js';

/** A program that was found, with the first line of what it says its version is. */
export interface Tool {
  path: string;
  version: string;
}

/** The C++ compiler that CMake would take: CXX, else c++, g++ or clang++. */
export function findCompiler(env: NodeJS.ProcessEnv = process.env): Tool | undefined {
  const names = env.CXX ? [env.CXX.split(' ')[0] ?? ''] : ['c++', 'g++', 'clang++'];
  return firstTool(names, env);
}

/** CMake, or undefined. */
export function findCMake(env: NodeJS.ProcessEnv = process.env): Tool | undefined {
  return firstTool(['cmake'], env);
}

/** The command that installs Debian packages `names`, worded for the machine at hand. */
export function installCommand(
  names: { debian: string; fedora: string },
  env: NodeJS.ProcessEnv = process.env,
): string {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  if (findProgram('apt-get', env)) return `${sudo}apt-get install ${names.debian}`;
  if (findProgram('dnf', env)) return `${sudo}dnf install ${names.fedora}`;
  return `install ${names.debian} with the system's package manager`;
}

/** Throws a TenchError in one sentence where the compiler or CMake is missing. */
export function checkToolchain(env: NodeJS.ProcessEnv = process.env): void {
  if (!findCompiler(env)) {
    throw new TenchError(
      `there is no C++ compiler, which building tench's addon needs: ${installCommand({ debian: 'g++', fedora: 'gcc-c++' }, env)}`,
      {
        code: 'ERR_TENCH_TOOLCHAIN',
      },
    );
  }
  if (!findCMake(env)) {
    throw new TenchError(
      `there is no CMake, which building tench's addon needs: ${installCommand({ debian: 'cmake', fedora: 'cmake' }, env)}`,
      {
        code: 'ERR_TENCH_TOOLCHAIN',
      },
    );
  }
}

function firstTool(names: string[], env: NodeJS.ProcessEnv): Tool | undefined {
  for (const name of names) {
    const path = findProgram(name, env);
    if (path === undefined) continue;
    const answer = spawnSync(path, ['--version'], { env, encoding: 'utf8' });
    if (answer.status === 0) return { path, version: answer.stdout.split('\n')[0] ?? '' };
  }
  return undefined;
}
