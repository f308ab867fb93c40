/** Says how two results of an operator differ: in form, in strides, in what was recorded, or in any bit. */

import { isTensor, type Tensor } from '../../../lib/tensor/index.js';

/** How alike elements must be: to the bit, up to rounding, or not at all where nothing was written to them. */
export type Values = 'same' | 'close' | 'any';

/** The first difference in words, or null. */
export function difference(found: unknown, wanted: unknown, options: { values: Values }): string | null {
  if (Array.isArray(found) && Array.isArray(wanted)) {
    if (found.length !== wanted.length) return `${found.length} results, not ${wanted.length}`;
    return found.map((value, i) => difference(value, wanted[i], options)).find((text) => text !== null) ?? null;
  }
  if (isTensor(found) && isTensor(wanted)) return tensorDifference(found, wanted, options);
  return Object.is(found, wanted) ? null : `${String(found)}, not ${String(wanted)}`;
}

function tensorDifference(found: Tensor, wanted: Tensor, { values }: { values: Values }): string | null {
  const [a, b] = [describe(found), describe(wanted)];
  if (a !== b) return `${a}, not ${b}`;
  if (values === 'any' || (values === 'close' && found.isclose(wanted).all().item())) return null;
  const [x, y] = [found, wanted].map((one) =>
    Buffer.from((one.layout === 'strided' ? one : one.toDense()).toTypedArray().buffer),
  );
  return x !== undefined && y !== undefined && x.equals(y)
    ? null
    : `other values: ${String(found)}, not ${String(wanted)}`;
}

const describe = (x: Tensor): string =>
  [
    x.dtype,
    x.device,
    x.layout,
    `[${String(x.shape)}]`,
    x.layout === 'strided' ? `strides ${String(x.stride())}` : '',
    x.requiresGrad,
    x.gradFn,
  ].join(' ');
