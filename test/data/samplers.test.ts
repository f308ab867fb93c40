import t from 'tap';
import { inspect } from 'node:util';
import { ItemList } from '../../lib/data/itemList.js';
import { DataLoader } from '../../lib/data/loader.js';
import {
  DistributedSampler,
  RandomSampler,
  SequentialSampler,
  WeightedSampler,
  samplerFromJSON,
  type Sampler,
  type SamplerJSON,
} from '../../lib/data/samplers.js';
import { SplitData, labelByFunc } from '../../lib/data/splitData.js';

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const draw = { seed: 3, epoch: 0 };

/** What a loader of this sampler gives in its next epoch. */
async function walk(loader: DataLoader): Promise<number[]> {
  const seen: number[] = [];
  for await (const [xb] of loader) seen.push(...(xb!.toList() as number[]));
  return seen;
}

t.test('sequential and random are what shuffle means, and random may stop early', async (t) => {
  const list = new ItemList(range(20));
  t.same(await walk(new DataLoader(list, { sampler: new SequentialSampler() })), range(20));
  const loader = new DataLoader(list, { sampler: new RandomSampler(), seed: 5 });
  const shuffled = new DataLoader(list, { shuffle: true, seed: 5 });
  t.same(await walk(loader), await walk(shuffled));
  const few = new DataLoader(list, { sampler: new RandomSampler({ numSamples: 7 }), batchSize: 4 });
  t.equal(few.length, 2);
  const epochs = [await walk(few), await walk(few)];
  for (const epoch of epochs) t.equal(new Set(epoch).size, 7);
  t.notSame(epochs[0], epochs[1], 'another part in the next epoch');
  t.equal(new RandomSampler({ numSamples: 50 }).size(20), 20);
});

t.test('the order is a function of seed and epoch alone', (t) => {
  const samplers: Sampler[] = [
    new RandomSampler(),
    new WeightedSampler(range(20)),
    new WeightedSampler(range(20), { replacement: false, numSamples: 9 }),
    new DistributedSampler({ rank: 1, worldSize: 3 }),
  ];
  for (const sampler of samplers) {
    const order = sampler.order(20, { seed: 8, epoch: 4 });
    t.same(sampler.order(20, { seed: 8, epoch: 4 }), order);
    t.notSame(sampler.order(20, { seed: 8, epoch: 5 }), order);
    t.notSame(sampler.order(20, { seed: 9, epoch: 4 }), order);
  }
  t.end();
});

t.test('WeightedSampler draws in proportion to the weights', (t) => {
  const weights = [0, 1, 2, 0, 3, 4, 0];
  const numSamples = 50_000;
  const counts = weights.map(() => 0);
  for (const index of new WeightedSampler(weights, { numSamples }).order(7, draw)) counts[index]! += 1;
  weights.forEach((weight, index) => {
    const share = weight / 10;
    // Four standard deviations of a binomial.
    const band = 4 * Math.sqrt((share * (1 - share)) / numSamples);
    t.ok(Math.abs(counts[index]! / numSamples - share) <= band, `weight ${weight}: ${counts[index]!}`);
  });
  t.end();
});

t.test('without replacement the first is drawn by weight, none twice, none of weight 0', (t) => {
  const sampler = new WeightedSampler([1, 0, 2, 5], { replacement: false, numSamples: 2 });
  const pairs = new Map<string, number>();
  const epochs = 20_000;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const pair = sampler.order(4, { seed: 1, epoch }).join();
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  // Drawing one after another: P(a, b) = w_a / 8 * w_b / (8 - w_a).
  const expected = { '0,2': 2 / 56, '0,3': 5 / 56, '2,0': 2 / 48, '2,3': 10 / 48, '3,0': 5 / 24, '3,2': 10 / 24 };
  t.same([...pairs.keys()].sort(), Object.keys(expected).sort());
  for (const [pair, share] of Object.entries(expected)) {
    const band = 4 * Math.sqrt((share * (1 - share)) / epochs);
    t.ok(Math.abs(pairs.get(pair)! / epochs - share) <= band, `${pair}: ${pairs.get(pair)!}`);
  }
  t.end();
});

t.test('balanced weights bring every label equally often', async (t) => {
  const labels = range(200).map((index) => (index < 190 ? 'common' : 'rare'));
  const sampler = new WeightedSampler(WeightedSampler.balanced(labels), { numSamples: 4000 });
  const split = SplitData.splitByFunc(new ItemList(range(250)), (index) => index >= 200);
  const data = labelByFunc(split, (index) => (index % 200 < 190 ? 0 : 1)).toDatabunch(100, { sampler });
  t.equal(data.trainDl.length, 40);
  let rare = 0;
  for await (const [, yb] of data.trainDl) rare += yb!.sum().item();
  t.ok(Math.abs(rare - 2000) < 4 * Math.sqrt(1000), `${rare} of 4000 are of the label that 10 of 200 have`);
  t.same(await walk(data.validDl), range(250).slice(200), 'validation is as it was');
});

