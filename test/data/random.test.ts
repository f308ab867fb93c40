import t from 'tap';
import { Generator, philox4x32 } from '../../lib/data/random.js';

t.test('philox4x32-10 gives the known answers of Random123', (t) => {
  const answers: [number[], number[], number[]][] = [
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  for (const [counter, key, expected] of answers) t.same(philox4x32(counter, key), expected);
  t.end();
});

t.test('the numbers hang on seed and stream alone', (t) => {
  const first = new Generator(7, 1, 2);
  const draws = Array.from({ length: 9 }, () => first.bits());
  const again = new Generator(7, 1).fork(2);
  t.same(
    Array.from({ length: 9 }, () => again.bits()),
    draws,
    'a fork equals the longer path',
  );
  t.same(new Generator(7n, 1, 2).bits(), draws[0], 'a bigint seed of the same value is the same');
  const others = [
    new Generator(8, 1, 2),
    new Generator(7, 2, 1),
    new Generator(7, 1),
    new Generator(7),
    new Generator(7, 1, 2, 0),
    new Generator(-7, 1, 2),
  ];
  t.equal(new Set([draws[0], ...others.map((other) => other.bits())]).size, 7, 'any other path is another stream');
  const parent = new Generator(3);
  parent.bits();
  const next = new Generator(3);
  next.bits();
  parent.fork(1).bits();
  t.equal(parent.bits(), next.bits(), 'forking leaves a generator where it is');
  t.end();
});

t.test('random is uniform on [0, 1) with fine steps', (t) => {
  const random = new Generator(1);
  const values = Array.from({ length: 20_000 }, () => random.random());
  t.ok(values.every((value) => value >= 0 && value < 1));
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  t.ok(Math.abs(mean - 0.5) < 5 / Math.sqrt(12 * values.length), `mean ${mean}`);
  t.ok(Math.abs(variance - 1 / 12) < 0.003, `variance ${variance}`);
  t.ok(
    values.some((value) => (value * 2 ** 32) % 1 !== 0),
    'more than 32 bits are used',
  );
  const between = Array.from({ length: 1000 }, () => random.uniform(-2, 3));
  t.ok(between.every((value) => value >= -2 && value < 3));
  t.end();
});

t.test('integer is unbiased, also where the range does not divide 2^32', (t) => {
  const random = new Generator(2);
  const n = 6;
  const draws = 12_000;
  const counts = new Array<number>(n).fill(0);
  for (let i = 0; i < draws; i++) counts[random.integer(n)]! += 1;
  const expected = draws / n;
  const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  t.ok(chiSquared < 20.5, `chi squared with 5 degrees of freedom: ${chiSquared} (p = 0.001)`);

  // By plain modulo the lower half of this range would come twice as often as the upper one.
  const large = 3 * 2 ** 30;
  let low = 0;
  for (let i = 0; i < 9000; i++) if (random.integer(large) < large / 3) low += 1;
  t.ok(Math.abs(low / 9000 - 1 / 3) < 0.025, `a third lies in the first third: ${low / 9000}`);
  t.ok(random.integer(2 ** 53 - 1) <= 2 ** 53);
  for (const bad of [0, -1, 1.5, NaN]) t.throws(() => random.integer(bad), { code: 'ERR_TENCH_ARGUMENT' });
  t.end();
});

t.test('normal has the right mean, deviation and share within one deviation', (t) => {
  const random = new Generator(3);
  const values = Array.from({ length: 20_000 }, () => random.normal(5, 2));
  const mean = values.reduce((a, b) => a + b) / values.length;
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  t.ok(Math.abs(mean - 5) < 0.07, `mean ${mean}`);
  t.ok(Math.abs(std - 2) < 0.05, `std ${std}`);
  const within = values.filter((value) => Math.abs(value - 5) < 2).length / values.length;
  t.ok(Math.abs(within - 0.6827) < 0.015, `within one deviation ${within}`);
  t.end();
});

/** The share of 20,000 numbers below a bound, and their mean and variance. */
function betas(a: number, b: number, bound: number): { below: number; mean: number; variance: number } {
  const random = new Generator(6);
  const values = Array.from({ length: 20_000 }, () => random.beta(a, b));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { below: values.filter((value) => value < bound).length / values.length, mean, variance };
}

t.test('beta: mean, variance and shares that are known in closed form', (t) => {
  const known: [a: number, b: number, bound: number, below: number][] = [
    [1, 1, 0.3, 0.3],
    [0.5, 0.5, 0.25, 1 / 3],
    [2, 1, 0.5, 0.25],
    [1, 5, 0.1, 1 - 0.9 ** 5],
    [0.1, 1, 1e-3, 1e-3 ** 0.1],
    [30, 30, 0.5, 0.5],
  ];
  for (const [a, b, bound, below] of known) {
    const found = betas(a, b, bound);
    const mean = a / (a + b);
    const variance = (mean * (1 - mean)) / (a + b + 1);
    t.ok(Math.abs(found.below - below) < 0.012, `Beta(${a}, ${b}): ${found.below} below ${bound}`);
    t.ok(Math.abs(found.mean - mean) < 4 * Math.sqrt(variance / 20_000), `mean ${found.mean}`);
    t.ok(Math.abs(found.variance / variance - 1) < 0.05, `variance ${found.variance}`);
  }
  const tiny = Array.from({ length: 1000 }, (_, i) => new Generator(7, i).beta(1e-6, 1e-6));
  t.ok(
    tiny.every((value) => value < 1e-9 || value > 1 - 1e-9),
    'no NaN where gamma numbers are too small',
  );
  t.throws(() => new Generator(0).beta(0, 1), { message: /`a`/ });
  t.end();
});

t.test('bernoulli', (t) => {
  const random = new Generator(4);
  let hits = 0;
  for (let i = 0; i < 10_000; i++) if (random.bernoulli(0.3)) hits += 1;
  t.ok(Math.abs(hits / 10_000 - 0.3) < 0.02);
  t.equal(random.bernoulli(0), false);
  t.equal(random.bernoulli(1), true);
  t.throws(() => random.bernoulli(1.1), { code: 'ERR_TENCH_ARGUMENT' });
  t.end();
});

t.test('shuffle and permutation: every order is equally likely, nothing is lost', (t) => {
  const random = new Generator(5);
  const given = [1, 2, 3];
  const seen = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = random.shuffle(given).join('');
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  t.same(given, [1, 2, 3], 'the given array stays as it is');
  t.equal(seen.size, 6);
  for (const [order, count] of seen) t.ok(Math.abs(count - 1000) < 130, `${order}: ${count}`);
  t.same(
    random.permutation(100).sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
  t.end();
});

t.test('a seed or stream that is no whole number is refused', (t) => {
  t.throws(() => new Generator(1.5), { message: /whole number.*`seed`/ });
  t.throws(() => new Generator(1, NaN), { message: /`stream`/ });
  t.throws(() => new Generator('1' as unknown as number), { code: 'ERR_TENCH_ARGUMENT' });
  t.end();
});
