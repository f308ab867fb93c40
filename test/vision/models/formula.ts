/** Weights by a formula instead of a file, as scripts/goldens/models.py makes them, too. */

import type { Module } from '../../../lib/nn/index.js';
import { tensor, type Tensor } from '../../../lib/tensor/index.js';

/** `count` numbers from 0 to 1, the same in every language: whole numbers throughout, and one division. */
export function noise(count: number, seed: number): Float64Array {
  const values = new Float64Array(count);
  for (let k = 0; k < count; k += 1) values[k] = ((k * 48271 + (k % 97) * (k % 89) * 31 + seed * 7919) % 65537) / 65537;
  return values;
}

/** Values by the rank of a tensor in the state; weights keep the size of signals, and everything else matters. */
export function fill(model: Module): void {
  let rank = -1;
  for (const [name, value] of model.stateDict()) {
    rank += 1;
    if (name.endsWith('num_batches_tracked')) continue;
    const count = value.numel();
    const made = noise(count, rank).map(ruleFor(name, value.shape));
    value.copy_(tensor(made, { shape: value.shape }));
  }
}

function ruleFor(name: string, shape: readonly number[]): (r: number) => number {
  const count = shape.reduce((product, size) => product * size, 1);
  if (shape.length > 1) {
    const scale = Math.sqrt(6 / (count / shape[0]!));
    return (r) => (2 * r - 1) * scale;
  }
  if (name.endsWith('gamma')) return (r) => r * 0.001;
  if (/weight_[uv]$/.test(name)) return () => 1 / Math.sqrt(count);
  if (/(running_var|weight)$/.test(name)) return (r) => r + 0.5;
  return (r) => r - 0.5;
}

/** Pictures [2, cIn, 40, 48] of numbers from -1 to 1, in double precision. */
export function pictures(cIn: number): Tensor {
  const shape = [2, cIn, 40, 48];
  return tensor(
    noise(2 * cIn * 40 * 48, 1).map((r) => 2 * r - 1),
    { shape },
  );
}

/** Every n-th number, of all places and channels in turn. */
export function sample(x: Tensor, count = 240): number[] {
  const step = Math.max(1, Math.floor(x.numel() / count));
  return Array.from(x.contiguous().toTypedArray(), Number).filter((_, i) => i % step === 0);
}
