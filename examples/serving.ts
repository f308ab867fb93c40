/**
 * A learner as a service under load: 1,000 images are posted to `examples/predict/serve.ts`, 50 at a time, one in ten of which is none, and each
 * must get its label or its error. Then the same images without HTTP, with the model on a thread of its own and on the one that asks: what the event
 * loop has to wait for.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import sharp from 'sharp';
import {
  BatchTransformXCallback,
  CategoryProcessor,
  ImageList,
  Learner,
  ResizeFixed,
  SplitData,
  convLayer,
  getCnnModel,
  getFiles,
  imageExtensions,
  imagenetteClasses,
  imagenetteStats,
  initCnn,
  labelByFunc,
  loadLearner,
  makeRgb,
  normalizer,
  toByteTensor,
} from 'tench';
import { pooled, postAll, startService } from './harness/load.js';
import { findFolder, findPicture } from './harness/picture.js';
import type { Station } from './harness/station.js';

const REQUESTS = 1000;
const AT_ONCE = 50;
/** Different images among the requests. */
const IMAGES = 200;
const SIZE = 128;

/** What is no image: one request in ten. */
const bad = (good: Uint8Array, i: number): Uint8Array =>
  [Buffer.from('no image'), Buffer.alloc(0), good.subarray(0, good.length / 2), Buffer.alloc(5000, 0xff)][i % 4]!;

export const serving: Station = {
  name: 'serving',
  summary: 'a learner as a service: 1,000 requests, 50 at a time, bad images among them',
  async run({ data, out, print }) {
    const images = await imagesOf(data);
    const path = join(out, 'learner.safetensors');
    await exportUntrained(path, images[0]!);
    const bodies = Array.from({ length: REQUESTS }, (_, i) => {
      const image = images[i % images.length]!;
      return i % 10 === 9 ? bad(image, Math.floor(i / 10)) : image;
    });
    const http = await overHttp(path, bodies);
    print(
      `${REQUESTS} requests, ${AT_ONCE} at a time: ${http.labels} labels, ${http.errors} errors, ${http.unanswered} unanswered`,
    );
    print(
      `${http.perSecond.toFixed(0)} a second, half within ${http.median.toFixed(0)} ms, 99 % within ${http.p99.toFixed(0)} ms`,
    );
    const loops: Record<string, LoopFigures> = {};
    for (const thread of [true, false]) {
      const name = thread ? 'ownThread' : 'sameThread';
      const figures = (loops[name] = await inProcess(path, bodies, thread));
      print(
        `the model on ${thread ? 'a thread of its own' : 'the thread that asks'}: ${figures.perSecond.toFixed(0)} a second; ` +
          `the event loop waited ${figures.delay.p99.toFixed(1)} ms (99 %), ${figures.delay.most.toFixed(1)} ms at most`,
      );
    }
    return { requests: REQUESTS, atOnce: AT_ONCE, http, ...loops };
  },
};

/** Files of the data, or one drawn picture. */
async function imagesOf(data: string | null): Promise<Uint8Array[]> {
  const folder = data === null ? null : await findFolder(data);
  if (folder !== null) {
    const files = getFiles(folder, { extensions: imageExtensions, recurse: true });
    const step = Math.max(1, Math.floor(files.length / IMAGES));
    return files
      .filter((_, i) => i % step === 0)
      .slice(0, IMAGES)
      .map((file) => readFileSync(file));
  }
  const { data: pixels, width, height, channels } = await findPicture(data);
  return [await sharp(pixels, { raw: { width, height, channels } }).resize(224).jpeg().toBuffer()];
}

/** The lesson's CNN as it is before training: it takes as long to say nothing. */
async function exportUntrained(path: string, image: Uint8Array): Promise<void> {
  const vocab = Object.keys(imagenetteClasses);
  const list = new ImageList([image, image], '.', [makeRgb, new ResizeFixed(SIZE), toByteTensor]);
  const split = SplitData.splitByFunc(list, (_, i) => i === 1);
  const procY = new CategoryProcessor({ vocab });
  const bunch = labelByFunc(split, () => vocab[0]!, { procY }).toDatabunch(1);
  const model = initCnn(getCnnModel({ cIn: 3, cOut: vocab.length }, [64, 64, 128, 256], convLayer));
  const cbs = [new BatchTransformXCallback(normalizer(imagenetteStats))];
  await new Learner(model, bunch, { cbs, channelsLast: true }).export(path);
}

async function overHttp(
  path: string,
  bodies: readonly Uint8Array[],
): Promise<{ labels: number; errors: number; unanswered: number; perSecond: number; median: number; p99: number }> {
  const service = await startService(path);
  const began = performance.now();
  const answers = await postAll(service, bodies, { atOnce: AT_ONCE });
  const seconds = (performance.now() - began) / 1000;
  await service.stop();
  const count = (status: number): number => answers.filter((one) => one.status === status).length;
  const times = answers.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  return {
    labels: count(200),
    errors: count(422),
    unanswered: answers.length - count(200) - count(422),
    perSecond: answers.length / seconds,
    median: times[Math.floor(times.length / 2)]!,
    p99: times[Math.floor(times.length * 0.99)]!,
  };
}

interface LoopFigures {
  readonly perSecond: number;
  readonly labels: number;
  readonly errors: number;
  /** How late the event loop came to a timer, in milliseconds. */
  readonly delay: { readonly p99: number; readonly most: number };
}

async function inProcess(path: string, bodies: readonly Uint8Array[], thread: boolean): Promise<LoopFigures> {
  const predictor = await loadLearner(path, { thread });
  await predictor.predictBatch(bodies.slice(0, AT_ONCE), { onError: 'return' });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  const answers = await pooled(bodies.length, AT_ONCE, async (i) => {
    const [answer] = await predictor.predictBatch([bodies[i]!], { onError: 'return' });
    return answer;
  });
  const seconds = (performance.now() - began) / 1000;
  delay.disable();
  await predictor.close();
  const errors = answers.filter((one) => one instanceof Error).length;
  return {
    perSecond: answers.length / seconds,
    labels: answers.length - errors,
    errors,
    delay: { p99: delay.percentile(99) / 1e6, most: delay.max / 1e6 },
  };
}
