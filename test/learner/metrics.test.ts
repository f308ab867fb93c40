/** Metrics give the shares that PyTorch counts, also where there are fewer classes than ranks asked for. */

import t from 'tap';

import * as learner from '../../lib/learner/index.js';
import { decode, readGoldens, type Recorded } from '../nn/golden.js';

const { accuracy, accuracyTopK, errorRate } = learner;

interface Case {
  pred: Recorded;
  yb: Recorded;
  accuracy: number;
  errorRate: number;
  accuracyTop2: number;
  accuracyTop5: number;
}

for (const { pred, yb, ...shares } of readGoldens<Case>('metrics')) {
  t.test(`predictions [${pred.shape.join(', ')}]`, async (t) => {
    for (const metric of [accuracy, errorRate, accuracyTopK(2), accuracyTopK(5)]) {
      const share = metric(decode(pred), decode(yb));
      t.equal(
        typeof share === 'number' ? share : share.item(),
        shares[metric.name as keyof typeof shares],
        metric.name,
      );
    }
  });
}
