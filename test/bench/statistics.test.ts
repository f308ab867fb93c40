/** The arithmetic of comparisons, against figures that were worked out by hand. */

import t from 'tap';

import { checkAgreement } from '../../bench/harness/agree.js';
import { formatTime } from '../../bench/harness/report.js';
import { ratioOf, summarise } from '../../bench/harness/statistics.js';

t.test('median and spread', async (t) => {
  // numpy.quantile([1, 2, 3, 4, 10], [0.25, 0.5, 0.75]) is [2, 3, 4].
  t.same(summarise([10, 3, 1, 4, 2]), { median: 3, spread: 2 / 3 });
  // Of four values: [1.75, 2.5, 3.25].
  t.same(summarise([4, 1, 3, 2]), { median: 2.5, spread: 1.5 / 2.5 });
  t.same(summarise([7]), { median: 7, spread: 0 });
});

t.test('a ratio is the peer’s time by ours, round by round', async (t) => {
  t.equal(ratioOf([2, 2, 2], [3, 3, 3]).median, 1.5);
  // The machine was ten times as slow in the second round, for both.
  t.same(ratioOf([1, 10, 1], [2, 20, 2]), { median: 2, spread: 0 });
});

t.test('sides that differ are named with the first difference', async (t) => {
  const compare = (a: number[], b: number[]) => () =>
    checkAgreement('the sum', { name: 'tench', values: a }, { name: 'pytorch', values: b });
  t.doesNotThrow(compare([1, 1000, 0], [1 + 1e-6, 1000.05, 1e-6]));
  t.throws(
    compare([1, 2, 3], [1, 2.1, 4]),
    /the sum: tench and pytorch do not compute the same: value 1 is 2 and 2\.1/,
  );
  t.throws(compare([1], [1, 2]), /1 values and 2/);
  t.throws(compare([], []), /0 values and 0/);
  t.throws(compare([NaN], [NaN]), /value 0 is NaN/);
  t.throws(compare([Infinity], [Infinity]), /value 0 is Infinity/);
});

t.test('times are printed with the unit that fits', async (t) => {
  t.same([0.5, 12.34, 1234, 987_654, 2.5e6, 3e9, 9e13].map(formatTime), [
    '0.500 ns',
    '12.3 ns',
    '1.23 us',
    '988 us',
    '2.50 ms',
    '3.00 s',
    '9.00e+4 s',
  ]);
});
