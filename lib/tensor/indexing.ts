/** Indexing with numbers, ranges, null, ellipsis, masks and index tensors, as PyTorch's `x[...]`, read and assigned. */

import { callOperator } from './call.js';
import { invalid } from './errors.js';
import { isTensor, type Tensor } from './tensor.js';
import { tensor } from './create.js';
import { Slice, type Index, type Scalar } from './types.js';

/** The value of `x[indices]`: a view for numbers, ranges and null, a copy as soon as a mask or an index tensor takes part. */
export function getIndices(x: Tensor, indices: readonly Index[]): Tensor {
  const { view, gathered } = resolve(x, indices);
  if (gathered === null) return view === x ? (callOperator('aten::alias', [x]) as Tensor) : view;
  return callOperator('aten::index.Tensor', [view, gathered]) as Tensor;
}

/** `x[indices] = value`, broadcasting the value. */
export function setIndices(x: Tensor, indices: Index | readonly Index[], value: Tensor | Scalar): void {
  const { view, gathered } = resolve(x, isIndexList(indices) ? indices : [indices]);
  const source = isTensor(value) ? value : tensor(value, { dtype: x.dtype, device: x.device });
  if (gathered === null) callOperator('aten::copy_', [view, source]);
  else callOperator('aten::index_put_', [view, gathered, source.to({ dtype: x.dtype, device: x.device })]);
}

/** A list of numbers only is ambiguous in `set`: it is read as one index for each axis, as PyTorch reads a tuple. */
function isIndexList(indices: Index | readonly Index[]): indices is readonly Index[] {
  return Array.isArray(indices);
}

interface Resolved {
  view: Tensor;
  /** For `index.Tensor`: an index tensor or null for each axis of the view; null when there is none at all. */
  gathered: (Tensor | null)[] | null;
}

function consumedAxes(index: Index): number {
  if (index === null || index === '...' || typeof index === 'boolean') return 0;
  if (isTensor(index) && (index.dtype === 'bool' || index.dtype === 'uint8')) return index.ndim;
  return 1;
}

function resolve(x: Tensor, given: readonly Index[]): Resolved {
  const ellipses = given.filter((index) => index === '...').length;
  if (ellipses > 1) throw invalid('index', "at most one '...'", [...given]);
  const consumed = given.reduce<number>((sum, index) => sum + consumedAxes(index), 0);
  const ndim = x.ndim;
  if (consumed > ndim)
    throw invalid(
      'index',
      `indices for at most ${ndim} axes of shape [${x.shape.join(', ')}]`,
      `indices for ${consumed}`,
    );

  let view = x;
  let axis = 0;
  const gathered: (Tensor | null)[] = [];
  const skip = (count: number): void => {
    for (let i = 0; i < count; i += 1) gathered.push(null);
    axis += count;
  };
  const gather = (index: Tensor, axes: number): void => {
    gathered.push(index);
    axis += axes;
  };
  for (const index of given) {
    if (index === '...') skip(ndim - consumed);
    else if (index === null) {
      view = callOperator('aten::unsqueeze', [view, axis]) as Tensor;
      skip(1);
    } else if (typeof index === 'boolean') {
      view = callOperator('aten::unsqueeze', [view, axis]) as Tensor;
      gather(tensor([index], { device: x.device }), 1);
    } else if (typeof index === 'number') {
      view = selectElement(view, axis, index);
    } else if (index instanceof Slice) {
      view = selectRange(view, axis, index);
      skip(1);
    } else if (isTensor(index)) {
      gather(checkIndexTensor(index), Math.max(1, consumedAxes(index)));
    } else if (Array.isArray(index)) {
      if (!index.every((value) => Number.isSafeInteger(value)))
        throw invalid('index', 'an array of whole numbers', index);
      gather(tensor(index as number[], { dtype: 'int64', shape: [index.length], device: x.device }), 1);
    } else {
      throw invalid(
        'index',
        "a number, slice(start, end, step), null, '...', a boolean, an array of whole numbers or a Tensor",
        index,
      );
    }
  }
  return { view, gathered: gathered.some((index) => index !== null) ? gathered : null };
}

function selectElement(view: Tensor, axis: number, index: number): Tensor {
  const size = view.size(axis);
  if (!Number.isInteger(index) || index < -size || index >= size) {
    throw invalid(
      'index',
      size === 0
        ? `no index at all, since axis ${axis} is empty`
        : `a whole number from ${-size} to ${size - 1} on axis ${axis}`,
      index,
    );
  }
  return callOperator('aten::select.int', [view, axis, index]) as Tensor;
}

function selectRange(view: Tensor, axis: number, range: Slice): Tensor {
  const { start, end, step } = range;
  for (const bound of [start, end]) {
    if (bound !== null && !Number.isSafeInteger(bound)) throw invalid('slice', 'whole numbers or null', bound);
  }
  if (!Number.isSafeInteger(step) || step < 1)
    throw invalid('slice: step', 'a whole number of at least 1 (use `flip` to turn an axis round)', step);
  return callOperator('aten::slice.Tensor', [view, axis, start, end, step]) as Tensor;
}

function checkIndexTensor(index: Tensor): Tensor {
  const dtype = index.dtype;
  if (dtype.startsWith('float') || dtype === 'bfloat16' || dtype.startsWith('complex')) {
    throw invalid('index', "a Tensor of an integer dtype or bool (convert with `to('int64')`)", `a Tensor of ${dtype}`);
  }
  return index;
}
