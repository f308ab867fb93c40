/** Evaluation weights: what a stepper offers in place of the weights that it steps, and the way there and back. */

import { TensorList, type Tensor } from '../tensor/index.js';
import type { ParameterState } from './chunks.js';
import type { EvalBuffers } from './evalBuffers.js';
import type { Hypers, Stepper } from './parts.js';

/** Swaps weights for those of the last stepper that offers some, and buffers for their averages. */
export class EvalWeights {
  readonly #offer: Stepper['evalWeights'];
  /** The weights that are stepped, while others are in their place. */
  #kept: Map<Tensor, Tensor> | null = null;

  constructor(
    steppers: readonly Stepper[],
    private readonly buffers: EvalBuffers,
  ) {
    this.#offer = steppers.findLast(({ evalWeights }) => evalWeights !== undefined)?.evalWeights;
  }

  /** Whether the evaluation weights are in place. */
  get areIn(): boolean {
    return this.#kept !== null;
  }

  /** Puts the evaluation weights into the parameters that were ever stepped; the others have none yet. */
  swapIn(states: ReadonlyMap<Tensor, ParameterState>, hypersOf: (tensor: Tensor) => Hypers): void {
    const offer = this.#offer;
    if (offer === undefined || this.#kept !== null) return;
    const kept = new Map<Tensor, Tensor>();
    for (const [tensor, state] of states) {
      const lists = Object.entries(state).map(([key, value]) => [
        key,
        typeof value === 'number' ? value : new TensorList([value]),
      ]);
      const context = { ...hypersOf(tensor), ...(Object.fromEntries(lists) as object) };
      const weights = offer(new TensorList([tensor]), context as never).at(0);
      kept.set(tensor, tensor.clone());
      tensor.copy_(weights);
    }
    for (const [buffer, average] of this.buffers.averages) {
      kept.set(buffer, buffer.clone());
      buffer.copy_(average);
    }
    this.#kept = kept;
  }

  /** Puts back what was there: the weights that are stepped, and the buffers. */
  swapBack(): void {
    for (const [tensor, weights] of this.#kept ?? []) tensor.copy_(weights);
    this.#kept = null;
  }
}
