/** The state of a module by PyTorch's names. Loading compares first and copies only when all is well, so that a bad file changes nothing. */

import { needArray, needFlag, needOptions } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { isOptions, isTensor, noGrad, type Tensor } from '../tensor/index.js';
import type { AnyModule } from './module.js';
import { Parameter } from './parameter.js';

/** Tensors by PyTorch's names: `0.weight`, `bn.running_mean`. */
export type StateDict = Map<string, Tensor>;

/** What `loadStateDict` found different with `strict: false`. */
export interface LoadResult {
  /** Names that the module has and the state lacks; their tensors were left as they were. */
  missing: string[];
  /** Names that the state has and the module lacks. */
  unexpected: string[];
}

/** Options of `Module.loadStateDict`. */
export interface LoadOptions {
  /** False accepts missing and unexpected names and returns them; default true. */
  readonly strict?: boolean;
  /**
   * Paths of modules, parameters or buffers that are left as they are, e.g. `['fc']` for a head with other classes. What the state has under these
   * names is not looked at. Default none.
   */
  readonly except?: readonly string[];
}

/** The parameters of a module itself, in the order in which they were assigned. */
export function* ownParameters(module: AnyModule): Generator<[name: string, parameter: Parameter]> {
  for (const name of Object.keys(module)) {
    const value: unknown = (module as unknown as Record<string, unknown>)[name];
    if (value instanceof Parameter) yield [name, value];
  }
}

/** Every name of the state with its tensor, in PyTorch's order: a module's parameters, its buffers, then its children. */
export function* stateEntries(module: AnyModule, prefix: string): Generator<[name: string, tensor: Tensor]> {
  for (const [name, parameter] of ownParameters(module)) yield [prefix + name, parameter];
  for (const [name, buffer, persistent] of module.ownBuffers()) if (persistent) yield [prefix + name, buffer];
  for (const [name, child] of module.namedChildren()) {
    if (prefix.length > 4000)
      throw new TenchError(`${module.constructor.name} contains itself, so its state has no end`);
    yield* stateEntries(child, `${prefix}${name}.`);
  }
}

/** What no name ends in where batch norms did not count yet, before PyTorch 0.4.1: PyTorch goes on from the count at hand, and torchvision's files need it. */
const counter = /(^|\.)num_batches_tracked$/;

/** Copies `state` into the tensors of `module`; see `Module.loadStateDict`. */
export function loadState(
  module: AnyModule,
  state: ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>,
  options: LoadOptions,
): LoadResult {
  needOptions('loadStateDict', options);
  const strict = needFlag('loadStateDict: strict', options.strict ?? true);
  const all = new Map(stateEntries(module, ''));
  const isLoaded = needExcept(options.except ?? [], all);
  const own = new Map([...all].filter(([name]) => isLoaded(name)));
  const given = new Map([...toNamed(state)].filter(([name]) => isLoaded(name)));
  const isCounted = [...given.keys()].some((name) => counter.test(name));
  const missing = [...own.keys()].filter((name) => !given.has(name) && (isCounted || !counter.test(name)));
  const unexpected = [...given.keys()].filter((name) => !own.has(name));
  const copies: [to: Tensor, from: Tensor][] = [];
  const shapes: string[] = [];
  for (const [name, from] of given) {
    if (!isTensor(from)) throw invalid(`loadStateDict: state[${name}]`, 'a Tensor', from);
    const to = own.get(name);
    if (to === undefined) continue;
    if (sameShape(to.shape, from.shape)) copies.push([to, from]);
    else shapes.push(`${name} is [${to.shape.join(', ')}] here and [${from.shape.join(', ')}] in the state`);
  }

  const faults: string[] = [];
  if (strict && missing.length > 0) faults.push(`missing: ${list(missing)}`);
  if (strict && unexpected.length > 0) faults.push(`unexpected: ${list(unexpected)}`);
  if (shapes.length > 0) faults.push(`other shapes: ${list(shapes)}`);
  if (faults.length > 0) {
    throw new TenchError(
      `the state does not fit ${module.constructor.name} (nothing was loaded)\n  ${faults.join('\n  ')}`,
      {
        code: 'ERR_TENCH_STATE_DICT',
      },
    );
  }
  noGrad(() => {
    for (const [to, from] of copies) to.copy_(from);
  });
  return { missing, unexpected };
}

/** Checks that every path is one of the module's. @returns whether a name is under none of them */
function needExcept(except: readonly string[], own: ReadonlyMap<string, Tensor>): (name: string) => boolean {
  const isUnder = (name: string, path: string): boolean => name === path || name.startsWith(`${path}.`);
  for (const path of needArray('loadStateDict: except', except, 'an array of paths') as readonly unknown[])
    if (typeof path !== 'string' || ![...own.keys()].some((name) => isUnder(name, path)))
      throw invalid('loadStateDict: except', 'paths of what has parameters or buffers in the module', path);
  return (name) => !except.some((path) => isUnder(name, path));
}

/** What a state names, whatever came as one. */
function toNamed(state: unknown): ReadonlyMap<string, unknown> {
  const entries = state instanceof Map ? [...(state as Map<unknown, unknown>)] : null;
  if (entries === null && isOptions(state)) return new Map(Object.entries(state));
  if (entries === null || entries.some(([name]) => typeof name !== 'string'))
    throw invalid('loadStateDict: state', 'a Map or a plain object of tensors by name', state);
  return new Map(entries as [string, unknown][]);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** All of a short list; the start and the length of a long one. */
function list(words: readonly string[]): string {
  const shown = words.slice(0, 20).join(', ');
  return words.length > 20 ? `${shown}, and ${words.length - 20} more` : shown;
}
