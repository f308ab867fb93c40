/** Training with everything that can go wrong in it: layers and losses of odd shapes, callbacks that throw, optimizers, precision, scopes. */

import type { Generator } from '../../../lib/index.js';
import type { CallKind } from '../kind.js';
import { checkpoint, custom, hooks, layers } from '../training/graph.js';
import { layerNames, loss, lossNames } from '../training/layers.js';
import { memory, optimizing, scaling, scopes, step } from '../training/steps.js';

const sources: Readonly<Record<string, (random: Generator) => string>> = {
  ...Object.fromEntries(layerNames.map((name) => [`layer.${name}`, (random: Generator) => layers(random, name)])),
  ...Object.fromEntries(lossNames.map((name) => [`loss.${name}`, (random: Generator) => loss(random, name)])),
};

/** These have more ways to go wrong than one layer has, so they take as many turns together as all layers. */
const many: Readonly<Record<string, (random: Generator) => string>> = {
  hooks,
  custom,
  checkpoint,
  optimizing,
  scaling,
  step,
  scopes,
  memory,
};

const turns = Object.keys(many).flatMap((name) => Array.from({ length: 6 }, () => name));

export const training: CallKind = {
  name: 'training',
  about: 'layers, losses, hooks, custom functions, checkpoints, optimizers, scopes, a memory cap',
  calls: 30_000,
  batch: 2000,
  limits: { seconds: 20, bytes: 4 * 2 ** 30 },
  subjects: () => [...Object.keys(sources), ...turns],
  source: (random, subject) => (sources[subject] ?? many[subject]!)(random),
};
