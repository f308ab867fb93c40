import t from 'tap';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { CategoryProcessor } from '../../lib/data/categoryProcessor.js';
import type { TransformContext } from '../../lib/data/compose.js';
import { getFiles } from '../../lib/data/files.js';
import { padCollate } from '../../lib/data/padCollate.js';
import { StreamLoader, type StreamLoaderOptions, type StreamSample } from '../../lib/data/streamLoader.js';
import { TarShards, type TarSample } from '../../lib/data/tarShards.js';

const folder = fileURLToPath(new URL('../../../test/goldens/data/', import.meta.url));
const paths = getFiles(folder, { extensions: ['.tar', '.tgz'] });
const numberOf = (sample: TarSample): number => (sample.json('meta.json') as { number: number }).number;
const labels = ['0', '1', '2'];

const loaderOf = (options: Partial<StreamLoaderOptions<TarSample>> = {}, stream = new TarShards(paths)) =>
  new StreamLoader(stream, {
    x: numberOf,
    y: (sample) => sample.text('cls'),
    procY: new CategoryProcessor({ vocab: labels }),
    batchSize: 4,
    ...options,
  });

async function walk(loader: StreamLoader<TarSample>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const batch of loader) seen.push(batch.map((part) => part.toList()));
  return seen;
}

