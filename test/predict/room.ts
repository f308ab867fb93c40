/** How everything in the predict room is called rightly, for the tests that call it wrongly. */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CategoryProcessor } from '../../lib/data/index.js';
import * as room from '../../lib/predict/index.js';
import { createModel, normalizer, toByteTensor } from '../../lib/vision/index.js';
import type { Room } from '../provoke.js';
import { drawPictures, drawnLearner, labels } from './drawnLearner.js';

/** Files for the right arguments; whoever calls with them removes the folder. */
export const predictFolder = mkdtempSync(join(tmpdir(), 'tench-predict-'));

await drawPictures(predictFolder, { train: 1, valid: 1 });
const { learn, valid } = await drawnLearner(predictFolder);
const file = join(predictFolder, 'right.safetensors');
await learn.export(file);
const predictor = await room.loadLearner(file, { thread: false });

const processors = (): CategoryProcessor => new CategoryProcessor({ vocab: labels });

export const predictRoom: Room = {
  exports: room,
  apart: {
    'new Predictor': 'internal: `loadLearner` makes them',
    'Predictor#close': 'takes nothing, and ends the one that is shared',
  },
  instances: { Predictor: () => predictor },
  valid: {
    exportLearner: () => [
      learn,
      join(predictFolder, 'written'),
      { tfms: [toByteTensor], batchTfms: normalizer({ mean: [0.5], std: [0.5] }), procY: processors() },
    ],
    loadLearner: () => [
      file,
      {
        model: createModel('getCnnModel', { cIn: 3, cOut: 3, nfs: [16] }),
        transforms: { Mine: () => toByteTensor },
        processors: [CategoryProcessor],
        code: 'data:text/javascript,export const one = 1',
        thread: false,
        device: 'cpu',
        batchSize: 2,
        maxBytes: 1000,
      },
    ],
    'Predictor#predict': () => [valid[0], { signal: new AbortController().signal }],
    'Predictor#predictBatch': () => [[valid[0], valid[1]], { onError: 'return', signal: new AbortController().signal }],
  },
  open: { 'loadLearner 1.transforms.Mine.()': 'called when a file names it' },
};
