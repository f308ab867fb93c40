/** The names by which the parts of an optimizer meet: each has one meaning and is there, or the optimizer is not made. */

import { invalid, isTensor, TenchError, TensorList, zerosLike, type Tensor } from '../tensor/index.js';
import { nameOf, type Hypers, type Parts, type Stat, type State, type Stepper } from './parts.js';
import { keysTaken, missingKey } from './reads.js';

/**
 * Checks the parts' keys against one another.
 *
 * @param given hyper-parameters from the options; they win over every default
 * @param groups parameters, of which the smallest is copied for the stats to show what they keep
 * @returns the hyper-parameters for every group: the given ones and the parts' defaults
 * @throws TenchError (`ERR_TENCH_OPTIMIZER_KEY`) for a key that two parts define differently, is hyper-parameter and state, or is missing
 */
export function agreeOnKeys(
  parts: Parts,
  given: Readonly<Record<string, unknown>>,
  groups: readonly Tensor[][],
): Hypers {
  const chosen = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [key, value] of chosen)
    if (typeof value !== 'number') throw invalid(key, 'a number, as every hyper-parameter', value);
  const { hypers, owners } = mergeDefaults(parts, Object.fromEntries(chosen) as Hypers);
  const known = [...Object.keys(hypers), ...stateKeys(parts.stats, owners, groups)];
  // eslint-disable-next-line @typescript-eslint/unbound-method -- only its parameter list is read
  for (const stat of parts.stats) requireKeys(stat, keysTaken(stat.update, 2), Object.keys(hypers));
  for (const stepper of [...parts.gradSteppers, ...parts.steppers])
    requireKeys(stepper, stepper.reads ?? keysTaken(stepper, 1), known);
  return hypers;
}

/** The given values and the defaults beside them, with the name of who defined each. */
function mergeDefaults(parts: Parts, given: Hypers): { hypers: Hypers; owners: Map<string, string> } {
  const hypers: Hypers = { ...given };
  const owners = new Map(Object.keys(given).map((key) => [key, 'the options']));
  for (const part of [...parts.gradSteppers, ...parts.stats, ...parts.steppers]) {
    for (const [key, value] of Object.entries(part.defaults ?? {})) {
      if (key in given) continue;
      const owner = owners.get(key);
      if (owner !== undefined && hypers[key] !== value) {
        throw twoMeanings(
          key,
          `${owner} by default ${hypers[key]}`,
          `${nameOf(part)} by default ${value}`,
          'give it in the options, or rename it in one of them',
        );
      }
      hypers[key] = value;
      owners.set(key, owner ?? nameOf(part));
    }
  }
  return { hypers, owners };
}

/** The keys of all stats' states. */
function stateKeys(stats: readonly Stat[], owners: ReadonlyMap<string, string>, groups: readonly Tensor[][]): string[] {
  if (stats.length === 0) return [];
  const keepers = new Map(owners);
  const standIn = makeStandIn(groups.flat());
  return stats.flatMap((stat) => {
    const keys = Object.keys(checkState(stat, stat.initState(standIn), standIn));
    for (const key of keys) {
      const keeper = keepers.get(key);
      if (keeper !== undefined)
        throw twoMeanings(
          key,
          `${keeper} as ${owners.has(key) ? 'hyper-parameter' : 'state'}`,
          `${nameOf(stat)} as state`,
          'rename one of them',
        );
      keepers.set(key, nameOf(stat));
    }
    return keys;
  });
}

/** A parameter like the smallest one, with a gradient of zeros, on which stats may show their state at no cost. */
function makeStandIn(parameters: readonly Tensor[]): TensorList {
  const smallest = parameters.reduce((least, next) => (next.numel() < least.numel() ? next : least));
  const [p, grad] = [zerosLike(smallest), zerosLike(smallest)];
  p.grad = grad;
  return new TensorList([p]);
}

function requireKeys(part: Stepper | Stat, keys: readonly string[] | null, known: readonly string[]): void {
  const missing = (keys ?? []).filter((key) => !known.includes(key));
  if (missing.length > 0) throw missingKey(nameOf(part), missing, known);
}

/** The error for a key with two owners. */
export function twoMeanings(key: string, one: string, other: string, remedy: string): TenchError {
  return new TenchError(`Optimizer: the key \`${key}\` has two meanings: ${one}, and ${other}; ${remedy}`, {
    code: 'ERR_TENCH_OPTIMIZER_KEY',
  });
}

/** The same state, once it is sure that it holds only lists as long as `p` and finite numbers. */
export function checkState(stat: Stat, state: State, p: TensorList): State {
  for (const [key, value] of Object.entries(state)) {
    const fits = value instanceof TensorList ? value.length === p.length : typeof value === 'number';
    if (!fits)
      throw invalid(
        `${nameOf(stat)}: ${key}`,
        `a TensorList of ${p.length}, or a number`,
        isTensor(value) ? 'a Tensor' : value,
      );
  }
  return state;
}
