/**
 * A TensorList is several tensors that are worked on as one: it has a Tensor's own words, each of which is one call for the whole list.
 *
 * The words run as LibTorch's `_foreach_` operators, which give the same bits as the operator on one tensor after the other.
 */

import { inspect } from 'node:util';

import { HandleArray, callOperator } from './call.js';
import { invalid } from './errors.js';
import { isTensor, type Tensor } from './tensor.js';
import type { DType, Device } from './types.js';

/**
 * What a word takes beside the list: another list of the same length (element i meets element i, with broadcasting), one tensor of one
 * element or one number for all, or a number for each.
 */
export type Operand = TensorList | Tensor | number | readonly number[];

/** A factor for every element, or one factor for each tensor of the list. */
export type Factor = number | readonly number[];

/** The words of one tensor and no arguments. */
const unaryWords = [
  ...([
    'abs',
    'acos',
    'asin',
    'atan',
    'ceil',
    'cos',
    'cosh',
    'erf',
    'erfc',
    'exp',
    'expm1',
    'floor',
    'frac',
    'log',
    'log10',
    'log1p',
  ] as const),
  ...([
    'log2',
    'neg',
    'reciprocal',
    'round',
    'rsqrt',
    'sigmoid',
    'sign',
    'sin',
    'sinh',
    'sqrt',
    'tan',
    'tanh',
    'trunc',
  ] as const),
];

type UnaryWord = (typeof unaryWords)[number];

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- the unary words are installed on the prototype below
export interface TensorList extends Readonly<Record<UnaryWord | `${UnaryWord}_`, () => TensorList>> {}

