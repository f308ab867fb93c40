/** Holds the gradients that backward computes against those that small steps measure. */

import { grad } from './autograd.js';
import { callOperator } from './call.js';
import { tensor } from './create.js';
import { TenchError, invalid } from './errors.js';
import { randn } from './generated/functions.js';
import { enableGrad, noGrad } from './modes.js';
import { isTensor, type Tensor } from './tensor.js';
import { needOptions, type Scalar } from './types.js';

/** Options of {@link gradCheck}. */
export interface GradCheckOptions {
  /** Size of the steps; default 1e-6. */
  eps?: number;
  /** Absolute difference that is allowed; default 1e-5. */
  atol?: number;
  /** Difference that is allowed relative to the measured value; default 1e-3. */
  rtol?: number;
}

type Checked = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/**
 * Checks the gradients of `fn` at `inputs`: each element of each output against each element of each input that requires grad.
 *
 * Inputs may be complex (float64 or complex128: less has too few digits), and need not be contiguous, but no two elements may share
 * memory. `fn` must be smooth near the inputs and compute the same each time. It costs a call for each element of the inputs, twice, and a
 * backward for each element of the outputs, twice.
 *
 * @returns true
 * @throws TenchError (`ERR_TENCH_GRAD_CHECK`) that names output, input and both values, at the first pair that differs
 */
export function gradCheck(fn: Checked, inputs: Tensor | readonly Tensor[], options: GradCheckOptions = {}): true {
  needOptions('gradCheck', options);
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3 } = options;
  for (const [name, value] of Object.entries({ eps, atol, rtol }))
    if (typeof value !== 'number' || !(value >= 0))
      throw invalid(`gradCheck: ${name}`, 'a number of at least 0', value);
  const all = toInputs('gradCheck', fn, inputs);
  const wanted = all.flatMap((input, index) => (input.requiresGrad ? [index] : []));
  const leaves = all.filter((input) => input.requiresGrad);
  const call = (): Tensor[] => toOutputs(fn(...all));
  // Before the outputs: the steps change the inputs in place, and backward would notice.
  const measured = leaves.map((leaf) => measure(call, leaf, eps));
  const outputs = enableGrad(call);
  outputs.forEach((output, o) => {
    if (!output.requiresGrad) return;
    const weights = unitWeights(output);
    weights.forEach((weight, row) => {
      const computed = gradients(output, leaves, weight);
      const again = gradients(output, leaves, weight);
      wanted.forEach((input, w) => {
        computed[w]!.forEach((value, column) => {
          const place = `output ${o}, element ${row}, and input ${input}, element ${column}`;
          if (!Object.is(value, again[w]![column]) && value !== again[w]![column])
            throw failed(`backward gives ${value} the first time and ${again[w]![column]} the second for ${place}`);
          const expected = measured[w]![column]![o]![row]!;
          if (Math.abs(value - expected) <= atol + rtol * Math.abs(expected)) return;
          throw failed(`backward gives ${value} where steps of ${eps} measure ${expected}, for ${place}`);
        });
      });
    });
  });
  return true;
}

/**
 * Like {@link gradCheck}, for the gradients of gradients: checks the backward of the backward of `fn`.
 *
 * @param options.gradOutputs weights of the outputs' elements, as for `grad`; default random
 */
export function gradGradCheck(
  fn: Checked,
  inputs: Tensor | readonly Tensor[],
  options: GradCheckOptions & { gradOutputs?: readonly Tensor[] } = {},
): true {
  const all = toInputs('gradGradCheck', fn, inputs);
  const { gradOutputs, ...rest } = options;
  const differentiable = (outputs: Tensor[]): Tensor[] => outputs.filter((output) => output.requiresGrad);
  const weights =
    gradOutputs ??
    differentiable(enableGrad(() => toOutputs(fn(...all)))).map((output) =>
      randn(output.shape, { dtype: output.dtype, device: output.device }).requiresGrad_(),
    );
  const derivative = (...given: Tensor[]): Tensor[] =>
    enableGrad(() => {
      const own = given.slice(0, all.length);
      const outputs = differentiable(toOutputs(fn(...own)));
      const leaves = own.filter((input) => input.requiresGrad);
      const gradOutputs = given.slice(all.length);
      return grad(outputs, leaves, { gradOutputs, createGraph: true, allowUnused: true }).filter((g) => g !== null);
    });
  return gradCheck(derivative, [...all, ...weights], rest);
}

