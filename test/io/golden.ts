/** What the tests of the io room share: files of the reference implementations, exchange with Python, and damage done to files. */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { TenchError, isTensor, type Tensor } from '../../lib/tensor/index.js';

const folder = new URL('../../../test/goldens/io/', import.meta.url);

/** A tensor as scripts/goldens/files.py describes it: elements in row-major order as little-endian hex. */
export interface Described {
  dtype: string;
  shape: number[];
  hex: string;
}

/** The path of a file that a reference implementation has written. */
export function golden(name: string): string {
  return fileURLToPath(new URL(name, folder));
}

/** What is in a file of the reference implementations. */
export function expectedOf(name: string): Record<string, Described> {
  const all = JSON.parse(readFileSync(golden('expected.json'), 'utf8')) as Record<string, Record<string, Described>>;
  return all[name]!;
}

export function described(value: unknown): Described {
  if (!isTensor(value)) throw new TypeError('no tensor');
  const data = value.detach().toTypedArray();
  return {
    dtype: value.dtype,
    shape: value.shape,
    hex: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
  };
}

/** A Map's tensors by name, described. */
export function describedAll(tensors: Iterable<readonly [unknown, Tensor]>): Record<string, Described> {
  return Object.fromEntries([...tensors].map(([name, value]) => [String(name), described(value)]));
}

/** A Python that has torch; without one, the tests that exchange files with it are skipped by name. */
export const python: string | undefined = process.env.TENCH_PYTHON || undefined;
export const noPython: string | false = python === undefined && 'TENCH_PYTHON names no Python with torch';

/** Runs a script in that Python and returns what it prints as JSON. */
export function runPython(script: string, ...args: string[]): unknown {
  const { stdout, stderr, status } = spawnSync(python!, ['-c', script, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Python ended with ${status}:\n${stderr}`);
  return JSON.parse(stdout);
}

/** Describes tensors in Python, with the words of {@link described}. */
export const describeInPython = `
import json, sys, torch
def described(value):
    flat = value.detach().contiguous().reshape(-1)
    data = bytes(flat.view(torch.uint8).tolist()) if flat.numel() > 0 else b''
    return {'dtype': str(value.dtype)[6:], 'shape': list(value.shape), 'hex': data.hex()}
`;

/** Writes values of torch.save down in Python, by the very function that made the golden files. */
export const plainInPython = `
import json, runpy, sys
plain = runpy.run_path(${JSON.stringify(fileURLToPath(new URL('../../../scripts/goldens/files.py', import.meta.url)))})['plain']
`;

/** A repeatable stream of numbers in [0, 1) (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Reads many damaged variants of a file: cut at up to `cuts` places, and with up to `flips` seeded faults of one to four bytes.
 *
 * @returns how many variants were refused; every refusal is a TenchError that names the file, or this throws
 */
export async function readDamaged(
  whole: Uint8Array,
  path: string,
  read: (path: string) => Promise<unknown>,
  { cuts = 200, flips = 300, seed = 1 } = {},
): Promise<{ cutRefused: number; cut: number; flipRefused: number }> {
  const refuses = async (bytes: Uint8Array): Promise<boolean> => {
    writeFileSync(path, bytes);
    try {
      await read(path);
      return false;
    } catch (error) {
      if (error instanceof TenchError && error.message.includes(path)) return true;
      throw error;
    }
  };
  let cutRefused = 0;
  let cut = 0;
  const step = Math.max(1, Math.floor(whole.length / cuts));
  for (let length = 0; length < whole.length; length += step) {
    cut += 1;
    if (await refuses(whole.subarray(0, length))) cutRefused += 1;
  }
  const random = randomOf(seed);
  let flipRefused = 0;
  for (let variant = 0; variant < flips; variant += 1) {
    const bytes = Uint8Array.from(whole);
    const faults = 1 + Math.floor(random() * 4);
    // Half of the faults go where headers are: at the beginning and at the end.
    for (let fault = 0; fault < faults; fault += 1) {
      const range = random() < 0.5 ? bytes.length : Math.min(bytes.length, 400);
      const place = Math.floor(random() * range);
      const at = random() < 0.5 ? place : bytes.length - 1 - place;
      bytes[at] = bytes[at]! ^ (random() < 0.7 ? 1 << Math.floor(random() * 8) : Math.floor(random() * 256));
    }
    if (await refuses(bytes)) flipRefused += 1;
  }
  return { cutRefused, cut, flipRefused };
}
