/** Whole files of every format: made by tench's writers, and those of the reference implementations among the golden files. */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import * as t from '../../../lib/index.js';
import { packageFolder } from '../../../lib/runtime/places.js';

const goldens = join(packageFolder, 'test', 'goldens', 'io');

/** Tensors of many dtypes and shapes. */
function tensors(): Record<string, t.Tensor> {
  const dtypes = ['float32', 'float64', 'float16', 'bfloat16', 'int64', 'int32', 'uint8', 'bool', 'complex64'] as const;
  const all = dtypes.map((dtype, i): [string, t.Tensor] => [dtype, t.arange(i + 1).to(dtype)]);
  return { ...Object.fromEntries(all), scalar: t.tensor(3.5), empty: t.zeros([0, 3]), matrix: t.ones([2, 3]) };
}

/** What torch.save is asked to write: containers in one another, shared storages, views. */
function nested(): unknown {
  const x = t.arange(12).to('float32').reshape([3, 4]);
  const model = new t.nn.Sequential(new t.nn.Linear(3, 2), new t.nn.BatchNorm1d(2));
  const state = model.stateDict();
  return {
    state,
    views: [x, x.t(), x.narrow(0, 1, 2)],
    numbers: [1, 2.5, -(2 ** 40), 2n ** 70n],
    text: 'ä',
    none: null,
  };
}

async function written(folder: string): Promise<Map<string, Uint8Array>> {
  const path = (name: string): string => join(folder, name);
  await t.writeSafetensors(path('made.safetensors'), tensors(), { metadata: { format: 'pt', note: 'ä' } });
  await t.writeNpz(path('made.npz'), { a: t.ones([2, 3]), b: t.arange(5) });
  await t.writeNpy(path('made.npy'), t.arange(6).reshape([2, 3]).to('float64'));
  await t.writeTorch(path('made.pt'), nested());
  const names = ['made.safetensors', 'made.npz', 'made.npy', 'made.pt'];
  return new Map(names.map((name) => [name, readFileSync(path(name))]));
}

/** The formats, each with the call that reads it and the golden files that have it. */
export const formats: Readonly<Record<string, { read: readonly string[]; file: RegExp }>> = {
  safetensors: {
    read: ['t.readSafetensors(FILE)', 't.readSafetensors(FILE, { mapped: false })'],
    file: /\.safetensors$/,
  },
  npy: { read: ['t.readNpy(FILE)'], file: /^(?!refused).*\.npy$/ },
  npz: { read: ['t.readNpz(FILE)'], file: /\.npz$/ },
  torch: {
    read: ['t.readTorch(FILE)', "t.readTorch(FILE, { mapped: true, dicts: 'object' })"],
    file: /^(?!scripted|traced|legacy|refused).*\.pt$/,
  },
  legacy: { read: ['t.readTorch(FILE)'], file: /^legacy\.pt$/ },
  script: { read: ['t.jit.load(FILE)'], file: /^(scripted|traced)\.pt$/ },
};

/** Names of all whole files of a format, in an order of their own. */
export function wholesOf(format: string): string[] {
  const made = ['made.safetensors', 'made.npz', 'made.npy', 'made.pt'];
  return [...made, ...readdirSync(goldens).sort()].filter((name) => formats[format]!.file.test(name));
}

/** The bytes of every whole file by name; those that tench writes are written into a folder. */
export async function wholes(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = readdirSync(goldens).filter((name) => Object.values(formats).some(({ file }) => file.test(name)));
  return new Map([
    ...(await written(folder)),
    ...found.map((name): [string, Uint8Array] => [name, readFileSync(join(goldens, name))]),
  ]);
}