t.test('batches of a stream, in its order', async (t) => {
  const all = await walk(loaderOf());
  t.same(all, [
    [
      [0, 1, 2, 3],
      [0, 1, 2, 0],
    ],
    [
      [4, 5, 6, 7],
      [1, 2, 0, 1],
    ],
    [
      [8, 9, 10, 11],
      [2, 0, 1, 2],
    ],
    [
      [12, 13, 14],
      [0, 1, 2],
    ],
  ]);
  t.same(await walk(loaderOf({ prefetch: 0 })), all);
  t.same(await walk(loaderOf({ prefetch: 20 })), all);
  t.same(await walk(loaderOf({ dropLast: true })), all.slice(0, 3));
  t.same(
    await walk(loaderOf({ samples: 6 })),
    [
      all[0],
      [
        [4, 5],
        [1, 2],
      ],
    ],
    'an epoch may be shorter than the stream',
  );
  t.same(await walk(loaderOf({ samples: 6, dropLast: true })), [all[0]]);
  t.same(await walk(loaderOf({ y: undefined as never, procY: null, samples: 2 })), [[[0, 1]]]);
  t.equal(loaderOf({ samples: 15 }).length, 4);
  t.equal(loaderOf({ samples: 15, dropLast: true }).length, 3);
  t.throws(() => loaderOf().length, { message: /give the loader `samples`/ });
  await t.rejects(walk(loaderOf({ samples: 20 })), { message: /ended after 15 samples, .* should have 20/ });
  t.match(inspect(loaderOf({ samples: 15 })), /^StreamLoader \(15 samples of TarShards \(3 archives/);
});

t.test('an epoch is a function of seed and number, with all draws of its transforms', async (t) => {
  const draws = (x: number, { random }: TransformContext): number => x + random.random() / 2;
  const shuffled = new TarShards(paths, { shuffleShards: true, shuffleBuffer: 5 });
  const make = (stream: TarShards, prefetch = 4) => loaderOf({ tfms: draws, seed: 7, prefetch }, stream);
  const flat = (batches: unknown[]): number[] => (batches as [number[]][]).flatMap(([xs]) => xs);
  const loader = make(shuffled);
  const looked = (await loader.oneBatch())[0]!.toList();
  const first = flat(await walk(loader));
  t.same(looked, first.slice(0, 4), 'looking at a batch does not count');
  const second = flat(await walk(loader));
  t.notSame(second, first);
  const resumed = make(shuffled, 0);
  resumed.setEpoch(1);
  t.same(flat(await walk(resumed)), second, 'whatever the prefetch');
  const inOrder = flat(await walk(make(new TarShards(paths))));
  t.same(
    [...first].sort((a, b) => a - b),
    inOrder,
    'a sample is drawn alike wherever it comes in the epoch',
  );
});

t.test('an epoch that is resumed in its middle goes on with the same batches', async (t) => {
  const draws = (x: number, { random }: TransformContext): number => x + random.random() / 2;
  let opened = 0;
  const make = (options: Partial<StreamLoaderOptions<TarSample>> = {}) =>
    loaderOf(
      { tfms: draws, seed: 7, x: (sample) => (opened++, numberOf(sample)), ...options },
      new TarShards(paths, { shuffleShards: true, shuffleBuffer: 5 }),
    );
  const loader = make();
  loader.setEpoch(3);
  t.equal(loader.nextEpoch, 3);
  const whole = await walk(loader);
  t.equal(whole.length, 4);
  for (const batch of [0, 1, 3, 4, 9]) {
    for (const options of [{}, { prefetch: 0, samples: 15 }]) {
      const resumed = make(options);
      resumed.setEpoch(3, { batch });
      opened = 0;
      t.same(await walk(resumed), whole.slice(batch), `from batch ${batch} on`);
      t.equal(opened, Math.max(0, 15 - 4 * batch), 'what came before is not opened');
      t.equal(resumed.nextEpoch, 4);
      t.equal((await walk(resumed)).length, 4, 'the walk after that is a whole one');
    }
  }
  const short = make({ samples: 10, dropLast: true });
  short.setEpoch(3, { batch: 1 });
  t.same(await walk(short), whole.slice(1, 2));
  t.throws(() => loader.setEpoch(0, { batch: -1 }), { message: /`batch`/ });
});

t.test('texts through processors and a collate', async (t) => {
  const loader = loaderOf({
    x: (sample) => Promise.resolve(Array.from({ length: sample.key.length > 30 ? 3 : 2 }, () => 7)),
    collate: padCollate({ padding: 1 }),
    samples: 4,
  });
  t.same(await walk(loader), [
    [
      [
        [7, 7, 7],
        [7, 7, 1],
        [7, 7, 7],
        [7, 7, 1],
      ],
      [0, 1, 2, 0],
    ],
  ]);
});

t.test('what fails names the sample, in its turn', async (t) => {
  const seen: number[] = [];
  const failing = loaderOf({
    x: (sample) => {
      if (numberOf(sample) === 9) throw new Error('no good');
      return numberOf(sample);
    },
  });
  await t.rejects(
    async () => {
      for await (const [xb] of failing) seen.push(...(xb!.toList() as number[]));
    },
    { code: 'ERR_TENCH_ITEM', message: /shard-2\.tar: set\/0009: opening it failed: no good/ },
  );
  t.same(seen, [0, 1, 2, 3, 4, 5, 6, 7]);
  await t.rejects(walk(loaderOf({ procY: new CategoryProcessor({ vocab: ['0', '1'] }) })), {
    message: /0002: labelling it failed: the label "2" is not in the vocabulary/,
  });
  await t.rejects(walk(loaderOf({ procY: new CategoryProcessor() })), { message: /has not learned anything yet/ });
});

t.test('leaving the loop closes the stream', async (t) => {
  let open = 0;
  let read = 0;
  const stream = {
    async *samples(): AsyncGenerator<StreamSample> {
      open += 1;
      try {
        for (;;) yield { name: `${read}`, index: read++ };
      } finally {
        open -= 1;
      }
    },
  };
  const loader = new StreamLoader(stream, { x: ({ index }) => index, batchSize: 2, prefetch: 3 });
  for await (const [xb] of loader) {
    t.same(xb!.toList(), [0, 1]);
    t.equal(open, 1);
    break;
  }
  t.equal(open, 0);
  const abort = new AbortController();
  const stopped = new StreamLoader(stream, { x: ({ index }) => index, batchSize: 2, signal: abort.signal });
  await t.rejects(
    async () => {
      for await (const batch of stopped) if (batch.length === 1) abort.abort(new Error('enough'));
    },
    { message: 'enough' },
    'and so does an abort',
  );
  t.equal(open, 0);
  await t.rejects(stopped.oneBatch(), { message: 'enough' });
  t.ok(read <= 24, `${read} samples were read in all`);
  const empty = new StreamLoader({ async *samples() {} }, { x: () => 1 });
  await t.rejects(empty.oneBatch(), { message: /no sample/ });
});

t.test('samples that cannot be had fail the epoch, or are left out and counted', async (t) => {
  const bad = new Set([1, 4, 5, 6, 7, 9]);
  const stream = {
    async *samples(): AsyncGenerator<StreamSample> {
      for (let index = 0; index < 10; index++) yield { name: `item ${index}`, index };
    },
  };
  const open = ({ index }: StreamSample): number => {
    if (bad.has(index)) throw new Error(`${index} is damaged`);
    return index;
  };
  const label = ({ index }: StreamSample): number => {
    if (index === 8) throw new Error('it has no label');
    return 100 + index;
  };
  const loaderWith = (onError: 'throw' | 'skip', y?: typeof label) =>
    new StreamLoader(stream, { x: open, y, batchSize: 4, onError });
  const values = async (loader: StreamLoader<StreamSample>): Promise<unknown[]> => {
    const seen = [];
    for await (const batch of loader) seen.push(batch.map((part) => part.toList()));
    return seen;
  };
  await t.rejects(values(loaderWith('throw')), { message: /item 1.*1 is damaged/ });

  const warnings: string[] = [];
  const note = ({ message }: Error): void => void warnings.push(message);
  process.on('warning', note);
  t.teardown(() => process.off('warning', note));
  const skipping = loaderWith('skip', label);
  t.same(
    await values(skipping),
    [
      [
        [0, 2, 3],
        [100, 102, 103],
      ],
    ],
    'a batch of none is left out too',
  );
  t.same(
    skipping.failures.map(({ index, path }) => [index, path]),
    [1, 4, 5, 6, 7, 8, 9].map((index) => [index, `item ${index}`]),
  );
  t.match(skipping.failures[5]?.cause.message, /item 8: labelling it failed: it has no label/);
  await new Promise(setImmediate);
  t.match(warnings, [/7 of 10 items of epoch 0 could not be had and were left out; the first: item 1/]);

  bad.clear();
  t.same(await values(loaderWith('skip')), [[[0, 1, 2, 3]], [[4, 5, 6, 7]], [[8, 9]]]);
  for (let index = 0; index < 10; index++) bad.add(index);
  await t.rejects(values(loaderWith('skip')), { message: /none of the 10 items of the epoch can be had/ });
  t.throws(() => loaderWith('replace' as 'skip'), { message: /'throw'.*'skip'.*`onError`/ });
});