/** Tensors that are worked on together. All words keep the order; those that end in `_` change the tensors in place and return the list. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- see above
export class TensorList implements Iterable<Tensor> {
  readonly tensors: readonly Tensor[];
  #handles: HandleArray | undefined;
  #heldGrad: TensorList | undefined;

  /**
   * @param tensors at least one tensor; words over two lists need equal lengths, and `stack` equal shapes
   * @throws ArgumentError for an empty list, or for what is no tensor
   */
  constructor(tensors: Iterable<Tensor>) {
    const list = [...tensors];
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
    const tensor = this.tensors.at(index);
    if (tensor === undefined)
      throw invalid('index', `a whole number from ${-this.length} to ${this.length - 1}`, index);
    return tensor;
  }

  /** A new list of what `fn` makes of each tensor: for the words that no `_foreach_` operator knows. */
  map(fn: (tensor: Tensor, index: number) => Tensor): TensorList {
    return new TensorList(this.tensors.map(fn));
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
    return this.binary('add', other, options.alpha);
  }

  add_(other: Operand, options: { alpha?: number } = {}): this {
    return this.binaryInPlace('add', other, options.alpha);
  }

  /** this - alpha * other. */
  sub(other: Operand, options: { alpha?: number } = {}): TensorList {
    return this.binary('sub', other, options.alpha);
  }

  sub_(other: Operand, options: { alpha?: number } = {}): this {
    return this.binaryInPlace('sub', other, options.alpha);
  }

  mul(other: Operand): TensorList {
    return this.binary('mul', other);
  }

  mul_(other: Operand): this {
    return this.binaryInPlace('mul', other);
  }

  div(other: Operand): TensorList {
    return this.binary('div', other);
  }

  div_(other: Operand): this {
    return this.binaryInPlace('div', other);
  }

  pow(exponent: TensorList | Factor): TensorList {
    return this.binary('pow', exponent);
  }

  pow_(exponent: TensorList | Factor): this {
    return this.binaryInPlace('pow', exponent);
  }

  /** The larger of each pair; NaN where one of them is. */
  maximum(other: TensorList | Factor): TensorList {
    return this.binary('maximum', other);
  }

  /** The smaller of each pair; NaN where one of them is. */
  minimum(other: TensorList | Factor): TensorList {
    return this.binary('minimum', other);
  }

  clampMin(min: TensorList | Factor): TensorList {
    return this.binary('clamp_min', min);
  }

  clampMin_(min: TensorList | Factor): this {
    return this.binaryInPlace('clamp_min', min);
  }

  clampMax(max: TensorList | Factor): TensorList {
    return this.binary('clamp_max', max);
  }

  clampMax_(max: TensorList | Factor): this {
    return this.binaryInPlace('clamp_max', max);
  }

  /** this + weight * (end - this). */
  lerp(end: TensorList, weight: TensorList | Factor): TensorList {
    return this.made(callOperator(`aten::_foreach_lerp.${kindOf(weight)}`, this.interpolation(end, weight)));
  }

  lerp_(end: TensorList, weight: TensorList | Factor): this {
    callOperator(`aten::_foreach_lerp_.${kindOf(weight)}`, this.interpolation(end, weight));
    return this;
  }

  /** this + value * tensor1 * tensor2. */
  addcmul(tensor1: TensorList, tensor2: TensorList, options: { value?: Factor } = {}): TensorList {
    return this.made(this.ternary('aten::_foreach_addcmul', tensor1, tensor2, options.value));
  }

  addcmul_(tensor1: TensorList, tensor2: TensorList, options: { value?: Factor } = {}): this {
    this.ternary('aten::_foreach_addcmul_', tensor1, tensor2, options.value);
    return this;
  }

  /** this + value * tensor1 / tensor2. */
  addcdiv(tensor1: TensorList, tensor2: TensorList, options: { value?: Factor } = {}): TensorList {
    return this.made(this.ternary('aten::_foreach_addcdiv', tensor1, tensor2, options.value));
  }

  addcdiv_(tensor1: TensorList, tensor2: TensorList, options: { value?: Factor } = {}): this {
    this.ternary('aten::_foreach_addcdiv_', tensor1, tensor2, options.value);
    return this;
  }

  zero_(): this {
    callOperator('aten::_foreach_zero_', [this.handles]);
    return this;
  }

  clone(): TensorList {
    return this.made(callOperator('aten::_foreach_clone', [this.handles]));
  }

  /** Writes the other list's values into these tensors, converted to their dtypes. */
  copy_(source: TensorList): this {
    this.sameLength('copy_: source', source);
    callOperator('aten::_foreach_copy_', [this.handles, source.handles]);
    return this;
  }

  /** The p-norm of each tensor, as a list of scalar tensors. */
  norm(p = 2): TensorList {
    return this.made(callOperator('aten::_foreach_norm.Scalar', [this.handles, p]));
  }

  /** The largest element of each tensor, as a list of scalar tensors. */
  max(): TensorList {
    return this.made(callOperator('aten::_foreach_max', [this.handles]));
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

  /** @internal The tensors as operators take them: `callOperator` reads it as `Tensor[]`. */
  get handles(): HandleArray {
    return (this.#handles ??= new HandleArray(this.tensors));
  }

  private made(result: unknown): TensorList {
    return new TensorList(result as Tensor[]);
  }

  private binary(name: string, other: Operand, alpha = 1): TensorList {
    return this.made(this.withOperand(`aten::_foreach_${name}`, other, alpha));
  }

  private binaryInPlace(name: string, other: Operand, alpha = 1): this {
    this.withOperand(`aten::_foreach_${name}_`, other, alpha);
    return this;
  }

  private withOperand(name: string, other: Operand, alpha: number): unknown {
    const kind = kindOf(other);
    if (kind === 'Scalar' || kind === 'ScalarList') {
      const scaled =
        alpha === 1
          ? other
          : Array.isArray(other)
            ? (other as number[]).map((value) => value * alpha)
            : (other as number) * alpha;
      if (Array.isArray(scaled)) this.sameLength(name, scaled);
      return callOperator(`${name}.${kind}`, [this.handles, scaled]);
    }
    if (kind === 'Tensor' && name.startsWith('aten::_foreach_sub'))
      return this.withOperand(name.replace('sub', 'add'), other, -alpha); // has no such overload
    return callOperator(
      `${name}.${kind}`,
      [this.handles, this.handlesOf(name, other)],
      alpha === 1 ? undefined : { alpha },
    );
  }

  private ternary(name: string, tensor1: TensorList, tensor2: TensorList, value: Factor = 1): unknown {
    if (typeof value !== 'number') this.sameLength(`${name}: value`, value);
    const kind = typeof value === 'number' ? 'Scalar' : 'ScalarList';
    return callOperator(`${name}.${kind}`, [
      this.handles,
      this.handlesOf(name, tensor1),
      this.handlesOf(name, tensor2),
      value,
    ]);
  }

  private interpolation(end: TensorList, weight: TensorList | Factor): unknown[] {
    if (typeof weight !== 'number') this.sameLength('lerp: weight', weight);
    return [this.handles, this.handlesOf('lerp: end', end), weight instanceof TensorList ? weight.handles : weight];
  }

  private handlesOf(argument: string, other: unknown): unknown {
    if (!(other instanceof TensorList)) return other;
    this.sameLength(argument, other);
    return other.handles;
  }

  private sameLength(argument: string, other: { readonly length: number }): void {
    if (other.length !== this.length)
      throw invalid(argument, `${this.length} entries, as many as the list has tensors`, other.length);
  }
}

for (const word of unaryWords) {
  Object.defineProperty(TensorList.prototype, word, {
    value(this: TensorList): TensorList {
      return new TensorList(callOperator(`aten::_foreach_${word}`, [this.handles]) as Tensor[]);
    },
  });
  Object.defineProperty(TensorList.prototype, `${word}_`, {
    value(this: TensorList): TensorList {
      callOperator(`aten::_foreach_${word}_`, [this.handles]);
      return this;
    },
  });
}

/** The overload that takes this kind of operand. */
function kindOf(operand: unknown): 'List' | 'Tensor' | 'Scalar' | 'ScalarList' {
  if (operand instanceof TensorList) return 'List';
  if (isTensor(operand)) return 'Tensor';
  if (typeof operand === 'number') return 'Scalar';
  if (Array.isArray(operand) && operand.every((value) => typeof value === 'number')) return 'ScalarList';
  throw invalid('operand', 'a TensorList, a Tensor, a number, or a number for each tensor', operand);
}
