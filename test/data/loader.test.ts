import t from 'tap';
import { inspect } from 'node:util';
import type { TransformContext } from '../../lib/data/compose.js';
import { ItemList } from '../../lib/data/itemList.js';
import { DataLoader } from '../../lib/data/loader.js';
import { WeightedSampler } from '../../lib/data/samplers.js';
import { type Tensor, memory, tensor } from '../../lib/tensor/index.js';
import { collectGarbage } from '../collect.js';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function batchesOf(loader: DataLoader): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const [xb] of loader) batches.push(xb!.toList() as number[]);
  return batches;
}

t.test('batches in order, the last one holds what is left', async (t) => {
  const loader = new DataLoader(new ItemList(range(7)), { batchSize: 3 });
  t.equal(loader.length, 3);
  t.same(await batchesOf(loader), [[0, 1, 2], [3, 4, 5], [6]]);
  const dropping = new DataLoader(new ItemList(range(7)), { batchSize: 3, dropLast: true });
  t.equal(dropping.length, 2);
  t.same(await batchesOf(dropping), [
    [0, 1, 2],
    [3, 4, 5],
  ]);
  t.same(await batchesOf(new DataLoader(new ItemList<number>([]), {})), [], 'nothing gives no batch');
  t.equal(new DataLoader(new ItemList(range(6)), { batchSize: 3 }).length, 2);
});

t.test('shuffled: all items, a new order each epoch, the same for the same seed', async (t) => {
  const loader = (seed: number): DataLoader =>
    new DataLoader(new ItemList(range(50)), { batchSize: 8, shuffle: true, seed });
  const one = loader(1);
  const first = (await batchesOf(one)).flat();
  const second = (await batchesOf(one)).flat();
  t.same(
    [...first].sort((a, b) => a - b),
    range(50),
  );
  t.notSame(first, range(50));
  t.notSame(second, first);
  const again = loader(1);
  t.same((await batchesOf(again)).flat(), first);
  t.same((await batchesOf(again)).flat(), second);
  again.setEpoch(0);
  t.same((await batchesOf(again)).flat(), first, 'setEpoch goes back (or ahead, when training resumes)');
  t.notSame((await batchesOf(loader(2))).flat(), first);
  t.throws(() => one.setEpoch(-1), { message: /`epoch`/ });
});

t.test('an item that comes twice in an epoch is drawn anew, and one that comes once as ever', async (t) => {
  const draws = (x: number, { random }: TransformContext): number => x + random.random();
  const list = new ItemList<number, number>(range(20), '.', draws);
  const sampler = new WeightedSampler(range(20).map((i) => (i < 5 ? 4 : 1)));
  const make = (prefetch = 4): DataLoader => new DataLoader(list, { batchSize: 3, sampler, prefetch });
  const batches = await batchesOf(make());
  const drawn = batches.flat();
  const order = make().order(0);
  t.ok(new Set(order).size < 15, 'many come twice or more often');
  t.equal(new Set(drawn).size, order.length, 'no two are the same');
  t.same(
    drawn.map((value) => Math.floor(value)),
    order,
  );
  const once = (await batchesOf(new DataLoader(list, { batchSize: 20 }))).flat();
  order.forEach((index, place) => {
    const isFirst = order.indexOf(index) === place;
    t.equal(drawn[place] === once[index], isFirst, `${place}: ${isFirst ? 'as ever' : 'anew'}`);
  });
  const resumed = make(0);
  resumed.setEpoch(0, { batch: 4 });
  t.same(await batchesOf(resumed), batches.slice(4), 'and alike when an epoch is resumed');

  const plain = {
    length: 20,
    get: (index: number, draw: { seed: number | bigint; epoch: number }) => list.get(index, draw),
  };
  t.same(await batchesOf(new DataLoader(plain, { batchSize: 3, sampler })), batches, "a user's data set is told too");
  const collate = (values: unknown[]): Tensor[] => [tensor(values as number[])];
  t.same(await batchesOf(new DataLoader(list, { batchSize: 3, sampler, collate })), batches);
  const skipping = new ItemList<number, number>(range(20), '.', [
    (x: number) => {
      if (x === 1) throw new Error('no good');
      return x;
    },
    Object.assign(draws, { order: 1 }),
  ]);
  const wanted = await batchesOf(
    new DataLoader(new ItemList<number, number>(range(20), '.', [(x: number) => x, draws]), { batchSize: 3, sampler }),
  );
  t.same(
    (await batchesOf(new DataLoader(skipping, { batchSize: 3, sampler, onError: 'skip' }))).flat(),
    wanted.flat().filter((value) => Math.floor(value) !== 1),
    'whatever is left out',
  );
});

