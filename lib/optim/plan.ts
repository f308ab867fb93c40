/**
 * The path on which a group is stepped: a kernel of LibTorch that does all that its parts say at once, or the parts one after the other.
 *
 * Every path leaves the same parameters and the same state, within rounding.
 */

import { scope } from '../tensor/scope.js';
import type { Chunk } from './chunks.js';
import { findKernel, type Kernel } from './fused.js';
import { twoMeanings, updateState } from './keys.js';
import { nameOf, type Hypers, type Parts, type Stat, type State, type Stepper } from './parts.js';
import { guarded, keysTaken } from './reads.js';

/** Steps the parameters of a chunk once. */
export interface Path {
  /** What runs unless a chunk forbids it, for people. */
  readonly name: string;
  /** Whether `run` will do what the gradient steppers say for this chunk, so that they must not. */
  absorbsGradSteppers(chunk: Chunk, hypers: Hypers): boolean;
  /**
   * @param chunk its gradients are final, unless they are absorbed; learns which path it took
   * @param absorbed what `absorbsGradSteppers` has answered
   */
  run(chunk: Chunk, hypers: Hypers, absorbed: boolean): void;
}

/** How one group is stepped; see `Optimizer.plan`. */
export interface GroupPlan {
  readonly group: number;
  readonly parameters: number;
  /**
   * What has run for its lists in the last step, and before the first what is going to: the parts by name, or a kernel of LibTorch that equals
   * them. Where lists went different ways, all of those.
   */
  readonly path: string;
  /** Into how many lists the parameters fell in the last step; 0 before the first. */
  readonly lists: number;
}

/** The path of these parts. */
export function choosePath(parts: Parts): Path {
  const path = new PartsPath(parts);
  const kernel = findKernel(parts);
  return kernel === null ? path : new KernelPath(kernel, path, parts.gradSteppers);
}

/** What `Optimizer.plan` says of a group that is stepped in these chunks. */
export function describePath(path: Path, chunks: readonly Chunk[]): string {
  const taken = new Set(chunks.map((chunk) => chunk.path ?? path.name));
  return taken.size === 0 ? path.name : [...taken].join('; ');
}

/** Runs a kernel where it can, and else the parts that it equals. */
class KernelPath implements Path {
  readonly name: string;

  constructor(
    private readonly kernel: Kernel,
    private readonly parts: Path,
    gradSteppers: readonly Stepper[],
  ) {
    this.name = [...(kernel.absorbsGradSteppers ? [] : gradSteppers.map(nameOf)), kernel.name].join(', ');
  }

  absorbsGradSteppers(chunk: Chunk, hypers: Hypers): boolean {
    return this.kernel.absorbsGradSteppers && this.fits(chunk, hypers);
  }

  run(chunk: Chunk, hypers: Hypers, absorbed: boolean): void {
    // Gradient steppers that have run may have brought the gradients into another order, so what was decided before them holds.
    if (!(this.kernel.absorbsGradSteppers ? absorbed : this.fits(chunk, hypers))) {
      this.parts.run(chunk, hypers, absorbed);
      return;
    }
    chunk.fresh = false;
    chunk.path = this.name;
    this.kernel.run(chunk, hypers);
  }

  private fits({ p, state }: Chunk, hypers: Hypers): boolean {
    return (
      this.kernel.runsOn(p.device) &&
      this.kernel.dtypes.has(p.dtype) &&
      this.kernel.agrees(hypers) &&
      p.laidOutLike(p.grad, ...this.kernel.lists(state))
    );
  }
}

/** Updates the stats, then runs the steppers. */
class PartsPath implements Path {
  readonly name: string;
  /** Which stat keeps which key, as seen in first updates. */
  private readonly keepers = new Map<string, Stat>();

  private readonly runners: readonly Runner[];

  constructor(private readonly parts: Parts) {
    this.runners = parts.steppers.map(makeRunner);
    this.name = [...parts.gradSteppers, ...parts.stats, ...parts.steppers].map(nameOf).join(', ');
  }

  absorbsGradSteppers(): boolean {
    return false;
  }

  run(chunk: Chunk, hypers: Hypers): void {
    chunk.path = this.name;
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
