/** Damaged copies of image files of every format: each ends in pixels, the same ones every time, or in a typed error. */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { decodeImage, getFiles, untarData, type DecodeOptions, type Generator } from '../../../lib/index.js';
import { packageFolder } from '../../../lib/runtime/places.js';
import { pick } from '../choice.js';
import { damage, drawChanges, type Change } from '../files/damage.js';
import type { CallKind, Tools } from '../kind.js';

/** The small files of every kind that the tests are made of. */
const folders = ['jpeg', 'images'].map((name) => join(packageFolder, 'test', 'goldens', name));
const small = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => !name.endsWith('.json'))
    .map((name) => join(folder, name)),
);

/** Photographs are taken where TENCH_DATA has some; they go by number, so that a run is the same wherever they lie. */
const photographs = process.env.TENCH_DATA ? Array.from({ length: 12 }, (_, i) => `photograph ${i}`) : [];

/** The files that are damaged, by name. */
export const imageNames: readonly string[] = [
  ...small.map((path) => path.split('/').slice(-2).join('/')),
  ...photographs,
];

/** The undamaged files. */
export async function wholeImages(): Promise<ReadonlyMap<string, Buffer>> {
  const wholes = new Map(small.map((path, i) => [imageNames[i]!, readFileSync(path)]));
  if (photographs.length === 0) return wholes;
  const folder = await untarData(join(process.env.TENCH_DATA!, 'imagenette2-224.tgz'));
  const files = getFiles(folder, { recurse: true });
  photographs.forEach((name, i) => wholes.set(name, readFileSync(files[i * 1000]!)));
  return wholes;
}

/** Decodes bytes twice. Throws what decoding throws, and a plain Error where the two differ: then memory was read that nobody had written. */
export async function decodeTwice(bytes: Buffer, options: DecodeOptions): Promise<string> {
  const first = await decodeImage(bytes, options);
  const second = await decodeImage(bytes, options);
  const { width, height, channels, data } = first;
  if (data.length !== width * height * channels) throw new Error(`${data.length} bytes for ${first.shape.join(' x ')}`);
  if (Buffer.compare(data, second.data) !== 0) throw new Error('decoded twice, and not the same');
  return first.shape.join(' x ');
}

async function tools(): Promise<Tools> {
  const wholes = await wholeImages();
  const decoded = (name: string, changes: readonly Change[], options: DecodeOptions): Promise<string> =>
    decodeTwice(damage(wholes.get(name)!, changes), options);
  return { decoded };
}

function source(random: Generator, name: string): string {
  const changes = drawChanges(random).map((change) => JSON.stringify(change).replaceAll('"', "'"));
  const allowTruncated = pick(random, [true, false]);
  return `await decoded('${name}', [${changes.join(', ')}], { maxPixels: ${2 ** 24}, allowTruncated: ${allowTruncated} })`;
}

export const images: CallKind = {
  name: 'images',
  about: 'damaged image files of every format',
  calls: 20_000,
  batch: 2000,
  limits: { seconds: 20, bytes: 3 * 2 ** 30, growth: 512 * 2 ** 20 },
  subjects: () => imageNames,
  source,
  tools,
};
