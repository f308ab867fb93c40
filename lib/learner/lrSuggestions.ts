/** Which learning rate a curve of losses over rising rates speaks for. */

import { needArray, needNumber } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';

/**
 * From losses over rising rates to a rate, or null where the curve is too short to say. Rates and losses are as many; all losses are finite. Its
 * name in the result is the function's own.
 */
export type SuggestLr = (lrs: readonly number[], losses: readonly number[]) => number | null;

/** In the middle of the longest stretch over which the loss falls (with gaps): past its first third, and half of the second. fastai's default. */
export function valley(lrs: readonly number[], losses: readonly number[]): number | null {
  needCurve('valley', lrs, losses);
  if (losses.length < 2) return null;
  // Length of the longest falling subsequence that ends at each point; the valley is as many points long, up to where it ends.
  const lengths: number[] = [];
  losses.forEach((loss, i) => {
    let longest = 1;
    for (let j = 0; j < i; j += 1) if (loss < losses[j]!) longest = Math.max(longest, lengths[j]! + 1);
    lengths.push(longest);
  });
  const end = indexOfLeast(lengths.map((length) => -length));
  if (end === 0) return lrs[0]!;
  // Both thirds count from the point before the first, as fastai has it.
  const third = lengths[end]! / 3;
  const start = end - lengths[end]!;
  const place = start + Math.floor(third) + Math.floor(third / 2);
  return lrs.at(place) ?? null;
}

/** A tenth of the rate with the smallest loss. */
export function minimum(lrs: readonly number[], losses: readonly number[]): number | null {
  needCurve('minimum', lrs, losses);
  return losses.length === 0 ? null : lrs[indexOfLeast(losses)]! / 10;
}

/** Where the loss falls most steeply over the logarithm of the rate. */
export function steep(lrs: readonly number[], losses: readonly number[]): number | null {
  needCurve('steep', lrs, losses);
  if (losses.length < 2) return null;
  const slopes = losses.slice(1).map((loss, i) => (loss - losses[i]!) / Math.log(lrs[i + 1]! / lrs[i]!));
  return lrs[indexOfLeast(slopes)]!;
}

/** How far apart `slide` compares slopes, in batches, and how alike they must be. */
const slideWidth = 15;
const slideLikeness = 0.005;

/** Just before the loss shoots up: from the end of the curve backwards, the first place after which the slope changes little. */
export function slide(lrs: readonly number[], losses: readonly number[]): number | null {
  needCurve('slide', lrs, losses);
  const last = losses.length - 1;
  if (last < slideWidth) return null;
  const slopes = losses.map((_, i) => {
    const [before, after] = [Math.max(i - 1, 0), Math.min(i + 1, last)];
    return (losses[after]! - losses[before]!) / (after - before);
  });
  let right = last;
  let found = lrs[right - slideWidth]!;
  while (right >= slideWidth && Math.abs(slopes[right]! - slopes[right - slideWidth]!) > slideLikeness) {
    found = lrs[right - slideWidth]!;
    right -= 1;
  }
  return found;
}

function indexOfLeast(values: readonly number[]): number {
  return values.reduce((least, value, i) => (value < values[least]! ? i : least), 0);
}

function needCurve(where: string, lrs: readonly number[], losses: readonly number[]): void {
  for (const lr of needArray(`${where}: lrs`, lrs)) needNumber(`${where}: lrs`, lr);
  for (const loss of needArray(`${where}: losses`, losses)) needNumber(`${where}: losses`, loss);
  if (lrs.length !== losses.length) throw invalid(`${where}: losses`, `${lrs.length}, one for each rate`, losses);
}
