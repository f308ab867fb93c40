/** The works of the survey of growth: steps of the lesson's CNN on one batch in memory. */

import {
  Learner,
  convLayer,
  getCnnModel,
  libtorchVersion,
  rand,
  randint,
  setNumThreads,
  sgdOpt,
} from '../../lib/index.js';
import { precisions, sweeps, trainingAt, workName, type Training } from '../growth/trainings.js';
import type { Work } from '../harness/work.js';
import { Repeated, lr } from './training.js';

function steps({ precision, batchSize, size, classes }: Training): () => Work {
  return () => {
    const batch = [rand([batchSize, 3, size, size]), randint(classes, [batchSize], { dtype: 'int64' })] as const;
    const loader = new Repeated([[...batch]]);
    const model = getCnnModel({ cIn: 3, cOut: classes }, [64, 64, 128, 256], convLayer);
    const learn = new Learner(model, { trainDl: loader }, { precision, channelsLast: true, lr, optFunc: sgdOpt });
    return {
      run: async (iterations) => {
        loader.length = iterations;
        await learn.fit(1);
      },
      // Nobody computes the same beside it.
      values: () => [],
    };
  };
}

const trainings = sweeps.flatMap((sweep) =>
  sweep.values.flatMap((value) => precisions.map((precision) => trainingAt(sweep, value, precision))),
);

export const works: Readonly<Record<string, () => Work>> = Object.fromEntries(
  trainings.map((training) => [workName(training), steps(training)]),
);

export const libtorch = libtorchVersion;
export const setThreads = setNumThreads;
