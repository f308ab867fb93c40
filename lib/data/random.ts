/**
 * Random numbers that are computed from where they are used, not from how many came before.
 *
 * A counter-based generator (Philox 4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011) turns a
 * key and a counter into 128 random bits. The key is made of a seed and a *stream*, a path of whole numbers such as (epoch, item,
 * transform), so an item's draws are the same on any thread, in any order and after a resume.
 */

import { inspect } from 'node:util';
import { needInRange, needNumber } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** V8 ends the process where an array grows beyond what it can hold, which is twice as much. */
const MOST_POSITIONS = 2 ** 26;

/** A number of positions that an array can hold. */
export function needPositions(argument: string, count: number): number {
  if (!Number.isInteger(count) || count < 0 || count > MOST_POSITIONS)
    throw invalid(argument, `a whole number from 0 to ${MOST_POSITIONS}`, count);
  return count;
}

/** Word 3 of the counter keeps the blocks that make keys apart from the blocks that make numbers. */
const DRAWING = 0;
const DERIVING = 1;

/** The upper 32 bits of a 32 x 32 bit product, which a double cannot hold exactly. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + aLow * bHigh + ((aLow * bLow) >>> 16);
  return (aHigh * bHigh + Math.floor(middle / 0x1_0000)) >>> 0;
}

/**
 * One block of Philox 4x32-10.
 *
 * @param counter four words of 32 bits
 * @param key two words of 32 bits
 * @returns four random words of 32 bits (unsigned)
 */
export function philox4x32(counter: ArrayLike<number>, key: ArrayLike<number>): [number, number, number, number] {
  return block(needWords('counter', counter, 4), needWords('key', key, 2));
}

function needWords(argument: string, words: ArrayLike<number>, count: number): number[] {
  const expected = `${count} words of 32 bits`;
  if (!isListOf(words) || words.length !== count) throw invalid(argument, expected, words);
  const list = Array.from(words);
  for (const word of list) if (!Number.isSafeInteger(word)) throw invalid(argument, expected, words);
  return list;
}

/** An array or a typed array. */
function isListOf<T>(values: ArrayLike<T>): boolean {
  return Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView));
}

