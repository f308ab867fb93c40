/** Files that vanish, change, grow short or cannot be read while an epoch is under way. */

import t from 'tap';
import { chmodSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Transforms } from '../../lib/data/compose.js';
import { DataLoader, type OnError } from '../../lib/data/index.js';
import type { Tensor } from '../../lib/tensor/index.js';
import type { Image } from '../../lib/vision/image.js';
import { ImageList } from '../../lib/vision/imageList.js';
import { makeRgb } from '../../lib/vision/transforms/makeRgb.js';
import { ResizeFixed } from '../../lib/vision/transforms/resizeFixed.js';
import { toByteTensor } from '../../lib/vision/transforms/toTensor.js';

const COUNT = 16;
const native: Transforms = [makeRgb, new ResizeFixed(8), toByteTensor];
const inJavaScript: Transforms = [...native, Object.assign((image: Image) => image, { order: 15 })];

const plain = (level: number): Promise<Buffer> =>
  sharp({ create: { width: 40, height: 30, channels: 3, background: { r: level, g: level, b: level } } })
    .jpeg({ quality: 95 })
    .toBuffer();

async function draw(folder: string): Promise<string[]> {
  return Promise.all(
    Array.from({ length: COUNT }, async (_, i) => {
      const path = join(folder, `${String(i).padStart(2, '0')}.jpg`);
      writeFileSync(path, await plain(10 * i));
      return path;
    }),
  );
}

/** What happens to files of the second half after the first batch, and what is said of each. */
const mishaps: Record<number, { happens: (path: string) => void; reason: RegExp; skip?: boolean }> = {
  9: { happens: (path) => rmSync(path), reason: /there is no such file/ },
  11: { happens: (path) => truncateSync(path, statSync(path).size - 20), reason: /truncated/ },
  12: { happens: (path) => truncateSync(path, 0), reason: /\S/ },
  13: {
    happens: (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    reason: /it is a folder/,
  },
  14: { happens: (path) => chmodSync(path, 0), reason: /permission denied/, skip: process.getuid?.() === 0 },
};
const bad = Object.entries(mishaps).flatMap(([i, { skip }]) => (skip === true ? [] : [Number(i)]));
const CHANGED = 10;

/** Walks through an epoch of fours; after the first batch the files change. The level of each picture that came. */
async function walk(t: Folders, tfms: Transforms, onError: OnError): Promise<{ levels: number[]; loader: DataLoader }> {
  const folder = t.testdir();
  const paths = await draw(folder);
  const list = new ImageList<Tensor>(paths, folder, tfms);
  const loader = new DataLoader(list, { batchSize: 4, prefetch: 0, onError });
  const levels: number[] = [];
  for await (const [xb] of loader) {
    levels.push(...(xb!.to('float32').mean([1, 2, 3]).round().toList() as number[]));
    if (levels.length > 4) continue;
    for (const i of bad) mishaps[i]!.happens(paths[i]!);
    writeFileSync(paths[CHANGED]!, await plain(255));
  }
  return { levels, loader };
}
type Folders = Pick<typeof t, 'testdir'>;

for (const [kind, tfms] of Object.entries({ native, inJavaScript })) {
  t.test(`what happens to files in the middle of an epoch is the policy of the loader (${kind})`, async (t) => {
    const warnings: Error[] = [];
    const note = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', note);
    t.teardown(() => process.off('warning', note));
    await t.rejects(walk(t, tfms, 'throw'), { code: 'ERR_TENCH_IMAGE', message: /09\.jpg: there is no such file/ });

    const { levels, loader } = await walk(t, tfms, 'skip');
    const left = Array.from({ length: COUNT }, (_, i) => i).filter((i) => !bad.includes(i));
    t.same(
      levels,
      left.map((i) => (i === CHANGED ? 255 : 10 * i)),
      'a file that was written anew gives the new picture, and what is gone is left out',
    );
    t.same(
      loader.failures.map(({ index }) => index),
      bad,
    );
    for (const { index, path, cause } of loader.failures) {
      t.match(cause.message, mishaps[index]!.reason, path);
      t.ok(cause.message.includes(path), 'by its path');
    }
    await new Promise(setImmediate);
    t.match(warnings.at(-1)?.message, new RegExp(`^${bad.length} of 16 items of epoch 0 .* left out; the first: .*09`));

    const replaced = await walk(t, tfms, 'replace');
    t.equal(replaced.levels.length, COUNT);
    t.ok(replaced.loader.failures.length >= bad.length, 'what replaces one may be bad, too');
  });
}
