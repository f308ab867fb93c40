/** The Tensor: a small handle on a tensor of LibTorch, freed by the garbage collector, `dispose`, `using` or `scope`, whichever comes first. */

import { inspect } from 'node:util';

import { backward, type BackwardOptions } from './autograd.js';
import { toTensorOptions, type ToOptions } from './convert.js';
import { TenchError, invalid } from './errors.js';
import type { TensorMethods } from './generated/methods.js';
import { getIndices, setIndices } from './indexing.js';
import { native, type Handle } from './native.js';
import { formatTensor } from './printing.js';
import { inScope, leaveToScope, setScopeHooks } from './scope.js';
import { registerHook, type RemovableHook, type TensorHook } from './tensorHooks.js';
import { noteMade } from './trace.js';
import { callOperator } from './call.js';
import {
  encodings,
  isPackedFloat,
  needOptions,
  type DType,
  type Device,
  type Index,
  type Layout,
  type MemoryFormat,
  type NestedArray,
  type Scalar,
  type TypedArray,
} from './types.js';

let handleOfTensor: (tensor: Tensor) => Handle;
let fillTensor: (tensor: Tensor, handle: Handle) => Tensor;
let isTensorObject: (value: unknown) => value is Tensor;
let forgetShapeOf: (tensor: Tensor) => void;
let handleIfAlive: (tensor: Tensor) => Handle;

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- the generated operators are installed on the prototype
export interface Tensor extends TensorMethods {}

