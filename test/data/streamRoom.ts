/** How the streams of the data room are called rightly; a part of room.ts. */

import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

import * as room from '../../lib/data/index.js';
import type { Room } from '../provoke.js';

const shard = fileURLToPath(new URL('../../../test/goldens/data/shard-1.tgz', import.meta.url));
const draw = { seed: 1, epoch: 0 };
const saved = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
const streamOptions: room.StreamLoaderOptions<room.TarSample> = {
  x: () => 1,
  y: () => 'tench',
  procX: [],
  procY: [new room.CategoryProcessor({ vocab: ['tench'] })],
  tfms: [(value: unknown) => value],
  batchSize: 2,
  samples: 2,
  dropLast: false,
  prefetch: 1,
  numThreads: 1,
  seed: 1,
  device: 'cpu',
  pinMemory: false,
  signal: undefined,
  onError: 'throw',
};

export const streamRecipes: Pick<Room, 'instances' | 'valid' | 'uses'> = {
  instances: {
    StreamLoader: () => new room.StreamLoader(new room.TarShards(shard), streamOptions),
    TarSample: () => new room.TarSample('a.tar: a', 'a', 0, new Map([['json', Buffer.from('1')]])),
    TarShards: () => new room.TarShards(shard),
  },
  valid: {
    'new StreamLoader': () => [new room.TarShards(shard), streamOptions],
    'StreamLoader#setEpoch': () => [1, { batch: 1 }],
    'StreamLoader#oneBatch': () => [],
    'TarSample#bytes': () => ['json'],
    'TarSample#text': () => ['json'],
    'TarSample#json': () => ['json'],
    'new TarShards': () => [
      [shard],
      { shuffleShards: true, shuffleBuffer: 2, rank: 0, worldSize: 1, maxPartBytes: 1000 },
    ],
    'TarShards.fromJSON': () => [saved(new room.TarShards(shard))],
    'TarShards#order': () => [draw],
    'TarShards#samples': () => [draw, { signal: undefined }],
    'TarShards#count': () => [],
    'TarShards#toJSON': () => [],
  },
  uses: {
    'new StreamLoader': async (made: room.StreamLoader<room.TarSample>) => {
      inspect(made);
      for await (const batch of made) inspect(batch);
    },
    'new TarShards': async (made: room.TarShards) => [inspect(made), await made.count()],
    'TarShards.fromJSON': (made: room.TarShards) => inspect(made),
    'TarShards#samples': async (made: AsyncGenerator) => made.next(),
  },
};
