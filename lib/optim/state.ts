/** An optimizer's memory as plain data: hyper-parameters, and what is remembered of each parameter, by number or by name. */

import { needArray, needCount, needIterable, needTensor, needText } from '../tensor/checks.js';
import { invalid, isOptions, isTensor, TensorList, type Tensor } from '../tensor/index.js';
import type { ParameterState } from './chunks.js';
import { needHyper } from './keys.js';
import type { Hypers, Stat } from './parts.js';

/** What `Optimizer.stateDict` returns. Parameters are numbered through all groups, from 0, or go by the names that were given. */
export interface OptimizerState {
  /** Of each parameter that was ever stepped. */
  state: Record<number | string, ParameterState>;
  /** Of each group: its parameters and its hyper-parameters. */
  groups: { params: (number | string)[]; hypers: Hypers }[];
  /** Averages of the buffers, in the order in which they were given; absent where there are none. */
  buffers?: readonly Tensor[];
}

/** Names of all parameters of an optimizer, as `model.namedParameters()` gives them; further ones do not matter. */
export type ParameterNames = Iterable<readonly [name: string, parameter: Tensor]>;

/** @internal What each parameter goes by, group by group. */
export function parameterKeys(groups: readonly Tensor[][], names: ParameterNames | undefined): (number | string)[][] {
  let next = 0;
  if (names === undefined) return groups.map((group) => group.map(() => next++));
  const known = new Map<Tensor, string>();
  for (const pair of needIterable('names', names, 'pairs of a name and a parameter')) {
    const [name, parameter] = needArray('names', pair as [string, Tensor], 'pairs of a name and a parameter');
    known.set(needTensor('names', parameter), needText('names', name));
  }
  return groups.map((group, i) =>
    group.map((tensor, j) => {
      const name = known.get(tensor);
      if (name === undefined)
        throw invalid('names', 'a name for every parameter', `none for parameter ${j} of group ${i}`);
      return name;
    }),
  );
}

/** @internal */
export function readState(
  groups: readonly Tensor[][],
  hypers: readonly Hypers[],
  states: ReadonlyMap<Tensor, ParameterState>,
  names?: ParameterNames,
): OptimizerState {
  const dict: OptimizerState = { state: {}, groups: [] };
  const keys = parameterKeys(groups, names);
  groups.forEach((parameters, group) => {
    const params = keys[group]!;
    parameters.forEach((tensor, i) => {
      const state = states.get(tensor);
      if (state !== undefined && Object.keys(state).length > 0) dict.state[params[i]!] = { ...state };
    });
    dict.groups.push({ params, hypers: { ...hypers[group] } });
  });
  return dict;
}

/** @internal The hyper-parameters and new states that a dict asks for, once all of it is known to fit. */
export function loadState(
  dict: OptimizerState,
  groups: readonly Tensor[][],
  stats: readonly Stat[],
  names?: ParameterNames,
): { hypers: Hypers[]; states: Map<Tensor, ParameterState> } {
  needDict(dict);
  const sizes = groups.map((group) => group.length);
  const given = dict.groups.map(({ params }) => params.length);
  if (String(given) !== String(sizes))
    throw invalid('dict.groups', `groups of ${sizes.join(', ')} parameters`, `groups of ${given.join(', ')}`);
  const keys = names === undefined ? dict.groups.map(({ params }) => params) : parameterKeys(groups, names);
  dict.groups.forEach(({ params }, group) => {
    const stranger = params.find(
      (key) => typeof key === 'string' && (names === undefined || !keys[group]!.includes(key)),
    );
    if (stranger !== undefined)
      throw invalid(
        `dict.groups[${group}].params`,
        names === undefined ? 'numbers, or names beside the option names' : 'the names of the same parameters',
        stranger,
      );
    // Saved without names: by place, whatever the names.
    if (params.some((key) => typeof key === 'number')) keys[group] = params;
  });
  const states = new Map<Tensor, ParameterState>();
  groups.forEach((parameters, group) => {
    parameters.forEach((tensor, i) => {
      const key = keys[group]![i]!;
      const entry = Object.hasOwn(dict.state, key) ? dict.state[key] : undefined;
      if (entry !== undefined) states.set(tensor, copyEntry(`dict.state[${key}]`, entry, tensor, stats));
    });
  });
  return { hypers: dict.groups.map(({ hypers }) => ({ ...hypers })), states };
}

/** @throws ArgumentError for what `stateDict` cannot have returned */
function needDict(dict: OptimizerState): void {
  needPlain('dict', dict);
  needPlain('dict.state', dict.state);
  needArray('dict.groups', dict.groups, 'an array of groups').forEach((group, i) => {
    needPlain(`dict.groups[${i}]`, group);
    needArray(`dict.groups[${i}].params`, group.params).forEach((key) => {
      if (typeof key !== 'string') needCount(`dict.groups[${i}].params`, key);
    });
    needPlain(`dict.groups[${i}].hypers`, group.hypers);
    for (const [key, value] of Object.entries(group.hypers)) needHyper(`dict.groups[${i}].hypers.${key}`, value);
  });
}

function needPlain(argument: string, value: unknown): void {
  if (!isOptions(value)) throw invalid(argument, 'a plain object, as stateDict returns', value);
}

/** The entry's values in new tensors, as the stats would make them for this parameter: its device, their dtypes. */
function copyEntry(name: string, entry: ParameterState, tensor: Tensor, stats: readonly Stat[]): ParameterState {
  needPlain(name, entry);
  const p = new TensorList([tensor]);
  const own = Object.assign({}, ...stats.map((stat) => stat.initState(p))) as Record<string, TensorList | number>;
  const copied = Object.entries(own).map(([key, value]): [string, Tensor | number] => {
    const saved = entry[key];
    if (typeof value === 'number') {
      if (typeof saved !== 'number') throw invalid(`${name}.${key}`, 'a number', saved);
      return [key, saved];
    }
    const made = value.at(0);
    if (!isTensor(saved) || String(saved.shape) !== String(made.shape))
      throw invalid(`${name}.${key}`, `a tensor of shape [${made.shape.join(', ')}]`, saved);
    return [key, made.copy_(saved)];
  });
  return { ...numbersAlone(entry), ...Object.fromEntries(copied) };
}

/** Numbers that only `update` writes. */
function numbersAlone(entry: ParameterState): ParameterState {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => typeof value === 'number'));
}
