/**
 * A TensorList is several tensors that are worked on as one: it has a Tensor's own words, each of which is one call for the whole list.
 *
 * The words run as LibTorch's `_foreach_` operators, which give the same bits as the operator on one tensor after the other.
 */

import { inspect } from 'node:util';

import { HandleArray, callOperator } from './call.js';
import { invalid } from './errors.js';
import { needFunction, needIterable } from '../runtime/checks.js';
import { native } from './native.js';
import { isTensor, type Tensor } from './tensor.js';
import { isOptions, needOptions, type DType, type Device } from './types.js';

/**
 * What a word takes beside the list: another list of the same length (element i meets element i, with broadcasting), one tensor of one
 * element or one number for all, or a number for each.
 */
export type Operand = TensorList | Tensor | number | readonly number[];

/** A factor for every element, or one factor for each tensor of the list. */
export type Factor = number | readonly number[];

/** The words of one tensor and no arguments. */
// prettier-ignore
const unaryWords = [
  'abs', 'acos', 'asin', 'atan', 'ceil', 'cos', 'cosh', 'erf', 'erfc', 'exp', 'expm1', 'floor', 'frac', 'log', 'log10', 'log1p', 'log2',
  'neg', 'reciprocal', 'round', 'rsqrt', 'sigmoid', 'sign', 'sin', 'sinh', 'sqrt', 'tan', 'tanh', 'trunc',
] as const;

type UnaryWord = (typeof unaryWords)[number];

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- the unary words are installed by the static block
export interface TensorList extends Readonly<Record<UnaryWord | `${UnaryWord}_`, () => TensorList>> {}

