/** The lesson's one-liner: the CNN for some data, initialised, in a learner with callbacks. */

import type { LayerFactory } from '../nn/index.js';
import { needOptions } from '../tensor/checks.js';
import { getCnnModel, initCnn, type ChannelsAndClasses, type CnnOptions } from '../vision/models/index.js';
import { Learner } from './learner.js';
import type { LearnerData, LearnerOptions } from './options.js';

/** Options of {@link getLearnRun}: the learner's, and those of `layer` (`leak`, `sub`, `maxv`, ...), which it is called with. */
export interface LearnRunOptions extends Omit<LearnerOptions, 'lr' | 'device'>, CnnOptions {
  /** Draws the weights evenly instead of normally; default false. */
  uniform?: boolean;
}

/**
 * Makes `getCnnModel(data, nfs, layer)`, draws its weights by `initCnn`, and returns its learner. The lesson's runner is part of the learner
 * here, so there is nothing else to return.
 *
 * @param nfs widths of the layers after the first three, e.g. `[64, 64, 128, 256]`
 * @param lr learning rate where no schedule sets it
 * @param layer makes one layer, e.g. `convLayer`
 */
export function getLearnRun(
  nfs: readonly number[],
  data: LearnerData & ChannelsAndClasses,
  lr: number,
  layer: LayerFactory,
  options: LearnRunOptions = {},
): Learner {
  needOptions('getLearnRun', options);
  const { uniform, leak, sub, maxv, bn, dtype, device, ...learnerOptions } = options;
  const model = initCnn(getCnnModel(data, nfs, layer, { leak, sub, maxv, bn, dtype, device }), { uniform });
  return new Learner(model, data, { ...learnerOptions, lr, device });
}
