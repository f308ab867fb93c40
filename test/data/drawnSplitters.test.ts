import t from 'tap';
import fc from 'fast-check';
import { groupSplitter, kFoldSplitter, stratifiedSplitter } from '../../lib/data/drawnSplitters.js';
import { nameSplitter, splitByFunc } from '../../lib/data/splitters.js';

interface Item {
  readonly id: number;
  readonly label: number;
}

const items = fc
  .array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 })
  .map((labels) => labels.map((label, id): Item => ({ id, label })));
const seed = fc.integer({ min: 0, max: 1000 });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const labelOf = ({ label }: Item): number => label;
const count = (list: readonly Item[], label: number): number => list.filter((item) => item.label === label).length;
const ids = (list: readonly Item[]): number[] => list.map(({ id }) => id).sort((a, b) => a - b);
const labels = [0, 1, 2, 3, 4];

t.test('stratified: the whole is exact, and each label within one', (t) => {
  fc.assert(
    fc.property(items, share, seed, (list, pValid, seed) => {
      const { train, valid } = splitByFunc(list, stratifiedSplitter(pValid, labelOf, { seed }));
      t.equal(train.length + valid.length, list.length);
      t.equal(valid.length, Math.round(pValid * list.length));
      for (const label of labels) t.ok(Math.abs(count(valid, label) - pValid * count(list, label)) < 1 + 1e-9);
    }),
    { seed: 1, numRuns: 200 },
  );
  const list = Array.from({ length: 100 }, (_, id) => ({ id, label: id % 10 === 0 ? 1 : 0 }));
  const validOf = (seed: number): Item[] => splitByFunc(list, stratifiedSplitter(0.2, labelOf, { seed })).valid;
  t.same([count(validOf(1), 0), count(validOf(1), 1)], [18, 2]);
  t.same(validOf(1), validOf(1));
  t.notSame(ids(validOf(1)), ids(validOf(2)));
  t.end();
});

t.test('no group is on both sides, and valid is as large as groups allow', (t) => {
  fc.assert(
    fc.property(items, share, seed, (list, pValid, seed) => {
      const { train, valid } = splitByFunc(list, groupSplitter(pValid, labelOf, { seed }));
      t.equal(train.length + valid.length, list.length);
      for (const label of labels) t.ok(count(train, label) === 0 || count(valid, label) === 0);
      const off = Math.abs(valid.length - pValid * list.length);
      const largest = Math.max(...labels.map((label) => count(list, label)));
      t.ok(off <= largest / 2 + 1e-9, 'at most half of the largest group off');
    }),
    { seed: 1, numRuns: 200 },
  );
  const list = Array.from({ length: 100 }, (_, id) => ({ id, label: id >> 2 }));
  const { valid } = splitByFunc(list, groupSplitter(0.2, labelOf, { seed: 3 }));
  t.equal(valid.length, 20);
  t.notSame(ids(valid), ids(splitByFunc(list, groupSplitter(0.2, labelOf, { seed: 4 })).valid));
  t.end();
});

t.test('each item is valid in one of k folds, and folds are equal', (t) => {
  const k = fc.integer({ min: 2, max: 6 });
  fc.assert(
    fc.property(items, k, seed, (list, k, seed) => {
      fc.pre(list.length >= k);
      for (const options of [{ seed }, { seed, labelOf }]) {
        const folds = Array.from({ length: k }, (_, fold) => splitByFunc(list, kFoldSplitter(k, fold, options)).valid);
        t.same(ids(folds.flat()), ids(list));
        const spread = (sizes: number[]): number => Math.max(...sizes) - Math.min(...sizes);
        t.ok(spread(folds.map(({ length }) => length)) <= 1);
        if ('labelOf' in options)
          for (const label of labels) t.ok(spread(folds.map((fold) => count(fold, label))) <= 1);
      }
    }),
    { seed: 1, numRuns: 100 },
  );
  fc.assert(
    fc.property(items, k, seed, (list, k, seed) => {
      fc.pre(new Set(list.map(labelOf)).size >= k);
      const folds = Array.from(
        { length: k },
        (_, fold) => splitByFunc(list, kFoldSplitter(k, fold, { seed, groupOf: labelOf })).valid,
      );
      t.same(ids(folds.flat()), ids(list));
      for (const label of labels) t.ok(folds.filter((fold) => count(fold, label) > 0).length <= 1);
      t.ok(folds.every(({ length }) => length > 0));
    }),
    { seed: 1, numRuns: 100 },
  );
  t.end();
});

t.test('names decide, and a name that no item has is an error', (t) => {
  const paths = ['/d/a/1.jpg', '/d/a/2.jpg', '/d/b/1.jpg'];
  const split = (names: Iterable<string>): string[] => splitByFunc(paths, nameSplitter(names)).valid;
  t.same(split(['2.jpg']), ['/d/a/2.jpg']);
  t.same(split(['1.jpg']), ['/d/a/1.jpg', '/d/b/1.jpg'], 'a last part means all that have it');
  t.same(split(new Set(['/d/b/1.jpg'])), ['/d/b/1.jpg'], 'a path only itself');
  t.same(split([]), []);
  t.throws(() => split(['2.jpg', '3.jpg', '4.jpg']), { message: /^2 of the 3 names .* such as "3\.jpg"/ });
  t.throws(() => nameSplitter('1.jpg'), { message: /`names`/ });
  t.end();
});

t.test('groups may be larger than what one call takes as arguments', (t) => {
  const list = Array.from({ length: 300_000 }, (_, id) => id);
  const groupOf = (id: number): number => (id < 250_000 ? 0 : id);
  t.equal(splitByFunc(list, groupSplitter(1, groupOf)).valid.length, list.length);
  const folds = [0, 1].map((fold) => splitByFunc(list, kFoldSplitter(2, fold, { groupOf })).valid.length);
  t.same(folds, [250_000, 50_000]);
  t.end();
});

t.test('bad settings are refused by name', (t) => {
  for (const pValid of [-0.1, 1.1, NaN, '0.2']) {
    t.throws(() => stratifiedSplitter(pValid as number, labelOf), { message: /`pValid`/ });
    t.throws(() => groupSplitter(pValid as number, labelOf), { message: /`pValid`/ });
  }
  t.throws(() => stratifiedSplitter(0.2, 'label' as never), { message: /`labelOf`/ });
  t.throws(() => groupSplitter(0.2, null as never), { message: /`groupOf`/ });
  t.throws(() => kFoldSplitter(1, 0), { message: /`k`/ });
  t.throws(() => kFoldSplitter(3, 3), { message: /`fold`.*received 3/ });
  t.throws(() => kFoldSplitter(3, 0, { labelOf, groupOf: labelOf }), { message: /`groupOf`/ });
  t.throws(() => splitByFunc([1, 2], kFoldSplitter(3, 0)), { message: /2 items cannot make 3 folds/ });
  const alike = [1, 2, 3].map((id) => ({ id, label: 0 }));
  t.throws(() => splitByFunc(alike, kFoldSplitter(2, 0, { groupOf: labelOf })), { message: /1 groups cannot make 2/ });
  t.end();
});
