/**
 * What this machine is, as far as LibTorch cares: processor, C library, NVIDIA driver.
 */

import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

import { TenchError } from './errors.js';

/** The program that a name on PATH stands for, or undefined. */
export function findProgram(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const candidates = isAbsolute(name)
    ? [name]
    : (env.PATH ?? '')
        .split(delimiter)
        .filter(Boolean)
        .map((folder) => join(folder, name));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The version of glibc, or undefined on another C library (musl). */
export function glibcVersion(): string | undefined {
  // Without this the report looks up the name of every open connection.
  (process.report as { excludeNetwork?: boolean }).excludeNetwork = true;
  const report = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return report.header.glibcVersionRuntime;
}

/** The processor's name in the names of wheels: `x86_64` or `aarch64`. Throws a TenchError for any other. */
export function wheelArchitecture(arch: string = process.arch): 'x86_64' | 'aarch64' {
  if (arch === 'x64') return 'x86_64';
  if (arch === 'arm64') return 'aarch64';
  throw new TenchError(`tench runs on x86-64 and arm64, and this Node is built for ${arch}`, {
    code: 'ERR_TENCH_PLATFORM',
  });
}

/** Throws a TenchError in one sentence where no LibTorch can be opened at all. */
export function checkPlatform(): void {
  if (process.platform !== 'linux') {
    throw new TenchError(`tench runs on Linux, and this is ${process.platform}`, { code: 'ERR_TENCH_PLATFORM' });
  }
  wheelArchitecture();
  if (glibcVersion() === undefined) {
    throw new TenchError(
      'LibTorch is built for glibc, and this Node runs on another C library (musl, as on Alpine): use a Debian, Ubuntu or Fedora image',
      {
        code: 'ERR_TENCH_PLATFORM',
      },
    );
  }
}

/** Whether an NVIDIA driver is installed: its library or its command is there. */
export function hasCudaDriver(env: NodeJS.ProcessEnv = process.env): boolean {
  const folders = [
    '/usr/lib/x86_64-linux-gnu',
    '/usr/lib/aarch64-linux-gnu',
    '/usr/lib64',
    '/usr/lib',
    '/usr/lib/wsl/lib',
    '/usr/local/nvidia/lib64',
  ];
  const libraries = [...folders, ...(env.LD_LIBRARY_PATH ?? '').split(delimiter).filter(Boolean)];
  return (
    libraries.some((folder) => existsSync(join(folder, 'libcuda.so.1'))) || findProgram('nvidia-smi', env) !== undefined
  );
}
