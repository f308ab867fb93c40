import t from 'tap';
import { inspect } from 'node:util';
import { CategoryProcessor } from '../../lib/data/categoryProcessor.js';
import { DataBunch } from '../../lib/data/dataBunch.js';
import { ItemList } from '../../lib/data/itemList.js';
import { type DataLoader } from '../../lib/data/loader.js';
import { SplitData, labelByFunc } from '../../lib/data/splitData.js';

const numbers = new ItemList(
  Array.from({ length: 50 }, (_, i) => i),
  '/n',
);
const split = SplitData.splitByFunc(numbers, (x) => (x < 45 ? x >= 30 : null));
const data = labelByFunc(split, (x) => `class ${x % 3}`, { procY: new CategoryProcessor() });

t.test('train is shuffled, valid is in order and has twice the batch size, no item is lost', async (t) => {
  const bunch = data.toDatabunch(8, { cIn: 1, seed: 4 });
  t.same([bunch.trainDl.batchSize, bunch.validDl.batchSize], [8, 16]);
  t.same([bunch.trainDl.shuffle, bunch.validDl.shuffle], [true, false]);
  const collect = async (loader: DataLoader): Promise<[number[], number[]]> => {
    const [items, sizes]: [number[], number[]] = [[], []];
    for await (const [xb, yb] of loader) {
      const xs = xb!.toList() as number[];
      t.same(
        yb!.toList(),
        xs.map((x) => x % 3),
        'each label stays with its item',
      );
      items.push(...xs);
      sizes.push(xs.length);
    }
    return [items, sizes];
  };
  const [train, trainSizes] = await collect(bunch.trainDl);
  t.same(
    [...train].sort((a, b) => a - b),
    numbers.items.slice(0, 30),
  );
  t.notSame(train, numbers.items.slice(0, 30));
  t.same(trainSizes, [8, 8, 8, 6], 'the last partial batch is kept');
  t.same(await collect(bunch.validDl), [numbers.items.slice(30, 45), [15]]);
});

t.test('sizes, data sets and settings', (t) => {
  const bunch = data.toDatabunch(8, { cIn: 1, numWorkers: 2, seed: 4 });
  t.same([bunch.cIn, bunch.cOut], [1, 3], 'cOut is the length of the vocabulary unless it is given');
  t.equal(data.toDatabunch(8, { cOut: 7 }).cOut, 7);
  t.equal(split.toDatabunch(8).cOut, undefined, 'without labels there is nothing to count');
  t.equal(bunch.trainDs, data.train);
  t.equal(bunch.validDs, data.valid);
  t.equal(bunch.trainDl.prefetch, 2);
  t.equal(data.toDatabunch(8, { prefetch: 0, numWorkers: 2 }).trainDl.prefetch, 0);
  t.equal(bunch.trainDl.seed, 4);
  t.equal(bunch.testDl, undefined);
  t.throws(() => data.toDatabunch(8, { cIn: 0 }), { message: /`cIn`/ });
  t.match(
    inspect(bunch),
    /^DataBunch\n {2}Train: DataLoader \(4 batches of 30 items; batchSize: 8, shuffle: true[^]*Valid: DataLoader \(1 batch [^]*In: 1, out: 3$/,
  );
  const made = new DataBunch(bunch.trainDl, bunch.validDl, { cIn: 3, cOut: 10 });
  t.same([made.cIn, made.cOut, made.trainDs], [3, 10, data.train]);
  t.end();
});

t.test('an optional test set has a loader, in order', async (t) => {
  const withTest = labelByFunc(split.withTest(numbers.new([7, 8])), (x) => `class ${x % 3}`, {
    procY: new CategoryProcessor(),
  }).toDatabunch(8);
  const batches: unknown[] = [];
  for await (const batch of withTest.testDl!) batches.push(batch.map((part) => part.toList()));
  t.same(batches, [[[7, 8]]], 'without labels a batch has one part');
  t.equal(withTest.testDs!.length, 2);
});

t.test('an empty set says why', (t) => {
  const none = SplitData.splitByFunc(new ItemList(['/d/val/a/1.jpg', '/d/train/a/2.jpg']), (path) =>
    path.includes('train') ? false : null,
  );
  t.throws(() => none.toDatabunch(8), {
    message: /the validation set is empty: the splitter left out 1 item, such as \/d\/val\/a\/1\.jpg/,
  });
  t.throws(() => SplitData.splitByFunc(numbers, () => true).toDatabunch(8), { message: 'the training set is empty' });
  t.doesNotThrow(
    () => SplitData.splitByFunc(numbers, () => false).toDatabunch(8),
    'training without validation is a choice',
  );
  t.end();
});
