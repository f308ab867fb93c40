/** Whatever stands in a learner's file, with a hash that is right: it loads and predicts, or there is a typed error. */

import { join } from 'node:path';

import fc from 'fast-check';
import t from 'tap';

import { readSealed, writeSealed } from '../../lib/io/sealed.js';
import { BatchAugmentCallback } from '../../lib/learner/index.js';
import { learnerFormat } from '../../lib/predict/description.js';
import { loadLearner } from '../../lib/predict/index.js';
import { TenchError, setNumThreads } from '../../lib/tensor/index.js';
import { BatchAugment, BatchErasing, BatchFlip, BatchRotate, imagenetteStats } from '../../lib/vision/index.js';
import { drawPictures, drawnLearner } from './drawnLearner.js';

setNumThreads(1);

const folder = t.testdir({});
await drawPictures(folder, { train: 1, valid: 1 });
const augment = new BatchAugment([new BatchFlip(), new BatchRotate({ maxDegrees: 9 }), new BatchErasing()], {
  size: 16,
  seed: 2n ** 70n,
  ...imagenetteStats,
});
const { learn, valid } = await drawnLearner(folder, { cbs: [new BatchAugmentCallback(augment)] });
const good = join(folder, 'good.safetensors');
await learn.export(good);
const { text, tensors } = await readSealed(good, learnerFormat);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** All places in a value, as paths of keys. */
function placesIn(value: Json, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => placesIn(item, [...path, key]))];
}

/** A copy in which one place has something else, or nothing. */
function spoilt(value: Json, [key, ...rest]: readonly string[], wrong: Json | undefined): Json | undefined {
  if (key === undefined) return wrong;
  const copy = structuredClone(value) as Record<string, Json>;
  const inner = spoilt(copy[key]!, rest, wrong);
  if (inner === undefined) Reflect.deleteProperty(copy, key);
  else copy[key] = inner;
  return copy;
}

/** Nothing that went wrong inside may hide behind a typed error; that a text is no JSON or no number is no accident. */
function isTyped(error: unknown): boolean {
  for (let cause: unknown = error; cause !== undefined; cause = cause.cause)
    if (!(cause instanceof TenchError || cause instanceof SyntaxError)) return false;
  return true;
}

const places = placesIn(JSON.parse(text) as Json);
const wrongs: readonly (Json | undefined)[] = [
  ...[undefined, null, true, 0, -1, 0.5, 3, 1e300, '', 'label', '__proto__', [], [1, 2], {}, { name: 'Pad' }],
  ...[
    { $tensor: '0' },
    { $number: 'NaN' },
    { $bigint: '7' },
    { $bigint: 'seven' },
    { name: 'normalizer', mean: ['a'] },
  ],
];

t.test('a description with one place spoilt', async (t) => {
  const path = join(folder, 'spoilt.safetensors');
  const strange: string[] = [];
  let loaded = 0;
  const one = fc.tuple(fc.constantFrom(...places), fc.constantFrom(...wrongs));
  for (const [place, wrong] of fc.sample(one, { numRuns: 250, seed: 1 })) {
    const description = JSON.stringify(spoilt(JSON.parse(text) as Json, place, wrong) ?? null);
    await writeSealed(path, learnerFormat, { text: description, tensors });
    try {
      await using predictor = await loadLearner(path, { thread: false });
      loaded += 1;
      for (const tta of [undefined, { n: 1 }]) {
        const [made] = await predictor.predictBatch([valid[0]!], { onError: 'return', ...(tta && { tta }) });
        if (made instanceof Error) throw made;
      }
    } catch (error) {
      if (!isTyped(error)) strange.push(`${place.join('.')} = ${JSON.stringify(wrong)}: ${(error as Error).stack}`);
    }
  }
  t.strictSame(strange, []);
  t.ok(loaded > 20, `${loaded} of them are learners all the same, such as those with other versions`);
});