t.test(
  'order and draws do not depend on how many batches are on their way, or on which item is done first',
  async (t) => {
    const slow = async (x: number, { random }: TransformContext): Promise<number> => {
      await sleep((x * 7) % 5);
      return x + random.random();
    };
    const run = async (prefetch: number): Promise<number[][]> =>
      batchesOf(
        new DataLoader(new ItemList<number, number>(range(23), '.', slow), {
          batchSize: 4,
          shuffle: true,
          seed: 5,
          prefetch,
        }),
      );
    const reference = await run(0);
    for (const prefetch of [1, 3, 10]) t.same(await run(prefetch), reference, `prefetch ${prefetch}`);
  },
);

class Watched extends ItemList<number> {
  opened: number[] = [];
  override async open(item: number): Promise<number> {
    this.opened.push(item);
    await sleep(1);
    return item;
  }
}

t.test('as many batches are begun as prefetch says, and no more', async (t) => {
  for (const prefetch of [0, 1, 3]) {
    const list = new Watched(range(20));
    const iterator = new DataLoader(list, { batchSize: 2, prefetch })[Symbol.asyncIterator]();
    t.equal(list.opened.length, 0, 'nothing before the first batch is asked for');
    await iterator.next();
    t.equal(list.opened.length, 2 * (1 + prefetch), `prefetch ${prefetch}: the batch in use, and ${prefetch} more`);
    await sleep(20);
    t.equal(list.opened.length, 2 * (1 + prefetch), 'waiting does not begin more');
    await iterator.return();
  }
});

t.test('work in the background goes on although the consumer never waits by itself', async (t) => {
  // Each item needs three turns of the event loop; a loader that only used microtasks would leave them all for later.
  const steps: string[] = [];
  const turns = async (x: number): Promise<number> => {
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    steps.push(`made ${x}`);
    return x;
  };
  for await (const [xb] of new DataLoader(new ItemList<number, number>(range(12), '.', turns), {
    batchSize: 1,
    prefetch: 4,
  }))
    steps.push(`used ${xb!.item()}`);
  const usedThird = steps.indexOf('used 3');
  t.ok(steps.indexOf('made 5') < usedThird, steps.join(', '));
});

t.test('a failure surfaces in its turn, with its name and cause', async (t) => {
  const list = new ItemList<number, number>(range(9), '/n', (x: number) => {
    if (x === 4) throw new Error('four is bad');
    return x;
  });
  const seen: number[][] = [];
  const walk = async (): Promise<void> => {
    for await (const [xb] of new DataLoader(list, { batchSize: 2, prefetch: 4 })) seen.push(xb!.toList() as number[]);
  };
  await t.rejects(walk(), {
    message: 'item 4 of /n: (a function) failed: four is bad',
    cause: { message: 'four is bad' },
  });
  t.same(
    seen,
    [
      [0, 1],
      [2, 3],
    ],
    'the batches before it are delivered',
  );
});

