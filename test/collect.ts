/** The garbage collector by hand, for tests that count what is left. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Collects all garbage now. */
export const collectGarbage = runInNewContext('gc') as () => void;
