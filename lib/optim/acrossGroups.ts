/** `acrossGroups` makes a gradient stepper of one that must see the gradients of all groups at once. */

import { needFunction } from '../tensor/checks.js';
import type { TensorList } from '../tensor/index.js';
import type { Chunk } from './chunks.js';
import { nameOf, type Hypers, type Stepper } from './parts.js';
import type { DefaultsOf } from './perTensor.js';
import { makeRunner } from './plan.js';
import { guarded, keysTaken } from './reads.js';

/** A stepper that is called once a step, with all lists of parameters that have gradients: of several groups, dtypes and devices. */
export interface GroupsStepper<Context = never> {
  (lists: readonly TensorList[], context: Context): void;
  readonly defaults?: Readonly<Hypers>;
  readonly reads?: readonly string[];
  readonly borrowsGrad?: boolean;
}

/** What `acrossGroups` returns. */
export interface AcrossGroups<Context = never> extends Stepper<Context> {
  /** @internal */
  readonly across: GroupsStepper<Context>;
}

/**
 * Lets a gradient stepper see all gradients of a step at once: for what depends on the norm of them all.
 *
 * @param stepper takes hyper-parameters only, of which it sees the first stepped group's; no state, which belongs to single lists
 */
export function acrossGroups<Step extends GroupsStepper>(
  stepper: Step,
): AcrossGroups<Parameters<Step>[1]> & DefaultsOf<Step> {
  needFunction('acrossGroups: stepper', stepper, 'a stepper');
  const one = (p: TensorList, context: Parameters<Step>[1]): void => {
    stepper([p], context);
  };
  Object.defineProperty(one, 'name', { value: stepper.name });
  const reads = stepper.reads ?? keysTaken(stepper, 1);
  const made: unknown = Object.assign(one, {
    across: stepper,
    defaults: stepper.defaults ?? {},
    borrowsGrad: stepper.borrowsGrad ?? false,
    ...(reads !== null && { reads }),
  });
  return made as AcrossGroups<Parameters<Step>[1]> & DefaultsOf<Step>;
}

/** @internal Whether a stepper must be called once for all lists. */
export function isAcrossGroups(stepper: Stepper): stepper is AcrossGroups {
  return 'across' in stepper;
}

/** @internal Runs a gradient stepper on all that is stepped. */
export type GradRunner = (chunks: readonly Chunk[], hypersOf: (chunk: Chunk) => Hypers) => void;

/** @internal */
export function makeGradRunner(stepper: Stepper): GradRunner {
  if (isAcrossGroups(stepper))
    return (chunks, hypersOf) => {
      const [first] = chunks;
      if (first === undefined) return;
      const lists = chunks.map(({ p }) => p);
      stepper.across(lists, guarded({ ...hypersOf(first) }, nameOf(stepper)) as never);
    };
  const run = makeRunner(stepper);
  return (chunks, hypersOf) => {
    for (const chunk of chunks) run(chunk, hypersOf(chunk));
  };
}
