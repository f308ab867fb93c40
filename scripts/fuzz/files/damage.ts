/** Damage done to files, described as data so that a finding can be read and made again. */

import type { Generator } from '../../../lib/index.js';
import { pick, weigh } from '../choice.js';

/**
 * One change. Places are fractions of the length (0.25), or bytes from the beginning (7) or the end (-7); counts are bytes; contents are
 * hex, or text for `number` and `word`, which replace the nth run of digits or letters.
 */
export type Change =
  | readonly [kind: 'flip', place: number, bit: number]
  | readonly [kind: 'cut', place: number]
  | readonly [kind: 'set' | 'insert', place: number, hex: string]
  | readonly [kind: 'remove', place: number, count: number]
  | readonly [kind: 'copy', from: number, to: number, count: number]
  | readonly [kind: 'number' | 'word', nth: number, text: string];

function placeIn(length: number, place: number): number {
  const exact = Number.isInteger(place) ? (place < 0 ? length + place : place) : Math.floor(place * length);
  return Math.min(Math.max(0, exact), Math.max(0, length - 1));
}

/** Lays bytes over others, as far as there is room. */
function overlay(bytes: Buffer, place: number, part: Uint8Array): Buffer {
  const changed = Buffer.from(bytes);
  changed.set(part.subarray(0, Math.max(0, changed.length - place)), place);
  return changed;
}

function replaceRun(bytes: Buffer, run: RegExp, nth: number, text: string): Buffer {
  const whole = bytes.toString('latin1');
  const runs = [...whole.matchAll(run)];
  const chosen = runs[nth % Math.max(1, runs.length)];
  if (chosen === undefined) return bytes;
  const after = whole.slice(chosen.index + chosen[0].length);
  return Buffer.from(whole.slice(0, chosen.index) + text + after, 'latin1');
}

function changed(bytes: Buffer, change: Change): Buffer {
  const at = (place: number): number => placeIn(bytes.length, place);
  switch (change[0]) {
    case 'flip': {
      const place = at(change[1]);
      return bytes.length === 0 ? bytes : overlay(bytes, place, Buffer.of(bytes[place]! ^ (1 << change[2])));
    }
    case 'cut':
      return bytes.subarray(0, at(change[1]));
    case 'set':
      return overlay(bytes, at(change[1]), Buffer.from(change[2], 'hex'));
    case 'insert': {
      const place = at(change[1]);
      return Buffer.concat([bytes.subarray(0, place), Buffer.from(change[2], 'hex'), bytes.subarray(place)]);
    }
    case 'remove': {
      const place = at(change[1]);
      return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + change[2])]);
    }
    case 'copy': {
      const from = at(change[1]);
      return overlay(bytes, at(change[2]), bytes.subarray(from, from + change[3]));
    }
    case 'number':
      return replaceRun(bytes, /[0-9]+/g, change[1], change[2]);
    case 'word':
      return replaceRun(bytes, /[A-Za-z_<>|]+/g, change[1], change[2]);
  }
}

/** Does all changes, one after the other. */
export function damage(whole: Uint8Array, changes: readonly Change[]): Buffer {
  return changes.reduce(changed, Buffer.from(whole));
}

/** Little-endian numbers that lengths and counts become. */
const hugeNumbers = [
  'ffffffff',
  'ffffff7f',
  '00000080',
  '00000000',
  '01000000',
  'ffff',
  'ffffffffffffffff',
  'ffffffffffffff7f',
  '0000000000000080',
  '0000000001000000',
  'ffffffffffff1f00',
  '00ca9a3b',
];

const hugeDecimals = [
  '99999999999999',
  '9007199254740993',
  '18446744073709551616',
  '-1',
  '0',
  '4294967296',
  '1e9',
  '3',
];

const words = [
  'F64',
  'BOOL',
  'F8_E4M3',
  'U64',
  'dtype',
  'shape',
  '<c16',
  '|O',
  '<f2',
  'true',
  'null',
  'torch',
  'data',
  '',
];

/** Opcodes of pickles, so that a changed program is still one more often. */
const opcodes = '2830525451616265685d7d2e4b4a4d4e5883858687888994952e71727375747a8a8b8c8d8e8f9091920262'.match(/../g)!;

function place(random: Generator): number {
  return weigh(random, [
    [3, () => Number((0.0001 + 0.9998 * random.random()).toFixed(4))],
    [2, () => random.integer(64)],
    [2, () => -1 - random.integer(200)],
  ])();
}

function hex(random: Generator): string {
  return weigh(random, [
    [3, () => pick(random, hugeNumbers)],
    [3, () => pick(random, opcodes)],
    [1, () => Buffer.from([random.integer(256), random.integer(256)]).toString('hex')],
  ])();
}

/** One change of any kind. */
export function drawChange(random: Generator): Change {
  return weigh<() => Change>(random, [
    [4, () => ['flip', place(random), random.integer(8)]],
    [1, () => ['cut', place(random)]],
    [4, () => ['set', place(random), hex(random)]],
    [1, () => ['insert', place(random), hex(random)]],
    [1, () => ['remove', place(random), 1 + random.integer(9)]],
    [1.5, () => ['copy', place(random), place(random), 1 + random.integer(60)]],
    [2, () => ['number', random.integer(60), pick(random, hugeDecimals)]],
    [1, () => ['word', random.integer(60), pick(random, words)]],
  ])();
}

/** One to four changes. */
export function drawChanges(random: Generator): Change[] {
  return Array.from({ length: pick(random, [1, 1, 1, 2, 2, 3, 4]) }, () => drawChange(random));
}
