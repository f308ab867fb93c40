/** Drawing: what the generators of hostile calls ask of randomness. */

import type { Generator } from '../../lib/index.js';

/** One of some values, each as likely. */
export function pick<T>(random: Generator, values: readonly T[]): T {
  return values[random.integer(values.length)]!;
}

/** One of some values by weight, as `[weight, value]`. */
export function weigh<T>(random: Generator, choices: readonly (readonly [number, T])[]): T {
  let left = random.random() * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, value] of choices) {
    left -= weight;
    if (left < 0) return value;
  }
  return choices[choices.length - 1]![1];
}