t.test('the shares of all ranks make up one epoch, drawn alike', (t) => {
  for (const [count, worldSize] of [
    [20, 4],
    [22, 4],
    [3, 5],
    [7, 1],
  ] as const) {
    const shares = (uneven: 'pad' | 'drop', epoch = 0): number[][] =>
      range(worldSize).map((rank) => {
        const sampler = new DistributedSampler({ rank, worldSize, uneven });
        const order = sampler.order(count, { seed: 2, epoch });
        t.equal(order.length, sampler.size(count));
        return order;
      });
    const padded = shares('pad');
    t.same(new Set(padded.map(({ length }) => length)).size, 1, 'equally many on every rank');
    t.same(new Set(padded.flat()), new Set(range(count)), 'padded: every item is there');
    t.equal(padded.flat().length, Math.ceil(count / worldSize) * worldSize);
    const dropped = shares('drop').flat();
    t.equal(new Set(dropped).size, dropped.length, 'dropped: none twice');
    t.equal(dropped.length, Math.floor(count / worldSize) * worldSize);
    const whole = new RandomSampler().order(count, { seed: 2, epoch: 0 });
    const interleaved = range(padded[0]!.length).flatMap((turn) => padded.map((share) => share[turn]!));
    t.same(interleaved.slice(0, count), whole, 'together they are the order of one process');
    if (count > 3) t.notSame(shares('pad', 1), padded, 'a new order in the next epoch');
  }
  const ofWeighted = (rank: number): readonly number[] =>
    new DistributedSampler({
      rank,
      worldSize: 2,
      sampler: new WeightedSampler([0, 1, 0, 1], { numSamples: 10 }),
    }).order(4, draw);
  t.same(new Set([...ofWeighted(0), ...ofWeighted(1)]), new Set([1, 3]), 'any sampler can be shared out');
  t.same(new DistributedSampler({ rank: 0, worldSize: 2 }).order(0, draw), []);
  t.end();
});

t.test('samplers survive JSON', (t) => {
  const samplers: Sampler[] = [
    new SequentialSampler(),
    new RandomSampler({ numSamples: 5 }),
    new RandomSampler(),
    new WeightedSampler([0.1, 2, 3], { numSamples: 2, replacement: false }),
    new DistributedSampler({ rank: 1, worldSize: 2, uneven: 'drop', sampler: new WeightedSampler([1, 2, 3]) }),
  ];
  for (const sampler of samplers) {
    const again = samplerFromJSON(JSON.parse(JSON.stringify(sampler)) as SamplerJSON);
    t.equal(again.constructor, sampler.constructor);
    t.same(again.order(3, draw), sampler.order(3, draw));
    t.equal(inspect(again), inspect(sampler));
  }
  t.throws(() => samplerFromJSON({ kind: 'Mine', options: {} }), { message: /a Mine, which is no sampler/ });
  const mine: Sampler = { size: () => 1, order: () => [0] };
  t.throws(() => new DistributedSampler({ rank: 0, worldSize: 1, sampler: mine }).toJSON(), { message: /no toJSON/ });
  t.end();
});

t.test("a user's sampler is a plain object, and what it gets wrong is said", async (t) => {
  const list = new ItemList(range(10));
  const loader = (order: unknown, size = 3): DataLoader =>
    new DataLoader(list, { sampler: { size: () => size, order: () => order as number[] } });
  t.same(await walk(loader([9, 0, 9])), [9, 0, 9]);
  for (const order of [[0, 1], [0, 1, 10], [0, 1, -1], [0, 1, 0.5], ['0', 1, 2], null])
    t.throws(() => loader(order).order(0), { code: 'ERR_TENCH_ARGUMENT', message: /`sampler\.order`/ });
  await t.rejects(walk(loader([0, 1, 10])), { message: /whole numbers from 0 to 9/ });
  t.throws(() => new DataLoader(list, { sampler: new SequentialSampler(), shuffle: true }), { message: /`shuffle`/ });
  for (const sampler of [null, {}, range(10)])
    t.throws(() => new DataLoader(list, { sampler: sampler as never }), { message: /`sampler`/ });
  t.match(inspect(loader([0, 1, 2])), /sampler: \{/);
  t.match(
    inspect(new DataLoader(list, { sampler: new RandomSampler({ numSamples: 4 }) })),
    /sampler: RandomSampler of 4/,
  );
});

t.test('bad settings are refused by name', (t) => {
  t.throws(() => new RandomSampler({ numSamples: 0 }), { message: /`numSamples`/ });
  t.throws(() => new WeightedSampler([1, -1]), { message: /`weights\[1\]`/ });
  t.throws(() => new WeightedSampler([1, NaN]), { message: /`weights\[1\]`/ });
  t.throws(() => new WeightedSampler([0, 0]), { message: /at least one weight above 0/ });
  t.throws(() => new WeightedSampler([]), { message: /at least one weight above 0/ });
  t.throws(() => new WeightedSampler([1, 0, 1], { replacement: false }), { message: /at most 2/ });
  t.throws(() => new WeightedSampler([1, 2]).order(3, draw), { message: /2 weights, but the data set has 3 items/ });
  t.throws(() => new DistributedSampler({ rank: 2, worldSize: 2 }), { message: /`rank`.*received 2/ });
  t.throws(() => new DistributedSampler({ rank: -1, worldSize: 2 }), { message: /`rank`/ });
  t.throws(() => new DistributedSampler({ rank: 0, worldSize: 0 }), { message: /`worldSize`/ });
  t.throws(() => new DistributedSampler({ rank: 0, worldSize: 1, uneven: 'both' as never }), { message: /`uneven`/ });
  t.end();
});
