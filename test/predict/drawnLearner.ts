/** A small learner on pictures that are drawn here, and what its validation has seen: the truth that its predictions are held against. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';

import {
  CategoryProcessor,
  Generator,
  SplitData,
  grandparentSplitter,
  labelByFunc,
  parentLabeler,
  type Labeler,
  type Processors,
  type Transforms,
} from '../../lib/data/index.js';
import { BatchTransformXCallback, Callback, Learner, type LearnerOptions } from '../../lib/learner/index.js';
import type { Module } from '../../lib/nn/index.js';
import { manualSeed, type Tensor } from '../../lib/tensor/index.js';
import {
  ImageList,
  ResizeFixed,
  createModel,
  imagenetteStats,
  makeRgb,
  normalizer,
  toByteTensor,
} from '../../lib/vision/index.js';

export const labels = ['blue', 'green', 'red'];

/** Draws so many pictures of each label into `PART/LABEL`: noise in which one colour is strong. Every third one is grey or has alpha, some are JPEG. */
export async function drawPictures(folder: string, counts: Readonly<Record<string, number>>): Promise<void> {
  const random = new Generator(7);
  for (const [part, count] of Object.entries(counts))
    for (const [channel, label] of ['red', 'green', 'blue'].entries()) {
      mkdirSync(join(folder, part, label), { recursive: true });
      for (let i = 0; i < count; i += 1) {
        const [width, height] = [20 + random.integer(9), 18 + random.integer(9)];
        const pixels = Buffer.from(
          Array.from({ length: width * height * 3 }, (_, at) => random.integer(120) + (at % 3 === channel ? 120 : 0)),
        );
        const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
        const path = join(folder, part, label, String(i));
        if (i % 3 === 0) await picture.jpeg({ quality: 95 }).toFile(`${path}.jpg`);
        else if (i % 3 === 1) await picture.ensureAlpha(0.5).png().toFile(`${path}.png`);
        else await picture.png().toFile(`${path}.png`);
      }
    }
}

/** Keeps what the model says when the learner validates, and of which images. */
export class Watch extends Callback {
  override order = 200;
  preds: Tensor[] = [];

  override beginValidate(): void {
    this.preds = [];
  }

  override afterPred(): void {
    if (!this.learn.inTrain) this.preds.push(this.learn.pred.detach().clone());
  }
}

export interface DrawnOptions extends LearnerOptions {
  readonly model?: Module;
  readonly tfms?: Transforms;
  readonly labeler?: Labeler<string, unknown>;
  readonly procY?: Processors;
  readonly batchSize?: number;
}

/** A learner that has been trained for two epochs. `valid` are the paths of its validation images, in the order of `watch.preds`. */
export async function drawnLearner(
  folder: string,
  options: DrawnOptions = {},
): Promise<{ learn: Learner; watch: Watch; valid: readonly string[] }> {
  manualSeed(3);
  const {
    model = createModel('getCnnModel', { cIn: 3, cOut: 3, nfs: [16] }),
    tfms = [makeRgb, new ResizeFixed(16), toByteTensor],
    labeler = parentLabeler,
    procY = new CategoryProcessor({ vocab: labels }),
    batchSize = 4,
    cbs = [new BatchTransformXCallback(normalizer(imagenetteStats))],
    ...rest
  } = options;
  const images = ImageList.fromFiles<Tensor>(folder, { tfms });
  const split = SplitData.splitByFunc(images, (file) => grandparentSplitter(file, { validName: 'valid' }));
  const data = labelByFunc(split, labeler, { procY }).toDatabunch(batchSize);
  const watch = new Watch();
  const learn = new Learner(model, data, { lr: 0.2, cbs: [...cbs, watch], ...rest });
  learn.logger = () => undefined;
  await learn.fit(2);
  const valid = images.items.filter((file) => grandparentSplitter(file, { validName: 'valid' }) === true);
  return { learn, watch, valid };
}
