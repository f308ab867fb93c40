/**
 * What a LibTorch looks like on disk: the official archive and a Python wheel, told apart and read the same way.
 */

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

import { TenchError } from '../errors.js';
import { isSupported, supportedRange } from './version.js';

/** A LibTorch that can be compiled against and opened. */
export interface LibTorch {
  /** The folder that holds include/ and lib/. */
  path: string;
  /** e.g. `2.13.0` */
  version: string;
  /** Whether it holds the CUDA part. */
  cuda: boolean;
}

/** Where, below a folder that a user may name, include/ and lib/ are looked for. */
const shapes = ['', 'libtorch', 'torch'];

/** The libraries in the order in which they are opened; libtorch.so brings the CUDA part along where the build has one. */
export function librariesOf(libtorch: Pick<LibTorch, 'path'>): string[] {
  return ['libc10.so', 'libtorch_cpu.so', 'libtorch.so'].map((name) => join(libtorch.path, 'lib', name));
}

/**
 * Reads the LibTorch in `folder`: the folder itself (an unpacked archive's `libtorch`, a wheel's `torch`), or the one that holds
 * either of them (an unpacked wheel, site-packages).
 *
 * Throws a TenchError with code ERR_TENCH_LIBTORCH that says what is missing or which version was found.
 */
export function readLibTorch(folder: string): LibTorch {
  const fail = (what: string): TenchError => new TenchError(what, { code: 'ERR_TENCH_LIBTORCH' });
  if (!existsSync(folder)) throw fail(`${folder} does not exist`);
  const path = shapes
    .map((shape) => join(folder, shape))
    .find((candidate) => existsSync(join(candidate, 'lib', 'libtorch_cpu.so')));
  if (path === undefined) throw fail(`${folder} holds no LibTorch: there is no lib/libtorch_cpu.so in it`);

  const needed = ['include/ATen/ATen.h', 'lib/libc10.so', 'lib/libtorch.so'];
  const missing = needed.filter((file) => !existsSync(join(path, file)));
  if (missing.length > 0) throw fail(`the LibTorch in ${path} is not whole: it lacks ${missing.join(' and ')}`);

  const version = readVersion(path);
  if (version === undefined)
    throw fail(`the LibTorch in ${path} does not say its version: include/torch/headeronly/version.h is missing`);
  if (!isSupported(version)) throw fail(`the LibTorch in ${path} is version ${version}; tench needs ${supportedRange}`);
  return { path: realpathSync(path), version, cuda: existsSync(join(path, 'lib', 'libtorch_cuda.so')) };
}

/** The version that the headers state, which is what the addon is compiled against. */
function readVersion(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(join(path, 'include', 'torch', 'headeronly', 'version.h'), 'utf8');
  } catch {
    return undefined;
  }
  const part = (name: string): string | undefined =>
    new RegExp(`^#define TORCH_VERSION_${name} (\\d+)`, 'm').exec(text)?.[1];
  const parts = [part('MAJOR'), part('MINOR'), part('PATCH')];
  return parts.includes(undefined) ? undefined : parts.join('.');
}
