/**
 * Ten epochs over images, and what the process holds of memory meanwhile: run by loadingMemory.test.ts in a process of its own,
 * `node --expose-gc dist/test/vision/tenEpochs.js KIND FOLDER COUNT`, and prints one line of JSON.
 *
 * Beside the batches themselves an epoch may hold pictures that are being decoded, copies of their files, and what the collector has not come to.
 */

import { readFileSync } from 'node:fs';
import { setImmediate, setTimeout as wait } from 'node:timers/promises';

import { collectGarbage } from '../collect.js';
import { DataLoader, StreamLoader, TarShards, getFiles, type Transforms } from '../../lib/data/index.js';
import { emptyCache, memory, type Tensor } from '../../lib/tensor/index.js';
import { ImageList } from '../../lib/vision/imageList.js';
import { openImages } from '../../lib/vision/openImages.js';
import { makeRgb } from '../../lib/vision/transforms/makeRgb.js';
import { RandomFlip } from '../../lib/vision/transforms/randomFlip.js';
import { RandomResizedCrop } from '../../lib/vision/transforms/randomResizedCrop.js';
import { toByteTensor, toFloatTensor } from '../../lib/vision/transforms/toTensor.js';

/** What {@link tenEpochs} prints. Bytes. */
export interface TenEpochs {
  /** What the batches take that are there at once: the one in use and those that are made ahead. */
  batches: number;
  /** The most that the process has held, over what it held before its first epoch and without the batches; after each epoch. */
  beyond: number[];
  /** What is left after each epoch, when all garbage has gone. */
  tensors: number[];
  bytes: number[];
  /** What the system says that the process holds then. */
  resident: number[];
}

const EPOCHS = 10;
const SIDE = 128;
const BATCH = 64;
const PREFETCH = 4;
const settings = { batchSize: BATCH, prefetch: PREFETCH };
const untouched = Object.assign((image: unknown) => image, { order: 11 });
const tfms = [makeRgb, new RandomResizedCrop(SIDE), new RandomFlip(), toByteTensor, toFloatTensor];

/** Loaders over the images of a folder, whose files are repeated up to a number. */
const loaders = {
  files: (folder, count) => new DataLoader(new ImageList<Tensor>(filesOf(folder, count), folder, tfms), settings),
  bytes: (folder, count) => {
    const items = filesOf(folder, count).map((path) => ({ name: path, bytes: readFileSync(path) }));
    return new DataLoader(new ImageList<Tensor, (typeof items)[0]>(items, folder, tfms), settings);
  },
  shards: (folder) => {
    const shards = new TarShards(getFiles(folder, { extensions: ['.tar', '.tgz'] }));
    return new StreamLoader(shards, { x: openImages((sample) => sample.bytes('jpg', 'jpeg')), tfms, ...settings });
  },
  javascript: (folder, count) => {
    const steps: Transforms = [...tfms, untouched];
    return new DataLoader(new ImageList<Tensor>(filesOf(folder, count), folder, steps), settings);
  },
} satisfies Record<string, (folder: string, count: number) => AsyncIterable<Tensor[]>>;

function filesOf(folder: string, count: number): string[] {
  const files = getFiles(folder, { recurse: true, extensions: ['.jpg', '.jpeg'] });
  return Array.from({ length: count }, (_, i) => files[i % files.length]!);
}

async function settle(): Promise<void> {
  for (let i = 0; i < 3; i += 1) {
    collectGarbage();
    await setImmediate();
  }
  // A thread of the lowest priority lets go of a batch a moment after it has said that it is done with it; on a busy machine that may be long.
  for (let i = 0; i < 6000 && memory().bytes > 0; i += 1) await wait(20);
  emptyCache();
}

async function tenEpochs(kind: keyof typeof loaders, folder: string, count: number): Promise<TenEpochs> {
  const loader: AsyncIterable<Tensor[]> = loaders[kind](folder, count);
  const peak = (): number => process.resourceUsage().maxRSS * 1024;
  await settle();
  const before = process.memoryUsage().rss;
  const there = Math.min((PREFETCH + 2) * BATCH, count);
  const batches = there * 3 * SIDE * SIDE * Float32Array.BYTES_PER_ELEMENT;
  const found: TenEpochs = { batches, beyond: [], tensors: [], bytes: [], resident: [] };
  for (let epoch = 0; epoch < EPOCHS; epoch += 1) {
    for await (const batch of loader) for (const part of batch) part.dispose();
    found.beyond.push(peak() - before - batches);
    await settle();
    const { tensors, bytes } = memory();
    found.tensors.push(tensors);
    found.bytes.push(bytes);
    found.resident.push(process.memoryUsage().rss);
  }
  return found;
}

const [kind = '', folder = '', count = ''] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await tenEpochs(kind as keyof typeof loaders, folder, Number(count)))}\n`);
