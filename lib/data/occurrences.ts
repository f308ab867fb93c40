/** How often an epoch has come to an item before: what tells the draws of its repeats apart. */

/** How often each place's position has come before in an order; undefined where none comes twice. */
export function occurrencesIn(order: readonly number[], count: number): Uint32Array | undefined {
  const seen = new Uint32Array(count);
  const occurrences = new Uint32Array(order.length);
  let repeats = 0;
  order.forEach((index, place) => {
    occurrences[place] = seen[index]!;
    seen[index] = seen[index]! + 1;
    if (occurrences[place] > 0) repeats += 1;
  });
  return repeats === 0 ? undefined : occurrences;
}
