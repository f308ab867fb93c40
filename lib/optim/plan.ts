/**
 * The path on which a group is stepped: a kernel of LibTorch that does all that its parts say at once, or the parts one after the other.
 *
 * Every path leaves the same parameters and the same state, within rounding.
 */

import { scope } from '../tensor/scope.js';
import type { Chunk } from './chunks.js';
import { twoMeanings, updateState } from './keys.js';
import { nameOf, type Hypers, type Parts, type Stat, type State, type Stepper } from './parts.js';
import { guarded, keysTaken } from './reads.js';

/** Steps the parameters of a chunk once, their gradients being final. */
export interface Path {
  /** What runs, for people. */
  readonly name: string;
  run(chunk: Chunk, hypers: Hypers): void;
}

/** How one group is stepped; see `Optimizer.plan`. */
export interface GroupPlan {
  readonly group: number;
  readonly parameters: number;
  /** What runs for each list. */
  readonly path: string;
  /** Into how many lists the parameters fell in the last step; 0 before the first. */
  readonly lists: number;
}

/** The path of these parts. */
export function choosePath(parts: Parts): Path {
  return new PartsPath(parts);
}

/** Updates the stats, then runs the steppers. */
class PartsPath implements Path {
  readonly name: string;
  /** Which stat keeps which key, as seen in first updates. */
  private readonly keepers = new Map<string, Stat>();

  private readonly runners: readonly Runner[];

  constructor(private readonly parts: Parts) {
    this.runners = parts.steppers.map(makeRunner);
    this.name = [...parts.stats, ...parts.steppers].map(nameOf).join(', ');
  }

  run(chunk: Chunk, hypers: Hypers): void {
    for (const stat of this.parts.stats) this.update(stat, chunk, hypers);
    chunk.fresh = false;
    for (const run of this.runners) run(chunk, hypers);
  }

  private update(stat: Stat, { p, state, fresh }: Chunk, hypers: Hypers): void {
    const before = fresh ? { ...state } : null;
    updateState(stat, p, state, hypers);
    if (before !== null) this.checkFirstUpdate(stat, before, state, hypers);
  }

  /** Keys that only `update` writes are not known when the optimizer is made, so they are checked here. */
  private checkFirstUpdate(stat: Stat, before: State, state: State, hypers: Hypers): void {
    for (const key of Object.keys(state)) {
      if (before[key] === state[key]) continue;
      const keeper = this.keepers.get(key);
      if (key in hypers) throw twoMeanings(key, 'a hyper-parameter', `${nameOf(stat)} as state`, 'rename one of them');
      if (keeper !== undefined && keeper !== stat)
        throw twoMeanings(key, `${nameOf(keeper)} as state`, `${nameOf(stat)} as state`, 'rename one of them');
      this.keepers.set(key, stat);
    }
  }
}

/** Calls a stepper, or one of its like, on a chunk. */
export type Runner = (chunk: Chunk, hypers: Hypers) => void;

/** Makes the call of a stepper with what the group and the stats hold under the names that it takes. */
export function makeRunner(stepper: Stepper): Runner {
  const known = stepper.reads ?? keysTaken(stepper, 1);
  const call = ({ p, state }: Chunk, hypers: Hypers): void => {
    const context = { ...hypers, ...state };
    stepper(p, (known === null ? guarded(context, nameOf(stepper)) : context) as never);
  };
  if (stepper.scoped !== true) return call;
  return (chunk, hypers) => {
    scope(() => {
      call(chunk, hypers);
    });
  };
}
