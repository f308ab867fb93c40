/** A running average of the weights, beside any optimizer, with which to validate and to go on. */

import type { Module } from '../nn/index.js';
import { needFlag, needFunction, needInRange, needOptions } from '../tensor/checks.js';
import { noGrad, TensorList, type Tensor } from '../tensor/index.js';
import { Callback } from './callback.js';
import type { Saved } from './learnerState.js';

/** Options of {@link EmaCallback}. */
export interface EmaOptions {
  /** Share of the average that is kept at each step; default 0.999. */
  readonly decay?: number;
  /** Keeps less at first, (1 + step) / (10 + step), so that the first weights are soon forgotten; default true. */
  readonly warmUp?: boolean;
}

/**
 * Averages the weights, and buffers such as batch norm's, after every step (Polyak, Juditsky 1992): `average = decay * average + (1 - decay) * weight`.
 * Validation sees the average, training goes on with the weights; `learn.evalWeights(fn)` puts it in for anything else, `apply()` for good.
 *
 * For an average inside the optimizer, which its state keeps, see `emaOpt`. Order 70.
 */
export class EmaCallback extends Callback {
  override order = 70;
  override readonly inSearch = false;

  readonly decay: number;
  readonly warmUp: boolean;
  /** Steps that the average has seen, over all fits. */
  steps = 0;
  private averages = new Map<string, Tensor>();
  private areIn = false;

  constructor(options: EmaOptions = {}) {
    super();
    needOptions('EmaCallback', options);
    const { decay = 0.999, warmUp = true } = options;
    this.decay = needInRange('decay', decay, { least: 0, most: 1 });
    this.warmUp = needFlag('warmUp', warmUp);
  }

  override beginFit(): void {
    noGrad(() => {
      for (const [name, tensor] of averaged(this.learn.model))
        if (!this.averages.has(name)) this.averages.set(name, tensor.detach().clone());
    });
  }

  override afterStep(): void {
    this.steps += 1;
    const decay = this.warmUp ? Math.min(this.decay, (1 + this.steps) / (10 + this.steps)) : this.decay;
    noGrad(() => {
      const pairs = averaged(this.learn.model).map(([name, tensor]) => [this.averages.get(name)!, tensor] as const);
      const [averages, weights] = [pairs.map(([average]) => average), pairs.map(([, tensor]) => tensor.detach())];
      new TensorList(averages).lerp_(new TensorList(weights), 1 - decay);
    });
  }

  override stateDict(): Saved {
    return { steps: this.steps, averages: Object.fromEntries(this.averages) };
  }

  override loadStateDict(state: Saved): void {
    const { steps, averages } = state as { steps: number; averages: Record<string, Tensor> };
    this.steps = steps;
    noGrad(() => {
      for (const [name, average] of this.averages) if (averages[name] !== undefined) average.copy_(averages[name]);
    });
  }

  override evalWeights<T>(fn: () => T): T {
    needFunction('evalWeights: fn', fn);
    if (this.areIn || this.averages.size === 0) return fn();
    const kept = averaged(this.learn.model).map(([, tensor]) => [tensor, tensor.detach().clone()] as const);
    this.apply();
    this.areIn = true;
    const putBack = (): void => {
      this.areIn = false;
      noGrad(() => {
        for (const [tensor, weights] of kept) tensor.copy_(weights);
      });
    };
    let result: T;
    try {
      result = fn();
    } catch (error) {
      putBack();
      throw error;
    }
    if (result instanceof Promise) return result.finally(putBack) as T;
    putBack();
    return result;
  }

  /** Makes the average the model's weights, e.g. before it is saved or exported. */
  apply(): void {
    noGrad(() => {
      for (const [name, tensor] of averaged(this.learn.model)) {
        const average = this.averages.get(name);
        if (average !== undefined) tensor.copy_(average);
      }
    });
  }
}

/** Parameters and floating-point buffers by name; counters are no averages. */
function averaged(model: Module): (readonly [string, Tensor])[] {
  return [...model.namedParameters(), ...model.namedBuffers().filter(([, buffer]) => buffer.isFloatingPoint())];
}
