/** How everything in the report room is called rightly, for the tests that call it wrongly. */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AvgStatsCallback, Learner, type Callback } from '../../lib/learner/index.js';
import * as room from '../../lib/report/index.js';
import { sgdOpt } from '../../lib/optim/index.js';
import { ones } from '../../lib/tensor/index.js';
import { drawData, drawModel } from '../learner/drawn.js';
import type { Room } from '../provoke.js';

const stream = (): { write: () => boolean } => ({ write: () => true });

function progress(): room.ProgressCallback {
  const made = new room.ProgressCallback({ table: stream() as never, bar: stream() as never });
  const learn = new Learner(drawModel(), drawData([4], [2]));
  learn.addCallbacks([made]);
  return made;
}

/** Files that callbacks write; whoever calls them removes the folder. */
export const reportFolder = mkdtempSync(join(tmpdir(), 'tench-hostile-'));
const csv = join(reportFolder, 'log.csv');

/** A callback of a learner in the middle of a fit. */
function added<C extends Callback>(cb: C): C {
  const learn = new Learner(drawModel(), drawData([4], [2]), { cbs: [new AvgStatsCallback(), cb] });
  learn.opt = sgdOpt(learn.model.parameters(), { lr: 0.1 });
  [learn.xb, learn.yb, learn.pred, learn.loss] = [ones([2, 2]), ones([2]), ones([2, 2]), ones([])];
  learn.dl = learn.data.trainDl;
  return cb;
}

const record = { epoch: 0, train: { loss: 1 }, valid: null, seconds: 1, imagesPerSecond: 2 };

export const reportRoom: Room = {
  exports: room,
  apart: {
    'EpochTable#line': 'private',
    'ProgressCallback#start': 'private',
    'ProgressCallback#stop': 'private',
    ...Object.fromEntries(
      ['passBegins', 'passEnds', 'callbacksTook', 'mark', 'took', 'add'].map((name) => [
        `ProfilerCallback#${name}`,
        'internal',
      ]),
    ),
    'CsvLogCallback#stats': 'private',
    'CsvLogCallback#write': 'private',
    'TensorBoardCallback#writeBatches': 'private',
    'TensorBoardCallback#beginFit': 'opens a file that cleanupFit closes',
  },
  instances: {
    EpochTable: () => new room.EpochTable(['loss']),
    ProgressCallback: progress,
    CsvLogCallback: () => added(new room.CsvLogCallback(csv)),
    ProfilerCallback: () => added(new room.ProfilerCallback()),
    TensorBoardCallback: () => added(new room.TensorBoardCallback(reportFolder)),
  },
  valid: {
    'new ProgressCallback': () => [{ table: stream(), bar: stream() }],
    'ProgressCallback#say': () => ['text'],
    'new CsvLogCallback': () => [csv, { append: true }],
    'new ProfilerCallback': () => [{ synchronize: true }],
    'new TensorBoardCallback': () => [reportFolder],
    'new EpochTable': () => [['loss', 'accuracy'], 80],
    'EpochTable#row': () => [record],
    formatBytes: () => [1000],
    formatDuration: () => [7],
    showTransfer: () => [stream()],
  },
  open: {
    'new ProgressCallback 0.table.write.()': 'what a stream returns is not looked at',
    'new ProgressCallback 0.bar.write.()': 'what a stream returns is not looked at',
    'showTransfer 0.write.()': 'what a stream returns is not looked at',
  },
  uses: {
    'new EpochTable': (table: room.EpochTable) => [table.header(), table.row(record)],
    showTransfer: (made: ReturnType<typeof room.showTransfer>) => {
      made.show({ stage: 'download', received: 1, total: 2 });
      made.end();
    },
  },
};
