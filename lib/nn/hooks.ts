/** The lesson's hooks: look into a network while it runs, and take every hook away again. */

import { needFunction, needInstance, needIterable, needWhole } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import type { HookHandle } from './moduleHooks.js';
import { Module, type AnyModule } from './module.js';
import type { OutputStats } from './outputStats.js';

/**
 * The modules for which `cond` holds, in the order of a forward: parents first, and nothing below a match.
 *
 * @returns an empty array when there is none
 */
export function findModules<M extends AnyModule>(module: AnyModule, cond: (module: AnyModule) => module is M): M[];
export function findModules(module: AnyModule, cond: (module: AnyModule) => boolean): AnyModule[];
export function findModules(module: AnyModule, cond: (module: AnyModule) => boolean): AnyModule[] {
  needInstance('findModules: module', module, Module);
  needFunction('findModules: cond', cond, 'a function of a module');
  const walk = (one: AnyModule): AnyModule[] => (cond(one) ? [one] : one.children().flatMap(walk));
  return walk(module);
}

/** What a {@link Hook} calls after every forward of its module; it may keep what it finds on the hook. */
export type HookFunction<H extends Hook = Hook> = (
  hook: H,
  module: AnyModule,
  args: readonly unknown[],
  output: unknown,
) => void;

/** One function called after every forward of one module, until `remove`. */
export class Hook implements Disposable {
  /** The module that is watched. */
  readonly module: AnyModule;
  /** What `appendStat` has seen; null before the first forward. */
  stats: OutputStats | null = null;
  readonly #handle: HookHandle;

  constructor(module: AnyModule, fn: HookFunction) {
    needInstance('Hook: module', module, Module);
    needFunction('Hook: fn', fn);
    this.module = module;
    this.#handle = module.registerForwardHook((hooked, args, output) => {
      fn(this, hooked, args, output);
    });
  }

  /** Mean of the last output that `appendStat` has seen. */
  get mean(): number {
    return this.#last('means');
  }

  /** Standard deviation of the last output that `appendStat` has seen. */
  get std(): number {
    return this.#last('stds');
  }

  #last(list: 'means' | 'stds'): number {
    const last = this.stats?.[list].at(-1);
    if (last !== undefined) return last;
    throw new TenchError(
      `no output of ${this.module.constructor.name} has been measured: hook it with appendStat and call the model`,
    );
  }

  /** Takes the hook away; a second call does nothing. */
  remove(): void {
    this.#handle.remove();
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}

/** One {@link Hook} for each of several modules; iterable. With `using`, or `remove`, all are taken away, also when a loop throws. */
export class Hooks implements Disposable, Iterable<Hook> {
  readonly #hooks: readonly Hook[];

  constructor(modules: Iterable<AnyModule>, fn: HookFunction) {
    needFunction('Hooks: fn', fn);
    this.#hooks = [...needIterable('Hooks: modules', modules, 'modules')].map((module) => new Hook(module, fn));
  }

  get length(): number {
    return this.#hooks.length;
  }

  at(index: number): Hook | undefined {
    return this.#hooks.at(needWhole('Hooks.at: index', index));
  }

  /** Takes all hooks away; a second call does nothing. */
  remove(): void {
    for (const hook of this.#hooks) hook.remove();
  }

  [Symbol.dispose](): void {
    this.remove();
  }

  [Symbol.iterator](): Iterator<Hook> {
    return this.#hooks[Symbol.iterator]();
  }
}
