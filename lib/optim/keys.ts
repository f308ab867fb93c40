/** The names by which the parts of an optimizer meet: each has one meaning and is there, or the optimizer is not made. */

import { needArray } from '../tensor/checks.js';
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
  for (const [key, value] of chosen) needHyper(`Optimizer: ${key}`, value);
  const { hypers, owners } = mergeDefaults(parts, Object.fromEntries(chosen) as Hypers);
  const standIn = makeStandIn(groups.flat());
  const state = firstState(parts.stats, owners, standIn);
  // eslint-disable-next-line @typescript-eslint/unbound-method -- only its parameter list is read
  for (const stat of parts.stats) requireKeys(stat, keysTaken(stat.update, 2), Object.keys(hypers));
  const steppers = [...parts.gradSteppers, ...parts.steppers];
  const known = (): string[] => [...Object.keys(hypers), ...Object.keys(state)];
  if (steppers.some((stepper) => missingIn(known(), keysOf(stepper)).length > 0)) {
    // Stats may keep numbers that only their first update writes.
    for (const stat of parts.stats) updateState(stat, standIn, state, hypers);
  }
  for (const stepper of steppers) requireKeys(stepper, keysOf(stepper), known());
  return hypers;
}

/** @throws ArgumentError unless a hyper-parameter is a number */
export function needHyper(argument: string, value: unknown): void {
  if (typeof value !== 'number' || Number.isNaN(value))
    throw invalid(argument, 'a number, as every hyper-parameter', value);
}

/** The keys that a stepper takes, where it says so. */
function keysOf(stepper: Stepper): readonly string[] | null {
  const { reads } = stepper;
  return reads === undefined
    ? keysTaken(stepper, 1)
    : needArray(`${nameOf(stepper)}: reads`, reads, 'an array of keys');
}

/** The given values and the defaults beside them, with the name of who defined each. */
function mergeDefaults(parts: Parts, given: Hypers): { hypers: Hypers; owners: Map<string, string> } {
  const hypers: Hypers = { ...given };
  const owners = new Map(Object.keys(given).map((key) => [key, 'the options']));
  for (const part of [...parts.gradSteppers, ...parts.stats, ...parts.steppers]) {
    for (const [key, value] of Object.entries(part.defaults ?? {})) {
      if (key in given) continue;
      needHyper(`${nameOf(part)}: defaults.${key}`, value);
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

/** What all stats together keep before the first step. */
function firstState(stats: readonly Stat[], owners: ReadonlyMap<string, string>, standIn: TensorList): State {
  const state: State = {};
  const keepers = new Map(owners);
  for (const stat of stats) {
    for (const [key, value] of Object.entries(checkState(stat, stat.initState(standIn), standIn))) {
      const keeper = keepers.get(key);
      if (keeper !== undefined) {
        const role = owners.has(key) ? 'hyper-parameter' : 'state';
        throw twoMeanings(key, `${keeper} as ${role}`, `${nameOf(stat)} as state`, 'rename one of them');
      }
      keepers.set(key, nameOf(stat));
      state[key] = value;
    }
  }
  return state;
}

/** A parameter like the smallest one, with a gradient of zeros, on which stats may show their state at no cost. */
function makeStandIn(parameters: readonly Tensor[]): TensorList {
  const smallest = parameters.reduce((least, next) => (next.numel() < least.numel() ? next : least));
  const [p, grad] = [zerosLike(smallest), zerosLike(smallest)];
  p.grad = grad;
  return new TensorList([p]);
}

function requireKeys(part: Stepper | Stat, keys: readonly string[] | null, known: readonly string[]): void {
  const missing = missingIn(known, keys);
  if (missing.length > 0) throw missingKey(nameOf(part), missing, known);
}

function missingIn(known: readonly string[], keys: readonly string[] | null): string[] {
  return (keys ?? []).filter((key) => !known.includes(key));
}

/** The error for a key with two owners. */
export function twoMeanings(key: string, one: string, other: string, remedy: string): TenchError {
  return new TenchError(`Optimizer: the key \`${key}\` has two meanings: ${one}, and ${other}; ${remedy}`, {
    code: 'ERR_TENCH_OPTIMIZER_KEY',
  });
}

/** Lets a stat bring the state up to date, in place or by what it returns. */
export function updateState(stat: Stat, p: TensorList, state: State, hypers: Hypers): void {
  const returned = (stat.update as (...args: unknown[]) => unknown).call(stat, p, state, hypers);
  if (typeof returned !== 'object' || returned === null || returned === state) return;
  Object.assign(state, checkState(stat, returned as State, p));
}

/** The same state, once it is sure that it holds only lists as long as `p` and numbers. */
export function checkState(stat: Stat, state: State, p: TensorList): State {
  if (typeof state !== 'object' || (state as unknown) === null)
    throw invalid(`the state of ${nameOf(stat)}`, 'an object of TensorLists and numbers', state);
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
