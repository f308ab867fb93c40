/** The garbage collector by hand, for tests that count what is left. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

const collect = runInNewContext('gc') as () => void;

/** Collects all garbage now: the first round may only finish one that was under way, with what was alive when it began. */
export function collectGarbage(): void {
  collect();
  collect();
}
