/** Functions with their own backward, written in TypeScript. */

import { ArgumentError, TenchError, invalid } from './errors.js';
import { noGrad } from './modes.js';
import { native } from './native.js';
import { outsideScope } from './scope.js';
import { adopt, forgetShape, handleOf, isTensor, type Tensor } from './tensor.js';
import { needOptions } from './types.js';

/** What a forward returns: one tensor or several. */
export type FunctionOutput = Tensor | readonly Tensor[];

/**
 * What a backward returns: an entry for each argument of the forward, null for those that need or have no gradient; a lone tensor stands
 * for the gradient of the only tensor among the arguments.
 */
export type FunctionGradients = Tensor | null | readonly (Tensor | null)[];

/** What a backward must know of one tensor argument. */
interface Argument {
  readonly position: number;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly device: string;
}

/**
 * A differentiable function whose derivative is given by hand: extend it with a `forward` and a `backward`, and call it by `apply`.
 *
 * Each call is an object of its own: what `forward` keeps in fields, `backward` finds there. Tensors are kept by `saveForBackward`, which
 * frees them with the graph and notices when they are changed in place; a tensor in a field is never noticed, and an output in a field
 * is never freed. `forward` is not recorded. With `createGraph`, `backward` is, so that it can be differentiated in its turn.
 *
 * @typeParam Saved the tensors that `backward` needs, by name
 * @example
 * class Exp extends AutogradFunction<{ y: Tensor }> {
 *   forward(x: Tensor): Tensor {
 *     const y = x.exp();
 *     this.saveForBackward({ y });
 *     return y;
 *   }
 *   backward(gradient: Tensor): Tensor {
 *     return gradient.mul(this.saved.y);
 *   }
 * }
 * const y = Exp.apply(x);
 */
export abstract class AutogradFunction<
  Saved extends Readonly<Record<keyof Saved, Tensor | null>> = Readonly<Record<string, never>>,
