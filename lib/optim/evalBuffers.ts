/** Evaluation buffers: averages of what layers measure, as batch normalisation does, beside the averages of the weights. */

import { needArray, needIterable, needTensor } from '../tensor/checks.js';
import { invalid, isTensor, TensorList, type Tensor } from '../tensor/index.js';
import { nameOf, type Hypers, type Stepper } from './parts.js';

/** Averages buffers as the last stepper that averages any says. */
export class EvalBuffers {
  readonly #follow: Stepper['followBuffers'];
  readonly #buffers: readonly Tensor[];
  /** None before the first step. */
  #averages: readonly Tensor[] | null = null;

  /** @param given what came as the option `buffers` */
  constructor(steppers: readonly Stepper[], given: unknown) {
    const all = given === undefined ? [] : [...needIterable('buffers', given as Iterable<Tensor>, 'tensors')];
    all.forEach((buffer, i) => needTensor(`buffers[${i}]`, buffer));
    this.#buffers = [...new Set(all)].filter((buffer) => buffer.isFloatingPoint());
    this.#follow = steppers.findLast(({ followBuffers }) => followBuffers !== undefined)?.followBuffers;
    if (given !== undefined && this.#follow === undefined)
      throw invalid('steppers', 'one that averages buffers, as emaStep, beside the option buffers', names(steppers));
  }

  /** Each buffer with its average. */
  get averages(): [buffer: Tensor, average: Tensor][] {
    return (this.#averages ?? []).map((average, i) => [this.#buffers[i]!, average]);
  }

  /** Takes in what the layers have measured up to this step. */
  follow(hypers: Hypers): void {
    if (this.#buffers.length === 0) return;
    if (this.#averages === null) this.#averages = this.#buffers.map((buffer) => buffer.detach().clone());
    else this.#follow!(new TensorList(this.#averages), new TensorList(this.#buffers), hypers as never);
  }

  /** For `stateDict`: nothing where there are none. */
  state(): { buffers?: readonly Tensor[] } {
    return this.#averages === null ? {} : { buffers: this.#averages };
  }

  /** Copies of saved averages, once it is known that they fit. */
  read(saved: readonly Tensor[] | undefined): readonly Tensor[] | null {
    if (saved === undefined) return null;
    const list = needArray('dict.buffers', saved, 'an array of averages');
    const fits = this.#buffers.every(({ shape }, i) => isTensor(list[i]) && String(list[i].shape) === String(shape));
    if (!fits || list.length !== this.#buffers.length)
      throw invalid('dict.buffers', `averages of ${this.#buffers.length} buffers, in their shapes`, saved);
    return this.#buffers.map((buffer, i) => buffer.detach().clone().copy_(list[i]!));
  }

  /** Forgets the averages and goes on from these. */
  restore(averages: readonly Tensor[] | null): void {
    this.#averages = averages;
  }
}

function names(steppers: readonly Stepper[]): string {
  return steppers.map(nameOf).join(', ');
}
