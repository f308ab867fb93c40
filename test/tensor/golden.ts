/** Reads what PyTorch answered, as scripts/goldens/tensor.py recorded it. */

import { readFileSync } from 'node:fs';

/** The cases of one golden file. Compiled tests run in dist/test, so the way to test/goldens leads over the package's root. */
export function goldenCases<T>(name: string): T[] {
  const url = new URL(`../../../test/goldens/tensor/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { cases: T[] }).cases;
}

type Nested = number | boolean | readonly Nested[];

/** The largest difference between two nested lists of numbers; Infinity when their forms differ or one has a NaN that the other has not. */
export function largestDifference(a: unknown, b: unknown): number {
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return Infinity;
    return (a as Nested[]).reduce<number>(
      (worst, item, index) => Math.max(worst, largestDifference(item, b[index])),
      0,
    );
  }
  if (Array.isArray(a) || Array.isArray(b)) return Infinity;
  const [left, right] = [Number(a), Number(b)];
  if (Number.isNaN(left) && Number.isNaN(right)) return 0;
  const difference = Math.abs(left - right);
  return Number.isNaN(difference) ? Infinity : difference;
}