> {
  /** Whether `backward` gets zeros, instead of null, as the gradient of an output that nothing depends on. Set it in `forward`; default true. */
  protected materializeGradients = true;

  #saved: Saved | null = null;
  #toSave: Saved | null = null;
  #dirty: readonly Tensor[] = [];
  #constant: readonly Tensor[] = [];
  #needsGradient: readonly boolean[] = [];

  /** Computes the result. Tensors inside arrays or objects take no part in differentiation; pass them as arguments of their own. */
  abstract forward(...args: unknown[]): FunctionOutput;

  /** Computes the gradients of the arguments from those of the outputs. */
  abstract backward(...gradients: (Tensor | null)[]): FunctionGradients;

  /** Which arguments need a gradient, in their order: what needs none need not be computed. */
  get needsGradient(): readonly boolean[] {
    return this.#needsGradient;
  }

  /** Inside `backward`: the saved tensors. With `createGraph` they lead on to where they came from. */
  protected get saved(): Saved {
    if (this.#saved === null) throw misuse(this, '`saved` is there inside `backward` only');
    return this.#saved;
  }

  /**
   * Inside `forward`: keeps arguments, results or other tensors for `backward`; a second call replaces what the first kept. Only arguments and
   * results can be differentiated through in their turn.
   */
  protected saveForBackward(tensors: Saved): void {
    needOptions(`${nameOf(this)}.saveForBackward`, tensors);
    for (const [name, tensor] of Object.entries(tensors))
      if (tensor !== null && !isTensor(tensor))
        throw invalid(`${nameOf(this)}.saveForBackward: ${name}`, 'a Tensor or null', tensor);
    this.#toSave = tensors;
  }

  /** Inside `forward`: says which arguments it has changed in place. They must be among what it returns. */
  protected markDirty(...tensors: Tensor[]): void {
    this.#dirty = checked(`${nameOf(this)}.markDirty`, tensors);
  }

  /** Inside `forward`: says which outputs have no gradient, e.g. indices. Outputs of integer dtypes have none anyway. */
  protected markNonDifferentiable(...tensors: Tensor[]): void {
    this.#constant = checked(`${nameOf(this)}.markNonDifferentiable`, tensors);
  }

  /** Calls the function: runs `forward`, and records it when some argument requires grad. */
  static apply<Args extends unknown[], Output extends FunctionOutput>(
    this: new () => { forward(...args: Args): Output },
    ...args: Args
  ): Output {
    const call: unknown = new this();
    if (!(call instanceof AutogradFunction) || typeof (call as Partial<AutogradFunction>).forward !== 'function')
      throw invalid('apply', 'a class that extends AutogradFunction and has a forward', this);
    return call.#call(args) as Output;
  }

  #call(args: readonly unknown[]): FunctionOutput {
    this.#needsGradient = args.map((arg) => isTensor(arg) && arg.requiresGrad);
    const recorded = native.gradEnabled() && this.#needsGradient.includes(true);
    const inputs = args.filter(isTensor);
    const known = recorded ? args.flatMap(describeArgument) : [];
    const result: unknown = noGrad(() => this.forward(...args));
    const outputs = isTensor(result) ? [result] : result;
    if (!Array.isArray(outputs) || outputs.length === 0)
      throw invalid(`the value returned by ${nameOf(this)}.forward`, 'a Tensor or an array of at least one', result);
    checked(`the values returned by ${nameOf(this)}.forward`, outputs);
    for (const tensor of this.#dirty) {
      if (!inputs.includes(tensor) || !outputs.includes(tensor))
        throw misuse(this, '`markDirty` takes arguments of `forward` that it also returns');
      forgetShape(tensor);
    }
    const tensors = recorded ? this.#record(inputs, outputs as Tensor[], known, args.length) : (outputs as Tensor[]);
    this.#toSave = null;
    this.#dirty = this.#constant = [];
    return isTensor(result) ? tensors[0]! : tensors;
  }

  #record(inputs: Tensor[], outputs: Tensor[], known: readonly Argument[], count: number): Tensor[] {
    const saved = Object.entries<Tensor | null>(this.#toSave ?? {});
    const handles = (list: readonly (Tensor | null)[]): Float64Array =>
      Float64Array.from(list, (tensor) => (tensor === null ? 0 : handleOf(tensor)));
    const names = saved.map(([name]) => name);
    const made = native.recordFunction(
      nameOf(this),
      [
        handles(inputs),
        handles(outputs),
        handles(this.#dirty),
        handles(this.#constant),
        handles(saved.map(([, tensor]) => tensor)),
      ],
      names,
      this.materializeGradients,
      // A scope that is open where backward is called must not free what this backward keeps.
      (gradients, kept, wanted) => outsideScope(() => this.#backward(gradients, { names, kept }, wanted, known, count)),
      [inputs, outputs, saved],
    );
    return outputs.map((output, i) => (made[i] === 0 ? output : adopt(made[i]!)));
  }

  #backward(
    gradients: readonly number[],
    saved: { names: readonly string[]; kept: readonly number[] },
    wanted: readonly number[],
    known: readonly Argument[],
    count: number,
  ): Float64Array {
    const tensorOrNull = (handle: number): Tensor | null => (handle === 0 ? null : adopt(handle));
    this.#saved = Object.fromEntries(saved.names.map((name, i) => [name, tensorOrNull(saved.kept[i]!)])) as Saved;
    const needs = new Array<boolean>(count).fill(false);
    known.forEach(({ position }, i) => (needs[position] = wanted[i] === 1));
    this.#needsGradient = needs;
    try {
      const result: unknown = this.backward(...gradients.map(tensorOrNull));
      const list = this.#byArgument(result, known, count);
      return Float64Array.from(known, (argument) => this.#checkGradient(list[argument.position], argument));
    } finally {
      this.#saved = null;
    }
  }

  /** What backward returned, as a list with an entry for each argument. */
  #byArgument(result: unknown, known: readonly Argument[], count: number): readonly unknown[] {
    const place = `the value returned by ${nameOf(this)}.backward`;
    if (isTensor(result) || result === null) {
      if (known.length !== 1)
        throw invalid(place, `an array of ${count}, a gradient or null for each argument of forward,`, result);
      const list = new Array<unknown>(count).fill(null);
      list[known[0]!.position] = result;
      return list;
    }
    if (!Array.isArray(result) || result.length !== count)
      throw invalid(place, `an array of ${count}, a gradient or null for each argument of forward,`, result);
    const positions = new Set(known.map(({ position }) => position));
    for (const [i, gradient] of (result as unknown[]).entries())
      if (gradient !== null && gradient !== undefined && !positions.has(i))
        throw invalid(this.#gradientName(i), 'null, because the argument is no tensor,', gradient);
    return result;
  }

  #checkGradient(gradient: unknown, { position, shape, dtype, device }: Argument): number {
    if (gradient === null || gradient === undefined) return 0;
    const name = this.#gradientName(position);
    if (!isTensor(gradient)) throw invalid(name, 'a Tensor or null', gradient);
    const fits =
      gradient.dtype === dtype &&
      gradient.device === device &&
      gradient.ndim === shape.length &&
      gradient.shape.every((size, axis) => size === shape[axis]);
    if (fits) return handleOf(gradient);
    const text = (of: { dtype: string; shape: readonly number[]; device: string }): string =>
      `${of.dtype} of shape [${of.shape.join(', ')}] on ${of.device}`;
    throw new ArgumentError(
      `expected ${text({ dtype, shape, device })} for \`${name}\` but received ${text(gradient)}`,
    );
  }

  #gradientName(position: number): string {
    return `${nameOf(this)}.backward: the gradient of argument ${position}`;
  }
}

function nameOf(call: object): string {
  const { name } = call.constructor;
  return name === '' ? 'AutogradFunction' : name;
}

function misuse(call: object, message: string): TenchError {
  return new TenchError(`${nameOf(call)}: ${message}`, { code: 'ERR_TENCH_AUTOGRAD' });
}

function checked(place: string, tensors: readonly unknown[]): readonly Tensor[] {
  tensors.forEach((tensor, i) => {
    if (!isTensor(tensor)) throw invalid(`${place}: ${i}`, 'a Tensor', tensor);
  });
  return tensors as readonly Tensor[];
}

function describeArgument(value: unknown, position: number): Argument[] {
  if (!isTensor(value)) return [];
  return [{ position, shape: value.shape, dtype: value.dtype, device: value.device }];
}