/**
 * A multi-dimensional array of LibTorch. Made by `tensor`, `zeros`, ... and by operators; never by `new`.
 *
 * Every operator of the curated surface is a method by its name in camelCase, with positional arguments in schema order and
 * keyword arguments in a trailing options object; names that end in `_` change the tensor in place.
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- see above
export class Tensor {
  #handle: Handle;
  #shape: readonly number[] | undefined;
  #dtype: DType | undefined;
  #device: Device | undefined;
  #grad: Tensor | null = null;

  static {
    handleOfTensor = (tensor) => {
      if (tensor.#handle === 0) throw disposed();
      return tensor.#handle;
    };
    fillTensor = (tensor, handle) => {
      tensor.#handle = handle;
      if (inScope()) leaveToScope(handle);
      noteMade(handle);
      return tensor;
    };
    isTensorObject = (value): value is Tensor => typeof value === 'object' && value !== null && #handle in value;
    forgetShapeOf = (tensor) => {
      tensor.#shape = undefined;
    };
    handleIfAlive = (tensor) => (tensor.isAlive ? tensor.#handle : 0);
  }

  /** @internal A handle of the addon's table; 0 makes an empty shell that is filled later. */
  constructor(handle: Handle) {
    if (typeof handle !== 'number')
      throw invalid('new Tensor', 'a handle of the addon (use `tensor(data)` to make a tensor)', handle);
    this.#handle = 0;
    if (handle !== 0) {
      if (!inScope()) native.track(this, handle);
      fillTensor(this, handle);
    }
  }

  /** Sizes of the axes, from outermost to innermost; `[]` for a scalar tensor. */
  get shape(): number[] {
    this.#shape ??= native.shape(handleOfTensor(this));
    return this.#shape.slice();
  }

  /** Element type. */
  get dtype(): DType {
    return (this.#dtype ??= native.dtype(handleOfTensor(this)) as DType);
  }

  /** Where the tensor lives, e.g. `'cpu'` or `'cuda:0'`. */
  get device(): Device {
    return (this.#device ??= native.device(handleOfTensor(this)));
  }

  /** How the elements are stored; `'strided'` for dense tensors. */
  get layout(): Layout {
    return native.layout(handleOfTensor(this), this);
  }

  /** Number of axes. */
  get ndim(): number {
    return (this.#shape ??= native.shape(handleOfTensor(this))).length;
  }

  /** Number of elements. */
  numel(): number {
    return (this.#shape ??= native.shape(handleOfTensor(this))).reduce((product, size) => product * size, 1);
  }

  /** The size of one axis (negative counts from the end), or the whole shape. */
  size(): number[];
  size(axis: number): number;
  size(axis?: number): number | number[] {
    const shape = this.shape;
    if (axis === undefined) return shape;
    const size = Number.isInteger(axis) ? shape.at(axis) : undefined;
    if (size === undefined)
      throw invalid('size: axis', `a whole number from ${-shape.length} to ${shape.length - 1}`, axis);
    return size;
  }

  /** Distance in elements between neighbours, by axis. */
  stride(): number[] {
    return native.strides(handleOfTensor(this), this);
  }

  /** Offset of the first element in the storage, in elements. */
  storageOffset(): number {
    return native.storageOffset(handleOfTensor(this), this);
  }

  /** Whether the elements lie in memory in the order of the given format; default row-major. */
  isContiguous(options: { memoryFormat?: MemoryFormat } = {}): boolean {
    needOptions('isContiguous', options);
    return native.isContiguous(handleOfTensor(this), options.memoryFormat ?? 'contiguous_format', this);
  }

  /** Whether operations on this tensor are recorded. Settable on leaf tensors only. */
  get requiresGrad(): boolean {
    return native.requiresGrad(handleOfTensor(this), this);
  }

  set requiresGrad(flag: boolean) {
    if (typeof flag !== 'boolean') throw invalid('requiresGrad', 'a boolean', flag);
    native.setRequiresGrad(handleOfTensor(this), flag, this);
  }

  /** Sets `requiresGrad` and returns the tensor. */
  requiresGrad_(flag = true): this {
    this.requiresGrad = flag;
    return this;
  }

  /** Whether the tensor is not the result of a recorded operation; only leaves collect `grad`. */
  get isLeaf(): boolean {
    return native.isLeaf(handleOfTensor(this), this);
  }

  /** The name of the recorded operation that made this tensor, or null. */
  get gradFn(): string | null {
    return native.gradFunction(handleOfTensor(this), this);
  }

  /** The gradient that `backward` collected, or null. The same object until it is replaced. */
  get grad(): Tensor | null {
    const known = this.#grad !== null && this.#grad.#handle !== 0 ? this.#grad.#handle : 0;
    const handle = native.grad(handleOfTensor(this), known);
    if (handle === 0) return (this.#grad = null);
    if (handle > 0) this.#grad = new Tensor(handle);
    return this.#grad;
  }

  set grad(gradient: Tensor | null) {
    if (gradient !== null && !isTensorObject(gradient)) throw invalid('grad', 'a Tensor or null', gradient);
    native.setGrad(handleOfTensor(this), gradient === null ? 0 : handleOfTensor(gradient));
    this.#grad = gradient;
  }

  /** Keeps the gradient of this non-leaf tensor in `grad` at the next `backward`. */
  retainGrad(): void {
    native.retainGrad(handleOfTensor(this), this);
  }

  /**
   * Computes the gradients of this tensor with respect to the leaves it was made from, and adds them to their `grad`.
   *
   * @param gradient weight of each element of this tensor; may be left out for a tensor of one element
   * @throws OperatorError when nothing was recorded, or the graph was already freed
   */
  backward(gradient: Tensor | null = null, options: BackwardOptions = {}): void {
    backward(this, gradient, options);
  }

  /** Calls `hook` with this tensor's gradient when it has been computed; a tensor that it returns replaces the gradient. */
  registerHook(hook: TensorHook): RemovableHook {
    return registerHook(this, hook);
  }

  /** Counts in-place changes; autograd compares it to find a value that was changed after it was saved. */
  get version(): number {
    return native.version(handleOfTensor(this), this);
  }

  /** Makes this tensor share `source`'s data, keeping its identity, its hooks and its place in modules and optimizers. */
  setData(source: Tensor): void {
    if (!isTensorObject(source)) throw invalid('setData: source', 'a Tensor', source);
    const metaOrNot = (tensor: Tensor): boolean => tensor.device === 'meta';
    if (metaOrNot(this) === metaOrNot(source)) native.setData(handleOfTensor(this), handleOfTensor(source));
    else this.#replace(source);
    this.#shape = this.#dtype = this.#device = undefined;
  }

  /** LibTorch itself swaps data only between tensors that have some; to and from `meta` this object gets another tensor, with no hooks. */
  #replace(source: Tensor): void {
    const requiresGrad = this.requiresGrad;
    const fresh = native.share(handleOfTensor(source.detach()));
    native.track(this, fresh);
    native.release(this.#handle);
    this.#handle = fresh;
    this.#grad = null;
    if (requiresGrad) native.setRequiresGrad(fresh, true, this);
  }

  /**
   * The tensor on another device, in another dtype or memory format; itself when nothing changes.
   *
   * @param target a dtype, a device, a tensor to be like, or options
   */
  to(target: DType | Device | Tensor | ToOptions, options: ToOptions = {}): Tensor {
    return callOperator('aten::to.dtype_layout', [this], { ...toTensorOptions(target, options) }) as Tensor;
  }

  /** The element at an index, a part by ranges, or a gather by masks and index tensors; see `Index`. Shares memory where PyTorch does. */
  get(...indices: Index[]): Tensor {
    return getIndices(this, indices);
  }

  /** Writes into the part that {@link get} would return. */
  set(indices: Index | readonly Index[], value: Tensor | Scalar): this {
    setIndices(this, indices, value);
    return this;
  }

  /** The only element as a JavaScript value: a number (a BigInt beyond 2^53), a boolean, or `{ re, im }`. */
  item(): number {
    return native.item(handleOfTensor(this), this) as number;
  }

  /** A copy of the elements in row-major order, in the encoding of the dtype. */
  toTypedArray(): TypedArray {
    const encoding = encodings[this.dtype] as (typeof encodings)[DType] | undefined;
    if (encoding === undefined)
      throw new TenchError(`toTypedArray: dtype ${this.dtype} has no typed array; convert with \`to\` first`);
    return new encoding.array(native.data(handleOfTensor(this), this));
  }

  /** The elements as nested arrays of JavaScript values; a bare value for a scalar tensor. */
  toList(): NestedArray {
    const shape = this.shape;
    const plain = isPackedFloat(this.dtype)
      ? this.to('float32')
      : this.dtype === 'complex32'
        ? this.to('complex64')
        : this;
    const flat = plain.toTypedArray();
    const read = elementReader(plain.dtype, flat);
    let next = 0;
    const build = (axis: number): NestedArray => {
      if (axis === shape.length) return read(next++);
      return Array.from({ length: shape[axis] ?? 0 }, () => build(axis + 1));
    };
    return build(0);
  }

  /** Whether `dispose` has not been called, by hand or by a scope. */
  get isAlive(): boolean {
    return this.#handle !== 0 && native.isAlive(this.#handle);
  }

  /** Releases the tensor now instead of when it is collected. Using it afterwards is an error; a second call does nothing. */
  dispose(): void {
    if (this.#handle === 0) return;
    native.release(this.#handle);
    this.#handle = 0;
    this.#grad = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    return formatTensor(this);
  }

  [inspect.custom](): string {
    if (!isTensor(this)) return 'Tensor (not made by this copy of tench)';
    return this.isAlive ? formatTensor(this) : 'Tensor (disposed)';
  }
}

/** Reads element i of a tensor's data as a JavaScript value. */
export function elementReader(dtype: DType, flat: TypedArray): (index: number) => Scalar {
  if (dtype === 'bool') return (index) => flat[index] !== 0;
  if (encodings[dtype].lanes === 2)
    return (index) => ({ re: Number(flat[2 * index]), im: Number(flat[2 * index + 1]) });
  if (dtype === 'int64' || dtype === 'uint64') {
    return (index) => {
      const value = flat[index] as bigint;
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
    };
  }
  return (index) => flat[index] as number;
}

function disposed(): TenchError {
  return new TenchError(
    'this tensor was disposed, by `dispose`, `using` or the end of a scope; return it from the scope or keep a clone',
    {
      code: 'ERR_TENCH_DISPOSED',
    },
  );
}

/** Whether a value is a tensor made by this copy of tench. */
export function isTensor(value: unknown): value is Tensor {
  return isTensorObject(value);
}

/** The handle of a live tensor. @throws TenchError when it was disposed */
export function handleOf(tensor: Tensor): Handle {
  return handleOfTensor(tensor);
}

/** Like {@link handleOf}, for a value from outside that may be anything. */
export function handleOfArgument(argument: string, value: unknown): Handle {
  if (!isTensorObject(value)) throw invalid(argument, 'a Tensor', value);
  return handleOfTensor(value);
}

/** An object to be filled with the result of a native call, which ties it to the collector; null inside a scope, which needs no tie. */
export function createShell(): Tensor | null {
  return inScope() ? null : new Tensor(0);
}

/** Turns the shell of a native call, or a new object, into the tensor of a handle. */
export function fill(shell: Tensor | null, handle: Handle): Tensor {
  return fillTensor(shell ?? new Tensor(0), handle);
}

/** A new JavaScript tensor for a handle that the addon has just made. */
export function adopt(handle: Handle): Tensor {
  return new Tensor(handle);
}

/** Forgets the cached shape, after an operator that may have changed it in place. */
export function forgetShape(tensor: Tensor): void {
  forgetShapeOf(tensor);
}

setScopeHooks({
  isTensor,
  handleOf: handleIfAlive,
  track: (tensor) => {
    native.track(tensor, handleOf(tensor));
  },
});