t.test('leaving early stops what is under way and frees it', async (t) => {
  let later = 0;
  const first = async (x: number): Promise<Tensor> => {
    await sleep(2);
    return tensor(new Float32Array(1000).fill(x));
  };
  const second = (x: Tensor): Tensor => {
    later += 1;
    return x;
  };
  const list = new ItemList<number, Tensor>(range(100), '.', [first, second]);
  collectGarbage();
  const before = memory().tensors;
  for await (const batch of new DataLoader(list, { batchSize: 5, prefetch: 4 })) {
    t.equal(batch[0]!.shape[0], 5);
    break;
  }
  const atBreak = later;
  await sleep(30);
  t.ok(later <= atBreak, 'no further step is taken for batches that nobody waits for');
  const thrown = async (): Promise<void> => {
    for await (const _ of new DataLoader(list, { batchSize: 5 })) throw new Error('mine');
  };
  await t.rejects(thrown(), { message: 'mine' });
  // Tensors of abandoned batches can be collected, once what was under way has come to its end.
  while (memory().tensors > before + 2) {
    await sleep(5);
    collectGarbage();
  }
});

t.test('a failure in a batch that nobody waits for is no unhandled rejection', async (t) => {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', listen);
  const list = new ItemList<number, number>(range(9), '.', async (x: number) => {
    await sleep(1);
    if (x > 1) throw new Error('late');
    return x;
  });
  for await (const _ of new DataLoader(list, { batchSize: 2, prefetch: 4 })) break;
  await sleep(20);
  process.off('unhandledRejection', listen);
  t.same(unhandled, []);
});

t.test('one batch can be had without counting as an epoch', async (t) => {
  const loader = new DataLoader(new ItemList(range(9)), { batchSize: 4, shuffle: true });
  const [xb] = await loader.oneBatch();
  t.same(xb!.toList(), (await batchesOf(loader))[0], 'it is the first of the next epoch');
  t.notSame((await loader.oneBatch())[0]!.toList(), xb!.toList(), 'and of the one after, after that');
  await t.rejects(new DataLoader(new ItemList<number>([])).oneBatch(), { message: /no batch: 0 items/ });
});

t.test('any object with length and get is a data set', async (t) => {
  const pairs = { length: 3, get: (i: number): [Tensor, number] => [tensor([i, i]), i] };
  const batches: unknown[] = [];
  for await (const [xb, yb] of new DataLoader(pairs, { batchSize: 2 }))
    batches.push([xb!.shape, yb!.dtype, yb!.toList()]);
  t.same(batches, [
    [[2, 2], 'int64', [0, 1]],
    [[1, 2], 'int64', [2]],
  ]);
});

t.test('collate of the user gets samples and names', async (t) => {
  const loader = new DataLoader(new ItemList(['a', 'bb', 'ccc'], '.'), {
    batchSize: 2,
    collate: (samples, names) => ({
      longest: Math.max(...samples.map((sample) => (sample as string).length)),
      names: [...names],
    }),
  });
  const batches: { longest: number; names: string[] }[] = [];
  for await (const batch of loader) batches.push(batch);
  t.same(batches, [
    { longest: 2, names: ['a', 'bb'] },
    { longest: 3, names: ['ccc'] },
  ]);
});

t.test('two walks at once do not disturb one another', async (t) => {
  const loader = new DataLoader(new ItemList(range(6)), { batchSize: 2 });
  t.same(await Promise.all([batchesOf(loader), batchesOf(loader)]), [
    [
      [0, 1],
      [2, 3],
      [4, 5],
    ],
    [
      [0, 1],
      [2, 3],
      [4, 5],
    ],
  ]);
});

t.test('settings are checked at the door, and printed', (t) => {
  const list = new ItemList([1]);
  t.throws(() => new DataLoader(list, { batchSize: 0 }), { message: /`batchSize`/ });
  t.throws(() => new DataLoader(list, { prefetch: -1 }), { message: /`prefetch`/ });
  t.throws(() => new DataLoader(list, { seed: 0.5 }), { message: /`seed`/ });
  t.throws(() => new DataLoader([1, 2] as never), { message: /a data set with `length` and `get`/ });
  t.equal(
    inspect(new DataLoader(list, { batchSize: 8, seed: 3 })),
    'DataLoader (1 batch of 1 item; batchSize: 8, shuffle: false, prefetch: 4, seed: 3)',
  );
  t.end();
});
