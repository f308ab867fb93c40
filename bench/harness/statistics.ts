/** The arithmetic of a comparison: medians, spreads, and the ratio of two sides that took turns. */

/** The value below which the share `q` (0 to 1) of the sorted values lies, interpolated between neighbours. */
function quantile(sorted: readonly number[], q: number): number {
  const place = (sorted.length - 1) * q;
  const below = sorted[Math.floor(place)] ?? NaN;
  const above = sorted[Math.ceil(place)] ?? NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** The middle of some numbers, and how far apart they are. */
export interface Summary {
  readonly median: number;
  /** Distance of the quartiles, as a share of the median: half of the values lie that close together. */
  readonly spread: number;
}

/** Summarises at least one number. */
export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  return { median, spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / median };
}

/**
 * How many times as long the peer takes as tench: the median over the rounds, in each of which both have done the work one right after
 * the other. Whatever slows the machine for longer than a round slows both, and falls out.
 */
export function ratioOf(tench: readonly number[], peer: readonly number[]): Summary {
  return summarise(tench.map((time, round) => (peer[round] ?? NaN) / time));
}