function failed(message: string): TenchError {
  return new TenchError(`gradCheck: ${message}`, { code: 'ERR_TENCH_GRAD_CHECK' });
}

function toInputs(name: string, fn: unknown, inputs: Tensor | readonly Tensor[]): readonly Tensor[] {
  if (typeof fn !== 'function') throw invalid(`${name}: fn`, 'a function', fn);
  const all = isTensor(inputs) ? [inputs] : inputs;
  if (!Array.isArray(all)) throw invalid(`${name}: inputs`, 'a Tensor or a list of them', inputs);
  all.forEach((input: unknown, index) => {
    if (!isTensor(input)) throw invalid(`${name}: inputs[${index}]`, 'a Tensor', input);
    if (input.requiresGrad && input.dtype !== 'float64' && input.dtype !== 'complex128')
      throw invalid(`${name}: inputs[${index}]`, 'float64 or complex128 where grad is required', input.dtype);
  });
  if (!all.some((input: Tensor) => input.requiresGrad))
    throw invalid(`${name}: inputs`, 'at least one tensor that requires grad', inputs);
  return all as readonly Tensor[];
}

function toOutputs(result: unknown): Tensor[] {
  const outputs = isTensor(result) ? [result] : result;
  if (!Array.isArray(outputs) || !outputs.every(isTensor))
    throw invalid('the value returned by the checked function', 'a Tensor or a list of them', result);
  return outputs;
}

const isComplex = (x: Tensor): boolean => x.dtype === 'complex128' || x.dtype === 'complex64';

/** The elements as real numbers, in row-major order; a complex one counts as two. */
function realElements(x: Tensor): number[] {
  const values = x.detach();
  const real = isComplex(x)
    ? (callOperator('aten::view_as_real', [callOperator('aten::resolve_conj', [values])]) as Tensor)
    : values;
  return [...real.to('float64').contiguous().toTypedArray()].map(Number);
}

/** By element of the input (a complex one counts as two): the derivative of every element of every output. */
function measure(call: () => Tensor[], input: Tensor, eps: number): number[][][] {
  return noGrad(() => {
    const steps: Scalar[] = isComplex(input) ? [eps, { re: 0, im: eps }] : [eps];
    // Shares the input's memory, whatever its strides are.
    const shared = input.detach();
    return indices(input.shape).flatMap((index) =>
      steps.map((step) => {
        const element = index.length === 0 ? shared : shared.get(...index);
        const before = element.clone();
        const at = (alpha: number): number[][] => {
          element.copy_(before.add(tensor(step, { dtype: input.dtype }), { alpha }));
          return call().map(realElements);
        };
        const [right, left] = [at(1), at(-1)];
        element.copy_(before);
        return right.map((values, o) => values.map((value, row) => (value - left[o]![row]!) / (2 * eps)));
      }),
    );
  });
}

function indices(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (found, size) => found.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i])),
    [[]],
  );
}

/** Weights that choose one real element of an output each: of a complex one, 1 asks for its real part and i for the imaginary. */
function unitWeights(output: Tensor): Tensor[] {
  const units: Scalar[] = isComplex(output) ? [1, { re: 0, im: 1 }] : [1];
  return indices(output.shape).flatMap((index) =>
    units.map((unit) => {
      const weight = output.detach().clone().zero_();
      const element = index.length === 0 ? weight : weight.get(...index);
      element.copy_(tensor(unit, { dtype: output.dtype }));
      return weight;
    }),
  );
}

function gradients(output: Tensor, inputs: readonly Tensor[], weight: Tensor): number[][] {
  return grad(output, inputs, { gradOutputs: [weight], retainGraph: true, allowUnused: true }).map((gradient, i) =>
    gradient === null
      ? new Array<number>(inputs[i]!.numel() * (isComplex(inputs[i]!) ? 2 : 1)).fill(0)
      : realElements(gradient),
  );
}
