/**
 * Which modules keep no tensor that comes up in a call of theirs. A network of only such modules runs in a scope, so that what passes between its
 * layers is released when the last one has run, and not when the collector comes to it: several times in a training step it would, for
 * all that the step has left behind.
 *
 * Only classes of our own are known, none derived from them, and no module whose calls a hook watches: a user's code may keep what it sees.
 */

import { inScope, scope } from '../tensor/scope.js';
import type { AnyModule } from './module.js';

/** A single operator leaves nothing behind that a scope could release; a network does. */
type Extent = 'operator' | 'network';

type ModuleClass = new (...args: never[]) => AnyModule;

const transient = new Map<unknown, { readonly extent: Extent; readonly holds: (module: never) => boolean }>();

/**
 * Says of classes that their instances keep nothing of a call, if none of their children does.
 *
 * @param holds for which instances it is so; default all
 */
export function declareTransient(
  extent: Extent,
  classes: readonly ModuleClass[],
  holds: (module: never) => boolean = () => true,
): void {
  for (const type of classes) transient.set(type, { extent, holds });
}

/** Runs `fn`, which does nothing but call a module, in a scope of its own where there is something to release and nobody can have kept it. */
export function callInScope<T>(module: AnyModule, fn: () => T): T {
  const wanted = !inScope() && transient.get(module.constructor)?.extent === 'network' && keepsNothing(module);
  return wanted ? scope(fn) : fn();
}

function keepsNothing(module: AnyModule): boolean {
  return (
    transient.get(module.constructor)?.holds(module as never) === true &&
    !module.isHooked &&
    !Object.hasOwn(module, 'forward') &&
    module.children().every(keepsNothing)
  );
}