/** Tensors that are worked on together. All words keep the order; those that end in `_` change the tensors in place and return the list. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- see above
export class TensorList implements Iterable<Tensor> {
  readonly tensors: readonly Tensor[];
  #handles: HandleArray | undefined;
  #heldGrad: TensorList | undefined;

  static {
    for (const word of unaryWords) {
      Object.defineProperty(this.prototype, word, {
        value(this: TensorList): TensorList {
          return this.made(word);
        },
      });
      Object.defineProperty(this.prototype, `${word}_`, {
        value(this: TensorList): TensorList {
          return this.changed(`${word}_`);
        },
      });
    }
  }

  /**
   * @param tensors at least one tensor; words over two lists need equal lengths, and `stack` equal shapes
   * @throws ArgumentError for an empty list, or for what is no tensor
   */
  constructor(tensors: Iterable<Tensor>) {
    const list = [...needIterable('TensorList: tensors', tensors, 'tensors')];
    if (list.length === 0) throw invalid('tensors', 'at least one tensor', list);
    for (const [i, tensor] of list.entries()) if (!isTensor(tensor)) throw invalid(`tensors[${i}]`, 'a Tensor', tensor);
    this.tensors = list;
  }

  /** How many tensors there are. */
  get length(): number {
    return this.tensors.length;
  }

  [Symbol.iterator](): Iterator<Tensor> {
    return this.tensors[Symbol.iterator]();
  }

  /** Tensor `index`; negative counts from the end. */
  at(index: number): Tensor {
    const tensor = Number.isSafeInteger(index) ? this.tensors.at(index) : undefined;
    if (tensor === undefined)
      throw invalid('index', `a whole number from ${-this.length} to ${this.length - 1}`, index);
    return tensor;
  }

  /** A new list of what `fn` makes of each tensor: for the words that no `_foreach_` operator knows. */
  map(fn: (tensor: Tensor, index: number) => Tensor): TensorList {
    return new TensorList(this.tensors.map(needFunction('map: fn', fn, 'a function of a tensor')));
  }

  /** The first tensor's dtype; lists that an optimizer hands out have one dtype. */
  get dtype(): DType {
    return this.at(0).dtype;
  }

  /** The first tensor's device. */
  get device(): Device {
    return this.at(0).device;
  }

  /** Elements of all tensors together. */
  numel(): number {
    return this.tensors.reduce((sum, tensor) => sum + tensor.numel(), 0);
  }

  /**
   * The gradients as a list. Assigning a list gives each tensor a new gradient.
   *
   * @throws ArgumentError when a tensor has none
   */
  get grad(): TensorList {
    return this.#heldGrad ?? this.collectGrad();
  }

  set grad(gradients: TensorList) {
    needList('grad', gradients);
    this.sameLength('grad', gradients);
    this.tensors.forEach((tensor, i) => {
      tensor.grad = gradients.at(i);
    });
    if (this.#heldGrad !== undefined) this.#heldGrad = gradients;
  }

  /** @internal Answers `grad` with this list, without asking every tensor, until it is let go by `undefined`. */
  holdGrad(gradients: TensorList | undefined): void {
    this.#heldGrad = gradients;
  }

  /** @internal The tensors' gradients as they are now. */
  collectGrad(): TensorList {
    return new TensorList(
      this.tensors.map((tensor, i) => {
        const { grad } = tensor;
        if (grad === null) throw invalid(`tensors[${i}].grad`, 'a gradient', grad);
        return grad;
      }),
    );
  }

  /** this + alpha * other. */
  add(other: Operand, options: { alpha?: number } = {}): TensorList {
    return this.made('add', ...scaled('add', other, options));
  }

  add_(other: Operand, options: { alpha?: number } = {}): this {
    return this.changed('add_', ...scaled('add_', other, options));
  }

  /** this - alpha * other. */
  sub(other: Operand, options: { alpha?: number } = {}): TensorList {
    return this.made('add', ...scaled('sub', other, options, -1));
  }

  sub_(other: Operand, options: { alpha?: number } = {}): this {
    return this.changed('add_', ...scaled('sub_', other, options, -1));
  }

  mul(other: Operand): TensorList {
    return this.made('mul', other);
  }

  mul_(other: Operand): this {
    return this.changed('mul_', other);
  }

  div(other: Operand): TensorList {
    return this.made('div', other);
  }

  div_(other: Operand): this {
    return this.changed('div_', other);
  }

  pow(exponent: TensorList | Factor): TensorList {
    return this.made('pow', exponent);
  }

  pow_(exponent: TensorList | Factor): this {
    return this.changed('pow_', exponent);
  }

  /** The larger of each pair; NaN where one of them is. */
  maximum(other: TensorList | Factor): TensorList {
    return this.made('maximum', other);
  }

  /** The smaller of each pair; NaN where one of them is. */
  minimum(other: TensorList | Factor): TensorList {
    return this.made('minimum', other);
  }

  clampMin(min: TensorList | Factor): TensorList {
    return this.made('clamp_min', min);
  }

  clampMin_(min: TensorList | Factor): this {
    return this.changed('clamp_min_', min);
  }

  clampMax(max: TensorList | Factor): TensorList {
    return this.made('clamp_max', max);
  }

  clampMax_(max: TensorList | Factor): this {
    return this.changed('clamp_max_', max);
  }

  /** this + weight * (end - this). */
  lerp(end: TensorList, weight: TensorList | Factor): TensorList {
    return this.made('lerp', end, weight);
  }

  lerp_(end: TensorList, weight: TensorList | Factor): this {
    return this.changed('lerp_', end, weight);
  }

  /** this + value * tensor1 * tensor2. */
  addcmul(tensor1: TensorList, tensor2: TensorList, options: { value?: Factor } = {}): TensorList {
    return this.made('addcmul', tensor1, tensor2, factorOf('addcmul', options));
  }

  addcmul_(tensor1: TensorList, tensor2: TensorList, options: { value?: Factor } = {}): this {
    return this.changed('addcmul_', tensor1, tensor2, factorOf('addcmul_', options));
  }

  /** this + value * tensor1 / tensor2. */
  addcdiv(tensor1: TensorList, tensor2: TensorList, options: { value?: Factor } = {}): TensorList {
    return this.made('addcdiv', tensor1, tensor2, factorOf('addcdiv', options));
  }

  addcdiv_(tensor1: TensorList, tensor2: TensorList, options: { value?: Factor } = {}): this {
    return this.changed('addcdiv_', tensor1, tensor2, factorOf('addcdiv_', options));
  }

  zero_(): this {
    return this.changed('zero_');
  }

  clone(): TensorList {
    return this.map((tensor) => tensor.clone());
  }

  /** Writes the other list's values into these tensors, converted to their dtypes. */
  copy_(source: TensorList): this {
    needList('copy_: source', source);
    this.sameLength('copy_: source', source);
    callOperator('aten::_foreach_copy_', [this.handles, source.handles]);
    return this;
  }

  /** The p-norm of each tensor, as a list of scalar tensors. */
  norm(p = 2): TensorList {
    return this.made('norm', p);
  }

  /** The largest element of each tensor, as a list of scalar tensors. */
  max(): TensorList {
    return this.made('max');
  }

  /** The sum of each tensor, as a list of scalar tensors. No `_foreach_` operator does it, so it takes a call for each. */
  sum(): TensorList {
    return this.map((tensor) => callOperator('aten::sum', [tensor]) as Tensor);
  }

  /** The mean of each tensor, like {@link sum}. */
  mean(): TensorList {
    return this.map((tensor) => callOperator('aten::mean', [tensor]) as Tensor);
  }

  /** New tensors of zeros with the same shapes, dtypes, devices and memory formats. */
  zerosLike(): TensorList {
    return this.map((tensor) => callOperator('aten::zeros_like', [tensor]) as Tensor);
  }

  /** All tensors, which must have one shape, as one tensor with a new first axis; `new TensorList(x.unbind())` is the way back. */
  stack(): Tensor {
    return callOperator('aten::stack', [this.handles]) as Tensor;
  }

  /** Releases every tensor now instead of when it is collected. */
  dispose(): void {
    for (const tensor of this.tensors) tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  [inspect.custom](): string {
    const count = this.length === 1 ? '1 tensor' : `${this.length} tensors`;
    return `TensorList(${count}, ${this.numel()} elements, ${this.dtype}, ${this.device})`;
  }

  /**
   * @internal Whether each tensor is dense, without gaps, and has the shape, dtype, device and order of elements in memory of those in its place in the
   * other lists: what kernels rely on that walk through several tensors' memory side by side.
   */
  laidOutLike(...others: readonly TensorList[]): boolean {
    others.forEach((other, i) => {
      needList(`others[${i}]`, other);
    });
    return native.laidOutAlike(this.handles.handles, ...others.map(({ handles }) => handles.handles));
  }

  /** @internal The tensors as operators take them: `callOperator` reads it as `Tensor[]`. */
  get handles(): HandleArray {
    return (this.#handles ??= new HandleArray(this.tensors));
  }

  private made(word: string, ...operands: unknown[]): TensorList {
    return new TensorList(this.foreach(word, operands) as Tensor[]);
  }

  private changed(word: string, ...operands: unknown[]): this {
    this.foreach(word, operands);
    return this;
  }

  /** Calls the overload for the last operand's kind. A trailing options object goes with the call. */
  private foreach(word: string, operands: readonly unknown[]): unknown {
    const options = isOptions(operands.at(-1)) ? (operands.at(-1) as Record<string, unknown>) : undefined;
    const values = options === undefined ? operands : operands.slice(0, -1);
    for (const value of values) if (value instanceof TensorList || Array.isArray(value)) this.sameLength(word, value);
    const overload = values.length === 0 ? '' : `.${kindOf(values.at(-1))}`;
    const args = values.map((value) => (value instanceof TensorList ? value.handles : value));
    return callOperator(`aten::_foreach_${word}${overload}`, [this.handles, ...args], options);
  }

  private sameLength(argument: string, other: { readonly length: number }): void {
    if (other.length === this.length) return;
    throw invalid(argument, `${this.length} entries, as many as the list has tensors`, other.length);
  }
}

/** sign * alpha * other as an operand: in the operator for tensors, at once for numbers, whose overloads know no alpha. */
function scaled(word: string, other: Operand, options: { alpha?: number }, sign = 1): unknown[] {
  needOptions(word, options);
  const { alpha: given = 1 } = options;
  if (typeof given !== 'number') throw invalid(`${word}: alpha`, 'a number', given);
  const alpha = sign * given;
  if (alpha === 1) return [other];
  if (typeof other === 'number') return [other * alpha];
  if (isNumbers(other)) return [other.map((value) => value * alpha)];
  return [other, { alpha }];
}

function factorOf(word: string, options: { value?: Factor }): Factor {
  needOptions(word, options);
  return options.value ?? 1;
}

function needList(argument: string, value: unknown): void {
  if (!(value instanceof TensorList)) throw invalid(argument, 'a TensorList', value);
}

const isNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'number');

/** The overload that takes this kind of operand. */
function kindOf(operand: unknown): 'List' | 'Tensor' | 'Scalar' | 'ScalarList' {
  if (operand instanceof TensorList) return 'List';
  if (isTensor(operand)) return 'Tensor';
  if (typeof operand === 'number') return 'Scalar';
  if (isNumbers(operand)) return 'ScalarList';
  throw invalid('operand', 'a TensorList, a Tensor, a number, or a number for each tensor', operand);
}
