/** PyTorch's own layout of an optimizer's state: SGD and Adam can be saved here and go on there, and the other way round. */

import { needInstance } from '../tensor/checks.js';
import { TenchError, describe } from '../tensor/errors.js';
import { isOptions, isTensor, tensor, type Tensor } from '../tensor/index.js';
import { nesterovStep } from './family/momentum.js';
import { Optimizer } from './optimizer.js';
import type { Hypers, Stat } from './parts.js';
import { AverageGrad, AverageSqrGrad, StepCount } from './stats.js';
import type { OptimizerState } from './state.js';
import { l2Reg, weightDecay } from './steppers.js';

type Dict = Record<string, unknown>;

/** What can be exchanged: our keys by PyTorch's, and the settings of a group that an optimizer of this kind has. */
interface Layout {
  readonly lists: Readonly<Record<string, string>>;
  readonly counts: boolean;
  readonly settings: Readonly<Dict>;
  readonly hypersOf: (group: Dict) => Hypers;
  readonly groupOf: (hypers: Hypers) => Dict;
}

const common = { maximize: false, foreach: null, differentiable: false, fused: null };

/**
 * The optimizer's state as `torch.optim`'s `state_dict` lays it out, for `writeTorch`: SGD (plain, with classic or Nesterov's momentum) and Adam
 * (`decoupled_weight_decay` as its parts have it). Tensors are the optimizer's own.
 *
 * @example await writeTorch('optimizer.pt', torchState(opt))
 * @throws TenchError (`ERR_TENCH_STATE_DICT`) for an optimizer of other parts, or a decay that PyTorch's SGD does not know
 */
export function torchState(opt: Optimizer): ReadonlyMap<string, unknown> {
  const layout = layoutOf(needInstance('torchState: opt', opt, Optimizer));
  const dict = opt.stateDict();
  const state = Object.entries(dict.state).map(([number, entry]): [number, Dict] => {
    const lists = Object.entries(layout.lists).map(([theirs, ours]) => [theirs, entry[ours]]);
    const step = layout.counts ? { step: tensor(entry.step as number, { dtype: 'float32' }) } : {};
    return [Number(number), { ...step, ...(Object.fromEntries(lists) as Dict) }];
  });
  const groups = dict.groups.map(({ params, hypers }) => ({ ...layout.groupOf(hypers), ...layout.settings, params }));
  return new Map<string, unknown>([
    ['state', new Map(state)],
    ['param_groups', groups],
  ]);
}

/**
 * Takes over what `torch.optim`'s `state_dict` holds, as `readTorch` returns it, into an optimizer of the same kind.
 *
 * @example loadTorchState(opt, await readTorch('optimizer.pt'))
 * @throws TenchError (`ERR_TENCH_STATE_DICT`), with nothing changed, for the state of another kind of optimizer, or settings that differ
 * @throws ArgumentError, with nothing changed, when groups, parameters or shapes do not fit
 */
export function loadTorchState(opt: Optimizer, value: unknown): void {
  const layout = layoutOf(needInstance('loadTorchState: opt', opt, Optimizer));
  const { state: entries, param_groups: list } = toDict('the value', value);
  if (!Array.isArray(list)) throw misfit('param_groups is no list');
  const groups = list.map((item, i): OptimizerState['groups'][number] => {
    const group = toDict(`param_groups[${i}]`, item);
    needSettings(`param_groups[${i}]`, group, layout.settings);
    return { params: group.params as number[], hypers: layout.hypersOf(group) };
  });
  const state: OptimizerState['state'] = {};
  groups.forEach(({ params, hypers }, i) => {
    if (!Array.isArray(params)) throw misfit(`params is no list in param_groups[${i}]`);
    for (const number of params) {
      const entry = toDict(`state[${number}]`, lookUp(entries, number as number) ?? {});
      if (Object.values(entry).every((item) => item === null)) continue;
      state[number] = ourEntry(`state[${number}]`, entry, layout, hypers);
    }
  });
  opt.loadStateDict({ state, groups: groups.map(({ params, hypers }) => ({ params, hypers: known(opt, hypers) })) });
}

/** @throws TenchError where a group computes something else; how a decay of 0 is taken does not matter, nor does what is null on our side */
function needSettings(where: string, group: Dict, settings: Layout['settings']): void {
  for (const [key, wanted] of Object.entries(settings)) {
    if (wanted === null || !(key in group) || group[key] === wanted) continue;
    if (key === 'decoupled_weight_decay' && group.weight_decay === 0) continue;
    throw misfit(`${key} is ${describe(group[key])} in ${where}, and this optimizer has ${describe(wanted)}`);
  }
}

/** The optimizer's hyper-parameters among these: PyTorch writes a momentum or decay of 0 also where there is none. */
function known(opt: Optimizer, hypers: Hypers): Hypers {
  for (const [key, value] of Object.entries(hypers))
    if (value !== 0 && !(key in opt.hypers[0]!)) throw misfit(`${key} is ${value} there, and this optimizer has none`);
  return Object.fromEntries(Object.entries(hypers).filter(([key]) => key in opt.hypers[0]!));
}

