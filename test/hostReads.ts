/** Counts how often the host asks the device for a value, for which a device that works by itself must be waited for. */

import { native } from '../lib/tensor/native.js';

/** What was seen. */
export interface HostReads {
  /** Reads by `item`, `toList` and `toTypedArray`. */
  readonly reads: readonly string[];
  /** Operators whose result, or its size, the host must wait for. */
  readonly waiting: readonly string[];
  /** All operators. */
  readonly operators: readonly string[];
}

const mustWait = /^aten::(_local_scalar_dense|item|is_nonzero|equal|nonzero|masked_select|unique.*|index\.Tensor)$/;
const names = ['item', 'data'] as const;

/** Watches this thread while `fn` runs, or until the promise that it returns is settled. */
export async function hostReads(fn: () => unknown): Promise<HostReads> {
  const reads: string[] = [];
  const kept = names.map((name) => [name, native[name]] as const);
  for (const [name, read] of kept)
    native[name] = ((...args: [never, never]) => {
      reads.push(name);
      return read(...args);
    }) as never;
  native.startWitness();
  try {
    await fn();
    const operators = native.stopWitness();
    return { reads, waiting: operators.filter((name) => mustWait.test(name)), operators };
  } finally {
    native.stopWitness();
    for (const [name, read] of kept) native[name] = read as never;
  }
}
