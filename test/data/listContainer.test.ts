import t from 'tap';
import { inspect } from 'node:util';
import { ListContainer } from '../../lib/data/listContainer.js';

const letters = new ListContainer('abcdef'.split(''));

t.test('one item by position', (t) => {
  t.equal(letters.at(0), 'a');
  t.equal(letters.at(-1), 'f');
  for (const bad of [6, -7, 1.5, NaN]) t.throws(() => letters.at(bad), { message: /position in a list of 6/ });
  t.end();
});

t.test('several by range, as Python slices', (t) => {
  t.same(letters.at({ start: 1, end: 3 }), ['b', 'c']);
  t.same(letters.at({ start: -2 }), ['e', 'f']);
  t.same(letters.at({ end: -4 }), ['a', 'b']);
  t.same(letters.at({ step: 2 }), ['a', 'c', 'e']);
  t.same(letters.at({ step: -1 }), 'fedcba'.split(''));
  t.same(letters.at({ start: 4, end: 1, step: -2 }), ['e', 'c']);
  t.same(letters.at({ start: 10 }), []);
  t.same(letters.at({ start: -100, end: 100 }), 'abcdef'.split(''));
  t.same(letters.at({}), 'abcdef'.split(''));
  t.throws(() => letters.at({ step: 0 }), { message: /`step`/ });
  t.end();
});

t.test('several by mask and by list of positions', (t) => {
  t.same(letters.at([true, false, false, false, false, true]), ['a', 'f']);
  t.throws(() => letters.at([true, false]), { message: /mask of 6 booleans/ });
  t.same(letters.at([3, 0, -1, 3]), ['d', 'a', 'f', 'd']);
  t.same(letters.at([]), []);
  t.throws(() => letters.at([0, 9]), { code: 'ERR_TENCH_ARGUMENT' });
  t.end();
});

t.test('it is iterable, has a length, and takes single items and iterables', (t) => {
  t.same([...letters], 'abcdef'.split(''));
  t.equal(letters.length, 6);
  t.same(new ListContainer('text').items, ['text'], 'a string is one item');
  t.same(new ListContainer(new Set([1, 2])).items, [1, 2]);
  const list = new ListContainer([1, 2]);
  list.set(-1, 5);
  t.same(list.items, [1, 5]);
  t.throws(() => list.set(2, 0), { code: 'ERR_TENCH_ARGUMENT' });
  t.end();
});

t.test('it prints its count and the first ten items', (t) => {
  const many = new ListContainer(Array.from({ length: 12 }, (_, i) => i));
  t.equal(inspect(many), 'ListContainer (12 items)\n[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...]');
  t.equal(inspect(new ListContainer([1])), 'ListContainer (1 item)\n[1]');
  t.equal(String(many), inspect(many));
  t.end();
});
