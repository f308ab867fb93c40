/** What the options of losses and distances may be: one name has one meaning, in a function as in the module that holds its options. */

import { needFlag, needInRange, needOneOf, needOptions, needTensorOrNull, needWhole } from '../../tensor/checks.js';
import { reductions } from './options.js';

/** What becomes of the losses of a batch with `klDiv`. */
export const klDivReductions: readonly string[] = [...reductions, 'batchmean'];

type Check = (argument: string, value: never) => unknown;

const flag: Check = (argument, value) => needFlag(argument, value);
const number: Check = (argument, value) => needInRange(argument, value);
const whole: Check = (argument, value) => needWhole(argument, value);
const atLeast0: Check = (argument, value) => needInRange(argument, value, { least: 0 });
const above0: Check = (argument, value) => needInRange(argument, value, { above: 0 });
const share: Check = (argument, value) => needInRange(argument, value, { least: 0, most: 1 });
const tensor: Check = (argument, value) => needTensorOrNull(argument, value);

const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['weight', tensor],
  ['posWeight', tensor],
  ['ignoreIndex', whole],
  ['labelSmoothing', share],
  ['beta', atLeast0],
  ['delta', above0],
  ['margin', number],
  ['p', atLeast0],
  ['eps', atLeast0],
  ['dim', whole],
  ['keepdim', flag],
  ['swap', flag],
  ['logTarget', flag],
]);

/**
 * Checks all of them at once.
 *
 * @param words what `reduction` may be
 * @throws ArgumentError naming `where` and the option
 */
export function needLossOptions(where: string, options: object, words: readonly string[] = reductions): void {
  needOptions(where, options);
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (value === undefined) continue;
    if (name === 'reduction') needOneOf(`${where}: reduction`, value as string, words);
    else checks.get(name)?.(`${where}: ${name}`, value as never);
  }
}
