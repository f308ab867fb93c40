/** Tensors of small values, the same after every {@link restart}. */

import { tensor, type Tensor } from '../../../lib/tensor/index.js';

let drawn = 0;

/** Begins the row of values anew. */
export function restart(): void {
  drawn = 0;
}

/** The fractional parts of the golden ratio's multiples: spread evenly, and no two alike. */
function next(): number {
  drawn += 1;
  return (drawn * 0.6180339887498949) % 1;
}

const many = <T>(shape: readonly number[], value: () => T): T[] =>
  Array.from({ length: shape.reduce((product, size) => product * size, 1) }, value);

/** float32 between 0.1 and 0.9: inside the domain of every function. */
export function floats(...shape: number[]): Tensor {
  return tensor(Float32Array.from(many(shape, () => 0.1 + 0.8 * next())), { shape });
}

/** int64 from 0 to 2. */
export function integers(...shape: number[]): Tensor {
  return tensor(BigInt64Array.from(many(shape, () => BigInt(Math.floor(3 * next())))), { shape });
}

/** Booleans, some of both. */
export function booleans(...shape: number[]): Tensor {
  return tensor(Uint8Array.from(many(shape, () => (next() < 0.5 ? 1 : 0))), { shape, dtype: 'bool' });
}

/** The int64 indices that are given. */
export function indices(...values: number[]): Tensor {
  return tensor(values, { dtype: 'int64' });
}

/** A symmetric, positive definite matrix. */
export function definite(size: number): Tensor {
  const x = floats(size, size);
  return x.matmul(x.t()).add(floats(size).add(1).diag());
}
