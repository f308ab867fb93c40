/** Two sides must compute the same before their times mean anything. */

import { TenchError } from '../../lib/runtime/errors.js';

/** What float32 leaves of many operations; both sides run the same kernels, so this is generous. */
export const tolerance = 1e-4;

/** How far losses may be apart where kernels round otherwise: the first twenty of a hundred steps, then the mean of the last twenty. */
export const rounded = [...new Array<number>(20).fill(1e-3), 0.02];
/** The same in bfloat16, of the mean of the last twenty. */
export const roundedCoarsely = [0.05];

/**
 * Throws a TenchError (`ERR_TENCH_BENCH`) that names the first difference, unless `a` and `b` are equal within the tolerances, relative to the
 * larger of 1 and the value itself. Nothing, NaN and infinity agree with nothing: a work that computes them proves nothing.
 *
 * @param tolerances one for each value, the last for all that follow
 */
export function checkAgreement(
  what: string,
  a: { name: string; values: readonly number[] },
  b: { name: string; values: readonly number[] },
  tolerances: readonly number[] = [tolerance],
): void {
  const fail = (how: string): TenchError =>
    new TenchError(`${what}: ${a.name} and ${b.name} do not compute the same: ${how}`, { code: 'ERR_TENCH_BENCH' });
  if (a.values.length !== b.values.length || a.values.length === 0)
    throw fail(`${a.values.length} values and ${b.values.length}`);
  a.values.forEach((value, i) => {
    const other = b.values[i]!;
    const allowed = tolerances[i] ?? tolerances.at(-1) ?? tolerance;
    if (!(Math.abs(value - other) <= allowed * Math.max(1, Math.abs(value))))
      throw fail(`value ${i} is ${value} and ${other}`);
  });
}