function ourEntry(where: string, entry: Dict, layout: Layout, hypers: Hypers): Record<string, Tensor | number> {
  const ours: Record<string, Tensor | number> = {};
  for (const [theirs, key] of Object.entries(layout.lists)) {
    const item = entry[theirs];
    if (!isTensor(item)) throw misfit(`${where} has no tensor ${theirs}`);
    ours[key] = item;
  }
  if (!layout.counts) return { ...ours, momDamp: 1 };
  const step = isTensor(entry.step) && entry.step.numel() === 1 ? entry.step.item() : entry.step;
  if (typeof step !== 'number') throw misfit(`${where} has no step`);
  return { ...ours, step, momDamp: 1 - hypers.mom!, sqrDamp: 1 - hypers.sqrMom! };
}

/** What this optimizer is to PyTorch. */
function layoutOf({ stats, steppers, gradSteppers }: Optimizer): Layout {
  const has = (type: abstract new (...args: never[]) => Stat): boolean => stats.some((stat) => stat instanceof type);
  const mean = stats.find((stat) => stat instanceof AverageGrad);
  const square = stats.find((stat) => stat instanceof AverageSqrGrad);
  const decoupled = steppers.includes(weightDecay);
  const decays = decoupled || gradSteppers.includes(l2Reg);
  if (mean?.dampening === true && square?.dampening === true && has(StepCount) && stats.length === 3)
    return adamLayout(decoupled, decays);
  if (stats.length === 0 || (stats.length === 1 && mean?.dampening === false)) {
    const nesterov = steppers.includes(nesterovStep);
    return sgdLayout({ nesterov, momentum: mean !== undefined, unknownDecay: decoupled && mean !== undefined });
  }
  throw misfit(`its stats are neither those of PyTorch's SGD nor of its Adam`);
}

function adamLayout(decoupled: boolean, decays: boolean): Layout {
  const settings = {
    amsgrad: false,
    ...common,
    capturable: false,
    ...(decays && { decoupled_weight_decay: decoupled }),
  };
  return {
    lists: { exp_avg: 'gradAvg', exp_avg_sq: 'sqrAvg' },
    counts: true,
    settings,
    hypersOf: ({ lr, betas, eps, weight_decay }) => {
      const [mom, sqrMom] = Array.isArray(betas) ? (betas as unknown[]) : [];
      return numbers({ lr, mom, sqrMom, eps, wd: weight_decay });
    },
    groupOf: ({ lr, mom, sqrMom, eps, wd }) => ({
      lr,
      betas: Object.freeze([mom, sqrMom]),
      eps,
      weight_decay: wd ?? 0,
    }),
  };
}

function sgdLayout(kind: { nesterov: boolean; momentum: boolean; unknownDecay: boolean }): Layout {
  const checked = (wd: unknown): unknown => {
    if (kind.unknownDecay && wd !== 0) throw misfit("PyTorch's SGD decays by L2: use l2Reg, or no decay");
    return wd;
  };
  return {
    lists: kind.momentum ? { momentum_buffer: 'gradAvg' } : {},
    counts: false,
    settings: { dampening: 0, nesterov: kind.nesterov, ...common },
    hypersOf: ({ lr, momentum, weight_decay }) => {
      if (!kind.momentum && momentum !== 0) throw misfit('this optimizer has no momentum');
      return numbers({ lr, mom: momentum, wd: checked(weight_decay) });
    },
    groupOf: ({ lr, mom, wd }) => ({ lr, momentum: kind.momentum ? mom : 0, weight_decay: checked(wd ?? 0) }),
  };
}

/** PyTorch's settings that are hyper-parameters here; a learning rate may be a tensor there. */
function numbers(given: Dict): Hypers {
  const found = Object.entries(given).map(([key, value]): [string, number] => {
    const number: unknown = isTensor(value) && value.numel() === 1 ? value.item() : value;
    if (typeof number !== 'number') throw misfit(`a group has no number for ${key}`);
    return [key, number];
  });
  return Object.fromEntries(found);
}

/** A dict of texts, which `readTorch` gives as a Map or an object. */
function toDict(where: string, value: unknown): Dict {
  if (value instanceof Map) return Object.fromEntries<unknown>(value as Map<string, unknown>);
  if (!isOptions(value)) throw misfit(`${where} is no dict`);
  return value;
}

/** An entry of a dict whose keys are integers. */
function lookUp(value: unknown, key: number): unknown {
  if (value instanceof Map) return value.get(key);
  if (!isOptions(value)) throw misfit('state is no dict');
  return (value as Readonly<Record<number, unknown>>)[key];
}

const misfit = (what: string): TenchError =>
  new TenchError(`optimizer state of PyTorch: ${what}`, { code: 'ERR_TENCH_STATE_DICT' });
