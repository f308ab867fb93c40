/** JavaScript values that no operator expects, as source text, so that a finding can be pasted and run. */

import type { Generator } from '../../lib/index.js';
import { pick, weigh } from './choice.js';

export const hostileIntegers = [
  '-1',
  '-2',
  '-100',
  '65536',
  '2147483647',
  '-2147483648',
  '4294967296',
  '9007199254740991',
  '-9007199254740991',
  '9223372036854775807n',
  '-9223372036854775808n',
  '4611686018427387904n',
  '9223372036854775808n',
  '-(2n ** 70n)',
  '1e300',
] as const;

export const hostileNumbers = [
  'NaN',
  'Infinity',
  '-Infinity',
  '-0',
  '1e308',
  '-1e308',
  '5e-324',
  '1e18',
  '-1e9',
  '2n ** 65n',
  '{ re: 1, im: NaN }',
  '{ re: 1e308, im: -1e308 }',
] as const;

export const hostileStrings = [
  "''",
  "'💥'",
  "'\\0'",
  "'a'.repeat(5000)",
  "'%s%n'",
  "'../..'",
  "'i,j->'",
  "'none'",
  "'\\ud800'",
] as const;

export const hostileDevices = [
  "'cuda'",
  "'cuda:7'",
  "'meta'",
  "'cpu:3'",
  "'mps'",
  "'xpu:0'",
  "'cuda:-1'",
  "'cuda:99999999999'",
  "'hip'",
  "'vulkan'",
  "'privateuseone'",
  "'garbage'",
  "''",
] as const;

/** Objects whose mere inspection runs somebody's code, or that only look like what they are not. */
const objects = [
  'null',
  'undefined',
  '{}',
  '[]',
  '[[]]',
  '[[1]]',
  "'1'",
  'Symbol.iterator',
  '() => 1',
  'class Strange {}',
  'new Date(0)',
  'new Map([[1, 2]])',
  '/x/',
  'new Error("mine")',
  'Promise.resolve(1)',
  'new Proxy({}, {})',
  'new Proxy([], {})',
  '((r) => (r.revoke(), r.proxy))(Proxy.revocable([], {}))',
  'new Proxy({}, { get() { throw new Error("trap"); }, has() { throw new Error("trap"); } })',
  'new Proxy([1, 2], { get() { throw new Error("trap"); } })',
  '{ get re() { throw new Error("getter"); }, im: 0 }',
  '{ re: 1, get im() { throw "no error"; } }',
  '{ re: "1", im: {} }',
  '{ valueOf() { throw new Error("valueOf"); }, toString() { throw new Error("toString"); } }',
  '{ length: 3 }',
  'Object.create(null)',
  'Object.create(t.Tensor.prototype)',
  'Object.defineProperty([1, 2], 1, { get() { throw new Error("element"); } })',
  'Object.defineProperty([1, 2], 0, { get() { return Symbol(); } })',
  '[1, , 3]',
  '[NaN, Infinity]',
  '[1, "2"]',
  '[null, 1]',
  'new Float64Array(3)',
  'new Float64Array([1e15, 4294967297])',
  'new Float64Array([-1, NaN])',
  'new BigInt64Array(2)',
  'new Uint8Array(0)',
  'new ArrayBuffer(8)',
  'new DataView(new ArrayBuffer(8))',
  'new SharedArrayBuffer(8)',
  'globalThis',
  'new Array(100000)',
  't',
] as const;

/** A value of any type. */
export function hostileValue(random: Generator): string {
  return weigh(random, [
    [4, () => pick(random, objects)],
    [1, () => pick(random, hostileIntegers)],
    [1, () => pick(random, hostileNumbers)],
    [1, () => pick(random, hostileStrings)],
    [0.5, () => pick(random, ['true', 'false', '0', '1', '1.5', '7n'])],
  ])();
}

const harmless = objects.filter((source) => !/throw|revoke|Symbol\(\)|Strange|prototype|100000/.test(source));

/** A value of the wrong type that can be looked at: for callbacks, whose results go through code that may read them. */
export function harmlessValue(random: Generator): string {
  return weigh(random, [
    [3, () => pick(random, harmless)],
    [1, () => pick(random, ['true', '0', '1.5', '7n', "'none'"])],
  ])();
}

/** A value that disposes the tensor `a` when it is read. */
export const disposingValues = [
  '{ get re() { a.dispose(); return 1; }, im: 0 }',
  'Object.defineProperty([1, 1], 0, { get() { a.dispose(); return 1; } })',
  'Object.defineProperty([a, a], 1, { get() { a.dispose(); return a; } })',
  'new Proxy([1, 1], { get(target, key) { a.dispose(); return target[key]; } })',
] as const;
