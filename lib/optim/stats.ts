/** Stats: what optimizers remember about the gradients from step to step, from the simplest to the one with the most choices. */

import { needFlag, needInstance, needOneOf, needOptions, needText } from '../tensor/checks.js';
import { TensorList, zerosLike } from '../tensor/index.js';
import { Stat } from './parts.js';

/** Counts the steps of each parameter; those in which it had no gradient do not count. State: `step`, 1 in the first step. */
export class StepCount extends Stat<{ step: number }> {
  static readonly borrowsGrad = true;
  initState(): { step: number } {
    return { step: 0 };
  }

  update(_p: TensorList, state: { step: number }): void {
    state.step += 1;
  }
}

/**
 * Keeps a list for steppers to write: zeros, or the weights as they are before the first step. State: under the name it is given.
 *
 * @example new Keep('slowWeights', 'weights')
 */
export class Keep<Name extends string> extends Stat<Record<Name, TensorList>> {
  static readonly borrowsGrad = true;

  /**
   * @param key the name of the list
   * @param first what is in it at first; default `'zeros'`
   */
  constructor(
    readonly key: Name,
    readonly first: 'zeros' | 'weights' = 'zeros',
  ) {
    super();
    needText('Keep: key', key);
    needOneOf('Keep: first', first, ['zeros', 'weights']);
  }

  initState(p: TensorList): Record<Name, TensorList> {
    needInstance('Keep: p', p, TensorList);
    return { [this.key]: this.first === 'zeros' ? p.zerosLike() : p.clone() } as Record<Name, TensorList>;
  }

  update(): void {
    // Steppers write it.
  }
}

/** Settings of a running average. */
export interface AverageOptions {
  /** Whether a new gradient counts 1 - mom (a mean) or 1 (a sum that is about 1 / (1 - mom) times larger). */
  dampening?: boolean;
  /**
   * Whether the averages of parameters in half precision are kept in float32: with a momentum near 1 what a step adds is less than half precision can
   * tell. Costs the fused kernels. Default false: the parameters' dtype, as in PyTorch.
   */
  float32?: boolean;
}

/** Zeros for an average. */
function zerosFor(p: TensorList, float32: boolean): TensorList {
  const isHalf = p.dtype === 'bfloat16' || p.dtype === 'float16';
  return float32 && isHalf ? p.map((tensor) => zerosLike(tensor, { dtype: 'float32' })) : p.zerosLike();
}

/**
 * The running average of the gradients: `gradAvg = mom * gradAvg + momDamp * grad`.
 *
 * State: `gradAvg`, and `momDamp`, which is 1 - mom with dampening and else 1. Hyper-parameter: `mom`, default 0.9.
 * Without dampening (the default) this is classic momentum (Polyak 1964).
 */
export class AverageGrad extends Stat<{ gradAvg: TensorList; momDamp: number }> {
  static readonly borrowsGrad = true;
  override readonly defaults = { mom: 0.9 };
  readonly dampening: boolean;
  readonly float32: boolean;

  constructor(options: AverageOptions = {}) {
    super();
    needOptions('AverageGrad', options);
    this.dampening = needFlag('AverageGrad: dampening', options.dampening ?? false);
    this.float32 = needFlag('AverageGrad: float32', options.float32 ?? false);
  }

  initState(p: TensorList): { gradAvg: TensorList; momDamp: number } {
    return { gradAvg: zerosFor(needInstance('AverageGrad: p', p, TensorList), this.float32), momDamp: 1 };
  }

  update(p: TensorList, state: { gradAvg: TensorList; momDamp: number }, { mom }: { mom: number }): void {
    state.momDamp = this.dampening ? 1 - mom : 1;
    state.gradAvg.mul_(mom).add_(p.grad, { alpha: state.momDamp });
  }
}

/**
 * The running average of the squared gradients: `sqrAvg = sqrMom * sqrAvg + sqrDamp * grad ** 2`.
 *
 * State: `sqrAvg`, and `sqrDamp`, which is 1 - sqrMom with dampening and else 1. Hyper-parameter: `sqrMom`, default 0.99.
 * With dampening (the default) the state is PyTorch's `exp_avg_sq`; without, it is 1 / (1 - sqrMom) times larger and Adam's steps are the
 * same, because `debiasTerm` takes the factor out again.
 */
export class AverageSqrGrad extends Stat<{ sqrAvg: TensorList; sqrDamp: number }> {
  static readonly borrowsGrad = true;
  override readonly defaults = { sqrMom: 0.99 };
  readonly dampening: boolean;
  readonly float32: boolean;

  constructor(options: AverageOptions = {}) {
    super();
    needOptions('AverageSqrGrad', options);
    this.dampening = needFlag('AverageSqrGrad: dampening', options.dampening ?? true);
    this.float32 = needFlag('AverageSqrGrad: float32', options.float32 ?? false);
  }

  initState(p: TensorList): { sqrAvg: TensorList; sqrDamp: number } {
    return { sqrAvg: zerosFor(needInstance('AverageSqrGrad: p', p, TensorList), this.float32), sqrDamp: 1 };
  }

  update(p: TensorList, state: { sqrAvg: TensorList; sqrDamp: number }, { sqrMom }: { sqrMom: number }): void {
    const { grad } = p;
    state.sqrDamp = this.dampening ? 1 - sqrMom : 1;
    state.sqrAvg.mul_(sqrMom).addcmul_(grad, grad, { value: state.sqrDamp });
  }
}
