/** A training that goes on where it was stopped: start it again after Ctrl-C, a crash or a power cut. */

import { CheckpointCallback, DataLoader, Learner, latestCheckpoint, nn, tensor } from 'tench';

const points = Array.from({ length: 64 }, (_, i) => [Math.sin(i), Math.cos(3 * i)] as const);
const dataset = { length: points.length, get: (i: number) => [tensor(points[i]!), points[i]![0] > 0 ? 1 : 0] };
const trainDl = new DataLoader(dataset, { batchSize: 8, shuffle: true });
const learn = new Learner(new nn.Sequential(new nn.Dropout({ p: 0.1 }), new nn.Linear(2, 2)), { trainDl });

const cbs = [new CheckpointCallback('checkpoints', { everyBatches: 4, keep: 2 })];
const resume = await latestCheckpoint('checkpoints'); // null at the first start
await learn.fit(1, { lr: 0.1, cbs, resume });
await learn.fitOneCycle(3, { lrMax: 0.5, cbs, resume });
console.log(`${learn.totalEpochs} epochs`);
