/** How everything in the report room is called rightly, for the tests that call it wrongly. */

import { Learner } from '../../lib/learner/index.js';
import * as room from '../../lib/report/index.js';
import { drawData, drawModel } from '../learner/drawn.js';
import type { Room } from '../provoke.js';

const stream = (): { write: () => boolean } => ({ write: () => true });

function progress(): room.ProgressCallback {
  const made = new room.ProgressCallback({ table: stream() as never, bar: stream() as never });
  const learn = new Learner(drawModel(), drawData([4], [2]));
  learn.addCallbacks([made]);
  return made;
}

const record = { epoch: 0, train: { loss: 1 }, valid: null, seconds: 1, imagesPerSecond: 2 };

export const reportRoom: Room = {
  exports: room,
  apart: {
    'EpochTable#line': 'private',
    'ProgressCallback#start': 'private',
    'ProgressCallback#stop': 'private',
  },
  instances: { EpochTable: () => new room.EpochTable(['loss']), ProgressCallback: progress },
  valid: {
    'new ProgressCallback': () => [{ table: stream(), bar: stream() }],
    'ProgressCallback#say': () => ['text'],
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