/** For the numbers that this module makes itself, which need no checks. */
function block(counter: readonly number[], key: readonly number[]): [number, number, number, number] {
  let c0 = counter[0]! >>> 0;
  let c1 = counter[1]! >>> 0;
  let c2 = counter[2]! >>> 0;
  let c3 = counter[3]! >>> 0;
  let k0 = key[0]! >>> 0;
  let k1 = key[1]! >>> 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

type Key = readonly [number, number];

/** A seed or a step of a stream as two words: any whole number from -2^53 to 2^53, or any bigint modulo 2^64. */
function words(argument: string, value: number | bigint): Key {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw invalid(argument, 'a whole number', value);
  if (typeof value !== 'number' && typeof value !== 'bigint')
    throw invalid(argument, 'a whole number or a bigint', value);
  if (typeof value === 'number' && value >= 0) return [value >>> 0, Math.floor(value / 0x1_0000_0000)];
  const bits = BigInt.asUintN(64, BigInt(value));
  return [Number(bits & 0xffff_ffffn), Number(bits >> 32n)];
}

/** The key of a path from the key of its beginning. */
function derive(key: Key, stream: readonly number[]): Key {
  for (const step of stream) {
    const [low, high] = words('stream', step);
    const derived = block([low, high, 0, DERIVING], key);
    key = [derived[0], derived[1]];
  }
  return key;
}

/**
 * A stream of random numbers, fixed by a seed and a path of whole numbers.
 *
 *     const random = new Generator(42, epoch, item);
 *     random.uniform(-1, 1);
 *
 * Two generators with the same seed and path give the same numbers; with any other path, unrelated ones. A generator only moves forward
 * by its own draws: {@link fork} leaves it where it is.
 */
export class Generator {
  readonly seed: number | bigint;
  #stream: readonly number[];
  #key: Key;
  #blocks = 0;
  #block: readonly number[] = [];
  #used = 4;
  #spareNormal: number | undefined;

  /**
   * @param seed a whole number or a bigint (taken modulo 2^64)
   * @param stream whole numbers that say what the numbers are for
   */
  constructor(seed: number | bigint, ...stream: number[]) {
    this.seed = seed;
    this.#stream = stream;
    this.#key = derive(words('seed', seed), stream);
  }

  /** The path. */
  get stream(): readonly number[] {
    return this.#stream;
  }

  /** The generator of a longer path, made from here: `new Generator(1, 2).fork(3)` equals `new Generator(1, 2, 3)`. */
  fork(...stream: number[]): Generator {
    const longer = new Generator(this.seed);
    longer.#stream = [...this.#stream, ...stream];
    longer.#key = derive(this.#key, stream);
    return longer;
  }

  /** 32 random bits as a number from 0 to 2^32 - 1. */
  bits(): number {
    if (this.#used === 4) {
      const low = this.#blocks >>> 0;
      const high = Math.floor(this.#blocks / 0x1_0000_0000);
      this.#block = block([low, high, 0, DRAWING], this.#key);
      this.#blocks += 1;
      this.#used = 0;
    }
    return this.#block[this.#used++]!;
  }

  /** A number in [0, 1) with all 53 bits that a double can hold there. */
  random(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  }

  /** A number in [low, high). */
  uniform(low = 0, high = 1): number {
    needNumber('low', low);
    needNumber('high', high);
    return low + (high - low) * this.random();
  }

  /** A whole number from 0 to n - 1, each exactly as likely: draws that would favour some are thrown away. n is at most 2^53. */
  integer(n: number): number {
    if (!Number.isSafeInteger(n) || n < 1) throw invalid('n', 'a whole number of at least 1', n);
    const range = n <= 0x1_0000_0000 ? 0x1_0000_0000 : 0x20_0000_0000_0000;
    const fair = range - (range % n);
    for (;;) {
      const drawn = range === 0x1_0000_0000 ? this.bits() : this.random() * range;
      if (drawn < fair) return drawn % n;
    }
  }

  /** A normally distributed number (Box and Muller, 1958); the second of each pair is kept for the next call. */
  normal(mean = 0, std = 1): number {
    needNumber('mean', mean);
    needNumber('std', std);
    let value = this.#spareNormal;
    if (value === undefined) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.random()));
      const angle = 2 * Math.PI * this.random();
      value = radius * Math.cos(angle);
      this.#spareNormal = radius * Math.sin(angle);
    } else {
      this.#spareNormal = undefined;
    }
    return mean + std * value;
  }

  /**
   * A number of the beta distribution, from 0 to 1: the share of one gamma-distributed number in the sum of two.
   *
   * @param a from 1e-6 to 1e6; the larger, the closer to 1
   * @param b the same; the larger, the closer to 0
   */
  beta(a: number, b: number): number {
    needInRange('a', a, { least: 1e-6, most: 1e6 });
    needInRange('b', b, { least: 1e-6, most: 1e6 });
    return 1 / (1 + Math.exp(this.#logGamma(b) - this.#logGamma(a)));
  }

  /**
   * The logarithm of a gamma-distributed number (Marsaglia and Tsang, "A simple method for generating gamma variables", 2000). For small shapes the
   * number itself is often too small for a double.
   */
  #logGamma(shape: number): number {
    if (shape < 1) return this.#logGamma(shape + 1) + Math.log(1 - this.random()) / shape;
    const d = shape - 1 / 3;
    for (;;) {
      const x = this.normal();
      const v = (1 + x / Math.sqrt(9 * d)) ** 3;
      if (v > 0 && Math.log(1 - this.random()) < (x * x) / 2 + d - d * v + d * Math.log(v)) return Math.log(d * v);
    }
  }

  /** True with probability p. */
  bernoulli(p = 0.5): boolean {
    if (typeof p !== 'number' || !(p >= 0 && p <= 1)) throw invalid('p', 'a probability from 0 to 1', p);
    return this.random() < p;
  }

  /** A shuffled copy (Fisher and Yates); every order is equally likely. */
  shuffle<T>(values: ArrayLike<T>): T[] {
    if (!isListOf(values)) throw invalid('values', 'an array or a typed array', values);
    const shuffled = Array.from(values);
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const held = shuffled[last]!;
      shuffled[last] = shuffled[other]!;
      shuffled[other] = held;
    }
    return shuffled;
  }

  /** The numbers 0 to n - 1 in random order. */
  permutation(n: number): number[] {
    needPositions('n', n);
    return this.shuffle(Array.from({ length: n }, (_, index) => index));
  }

  [inspect.custom](): string {
    return `Generator(${[this.seed, ...this.stream].join(', ')})`;
  }
}
