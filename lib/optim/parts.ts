/**
 * The parts of every optimizer: a stat remembers something about the gradients, a stepper changes the parameters.
 *
 * Both see a TensorList, so that one line of theirs is one call for many parameters. Both meet only through names: what a stat keeps under
 * `gradAvg`, and what the group holds under `lr`, a stepper takes from its second argument as `{ lr, gradAvg }`.
 */

import type { TensorList } from '../tensor/index.js';

/** The hyper-parameters of one parameter group by name, e.g. `{ lr: 0.1, wd: 0.01 }`. Schedules write to them between steps. */
export type Hypers = Record<string, number>;

/** What the stats remember about the parameters of one list: lists as long as it, and numbers that hold for all of it. */
export type State = Record<string, TensorList | number>;

/**
 * Changes the parameters `p` in place, or their gradients if it stands among the `gradSteppers`.
 *
 * It runs without recording. `p` holds whole parameters of one group that share dtype, device and every number of their state; a step calls it as often
 * as there are such lists, so it may not rely on seeing all parameters. `p.grad` are the gradients.
 *
 * @typeParam Context the hyper-parameters (numbers) and state (lists, numbers) that it takes from its second argument
 */
export interface Stepper<Context = never> {
  (p: TensorList, context: Context): void;
  /** Hyper-parameters with the values they have when nobody gives any. */
  readonly defaults?: Readonly<Hypers>;
  /** The keys that it takes. Needed only where the function does not take its context apart in its parameter list. */
  readonly reads?: readonly string[];
  /** It keeps no tensor that it makes, so the temporaries of a call may be released as soon as it returns; default false. */
  readonly scoped?: boolean;
  /**
   * It keeps none of the gradients that it is shown, so that a step may release those that nobody else has asked for; default false. The class of
   * a stat may say so too, as a static property of its own.
   */
  readonly borrowsGrad?: boolean;
  /**
   * The weights with which to evaluate in place of those that are stepped, e.g. their average; may be a list of the state. See `Optimizer.eval`.
   * Where several steppers offer some, the last one's are taken.
   */
  readonly evalWeights?: (p: TensorList, context: Context) => TensorList;
  /** Brings the averages of buffers up to date after a step; see the option `buffers` of an Optimizer. Takes no state. */
  readonly followBuffers?: (averages: TensorList, buffers: TensorList, context: Context) => void;
}

/**
 * Remembers something about each parameter from step to step. A plain object of this shape is as good as a subclass.
 *
 * All stats are updated before any stepper runs.
 */
export abstract class Stat<OwnState extends State = State> {
  /** Hyper-parameters with the values they have when nobody gives any. */
  readonly defaults: Readonly<Hypers> = {};

  /**
   * The state before the first step, under the names by which steppers ask for it. Called for new parameters when they first have a
   * gradient, and once for a stand-in when the optimizer is made.
   */
  abstract initState(p: TensorList): OwnState;

  /** Brings the state up to date with `p.grad`: changes its lists in place, writes its numbers, or returns a state that replaces it. */
  abstract update(p: TensorList, state: OwnState, hypers: Hypers): void;
}

/** Everything an optimizer is made of, in the order in which it runs. */
export interface Parts {
  readonly gradSteppers: readonly Stepper[];
  readonly stats: readonly Stat[];
  readonly steppers: readonly Stepper[];
}

/** What to call a part in a message: `stepper sgdStep`, `stat AverageGrad`. */
export function nameOf(part: Stepper | Stat): string {
  if (typeof part === 'function') return `stepper ${part.name || '(anonymous)'}`;
  const name: unknown = (part.constructor as { name?: unknown } | undefined)?.name;
  return `stat ${typeof name !== 'string' || name === 'Object' ? '(plain object)' : name}`;
}

/** Whether a part says that it keeps no gradient. A stat's class has to say so itself: what it extends may know nothing of what it does. */
export function borrowsGrad(part: Stepper | Stat): boolean {
  const says = (typeof part === 'function' ? part : part.constructor) as { borrowsGrad?: unknown };
  return Object.hasOwn(says, 'borrowsGrad') && says.borrowsGrad === true;
}
