/** The stations by name. */

import { augmentationQuestions } from './augmentation-questions.js';
import { augmentationTraining } from './augmentation-training.js';
import { augmentation } from './augmentation.js';
import { cropping } from './cropping.js';
import type { Station } from './harness/station.js';
import { imagenetteRecord } from './imagenette-record.js';
import { lsuv } from './lsuv.js';
import { momentum } from './momentum.js';
import { optimizers } from './optimizers.js';
import { resizing } from './resizing.js';
import { serving } from './serving.js';

export const stations: readonly Station[] = [
  resizing,
  cropping,
  momentum,
  optimizers,
  lsuv,
  augmentation,
  augmentationTraining,
  imagenetteRecord,
  augmentationQuestions,
  serving,
];
