/** Calls an operator by its schema: JavaScript arguments go in as handles and values, results come out as tensors and values. */

import { Kind, kindOf } from './direct.js';
import { ArgumentError, TenchError, describe, invalid } from './errors.js';
import { TensorGenerator } from './generator.js';
import { DirectCode, exchange, native, type Handle, type RawResult } from './native.js';
import { adopt, createShell, fill, forgetShape, handleOf, isTensor, type Tensor } from './tensor.js';
import { isOptions } from './types.js';

// The addon's exports are many, and reading one of them costs more than it should on a path this short.
const { callDirect } = native;

/** How to call directly with arguments of certain kinds. */
interface Direct {
  /** What the kinds make; see `callFew`. */
  readonly key: number;
  /** The addon's number of the call, or -1 where the boxed call is wanted. */
  readonly id: number;
  /** Whether there are lists among the arguments. */
  readonly lists: boolean;
}

/** An operator with the overloads that may answer to its name, bound to the addon on first use. */
export class Operator {
  private id: number | null | undefined;
  private readonly direct = new Map<number, Direct>();
  private last: Direct = { key: 0, id: -1, lists: false };

  constructor(
    readonly name: string,
    readonly overloads: readonly string[],
    /** Whether some overload writes to its arguments, so that cached shapes must be forgotten. */
    private readonly writes: boolean,
    /** Whether whole numbers given as Scalars take the kind of the tensors beside them. */
    private readonly kind: boolean,
  ) {}

  /** Calls with positional arguments in schema order; a trailing options object holds the rest by keyword. */
  call(args: unknown[]): unknown {
    const last = args.length > 0 ? args[args.length - 1] : undefined;
    if (isOptions(last)) {
      args.pop();
      return this.invoke(args, last);
    }
    return this.invoke(args, undefined);
  }

  /** {@link call} with up to five arguments, of which the first `count` were given: past the boxed call where the addon knows a way. */
  callFew(count: number, a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown): unknown {
    try {
      return this.performFew(count, a, b, c, d, e);
    } catch (error) {
      throw asTyped(this.name, error);
    }
  }

  private performFew(count: number, a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown): unknown {
    // Three bits for each kind, after a bit that keeps the count apart.
    let key = 1;
    if (count > 0) key = (key << 3) | kindOf(a);
    if (count > 1) key = (key << 3) | kindOf(b);
    if (count > 2) key = (key << 3) | kindOf(c);
    if (count > 3) key = (key << 3) | kindOf(d);
    if (count > 4) key = (key << 3) | kindOf(e);
    const direct = key === this.last.key ? this.last : this.findDirect(key, count);
    if (direct.id >= 0) {
      // Lists first: a getter in one may make calls of its own, which pass through the exchange as well.
      const lists = direct.lists ? [a, b, c, d, e].map(encodeList) : null;
      pass(1, a);
      if (count > 1) pass(2, b);
      if (count > 2) pass(3, c);
      if (count > 3) pass(4, d);
      if (count > 4) pass(5, e);
      exchange[0] = direct.id;
      const shell = createShell();
      let returned: RawResult;
      if (lists !== null) returned = callDirect(shell, ...lists);
      else if (shell === null) returned = callDirect();
      else returned = callDirect(shell);
      const code = exchange[0];
      if (code > 0) return fill(shell, code);
      if (code === DirectCode.written) {
        forget(a);
        return a;
      }
      if (code === DirectCode.returned) return decode(returned, [a, b, c, d, e], null);
      if (code === DirectCode.nothing) return null;
    }
    return this.call([a, b, c, d, e].slice(0, count));
  }

  private findDirect(key: number, count: number): Direct {
    let direct = this.direct.get(key);
    if (direct === undefined) {
      const kinds = Array.from({ length: count }, (_, i) => (key >> (3 * (count - 1 - i))) & 7);
      const id = kinds.includes(Kind.other) ? null : native.bindDirect(this.bound(), this.kind, kinds);
      direct = { key, id: id ?? -1, lists: kinds.includes(Kind.numbers) || kinds.includes(Kind.tensors) };
      this.direct.set(key, direct);
    }
    return (this.last = direct);
  }

  private bound(): number {
    if (this.id === undefined) this.id = native.bind(this.name, this.overloads);
    if (this.id === null) {
      throw new TenchError(`the loaded LibTorch ${native.builtVersion()} has no operator ${this.name}`, {
        code: 'ERR_TENCH_MISSING_OPERATOR',
      });
    }
    return this.id;
  }

  invoke(args: unknown[], options: Record<string, unknown> | undefined): unknown {
    try {
      return this.perform(args, options);
    } catch (error) {
      throw asTyped(this.name, error);
    }
  }

  private perform(args: unknown[], options: Record<string, unknown> | undefined): unknown {
    const id = this.bound();
    let count = args.length;
    while (count > 0 && args[count - 1] === undefined) count -= 1;
    if (count > 31) throw invalid(`${this.name}: arguments`, 'at most 31', count);
    let tensors = 0;
    const encoded = new Array<unknown>(count);
    for (let i = 0; i < count; i += 1) {
      const value = args[i];
      if (isTensor(value)) {
        tensors |= 1 << i;
        encoded[i] = handleOf(value);
      } else {
        encoded[i] = typeof value === 'object' && value !== null ? encodeObject(value) : value;
      }
    }

    let names: string[] | null = null;
    let values: unknown[] | null = null;
    let named: unknown[] | null = null;
    let namedTensors = 0;
    if (options !== undefined) {
      names = [];
      values = [];
      named = [];
      for (const key of Object.keys(options)) {
        const value = options[key];
        if (value === undefined) continue;
        if (isTensor(value)) {
          namedTensors |= 1 << names.length;
          values.push(handleOf(value));
        } else {
          values.push(typeof value === 'object' && value !== null ? encodeObject(value) : value);
        }
        named.push(value);
        names.push(snakeCase(key));
      }
      if (names.length > 31) throw invalid(`${this.name}: options`, 'at most 31', names.length);
    }

    const shell = createShell();
    const raw = native.call(id, this.kind, shell, tensors, encoded, names, values, namedTensors);
    if (this.writes) {
      for (let i = 0; i < count; i += 1) forget(args[i]);
      if (named !== null) named.forEach(forget);
    }
    if (typeof raw === 'number') return raw > 0 ? fill(shell, raw) : alias(raw, args, named);
    return decode(raw, args, named);
  }
}

/** An error of our own as it is; one that an argument threw while it was read (a getter, a trap of a proxy) inside one of ours. */
function asTyped(operator: string, error: unknown): TenchError {
  if (error instanceof TenchError) return error;
  return new ArgumentError(`${operator}: an argument cannot be read, since reading it throws ${describe(error)}`, {
    cause: error,
  });
}

/** Writes an argument of a direct call into the exchange; lists are passed beside it. */
function pass(index: number, value: unknown): void {
  if (typeof value === 'number') exchange[index] = value;
  else if (isTensor(value)) exchange[index] = handleOf(value);
  else if (typeof value === 'boolean') exchange[index] = value ? 1 : 0;
}

function encodeList(value: unknown): unknown {
  return Array.isArray(value) && isTensor(value[0]) ? encodeTensors(value) : value;
}

function decode(raw: RawResult, args: unknown[], named: unknown[] | null): unknown {
  if (!Array.isArray(raw)) return raw;
  const kinds = raw[0];
  const results = new Array<unknown>(kinds.length);
  for (let i = 0; i < kinds.length; i += 1) {
    const value = raw[i + 1];
    if (kinds[i] === 't') results[i] = toTensor(value as Handle, args, named);
    else if (kinds[i] === 'l') results[i] = (value as Handle[]).map((handle) => toTensor(handle, args, named));
    else results[i] = value;
  }
  return results.length === 0 ? undefined : results.length === 1 ? results[0] : results;
}

function toTensor(handle: Handle, args: unknown[], named: unknown[] | null): Tensor | null {
  if (handle === 0) return null;
  return handle > 0 ? adopt(handle) : alias(handle, args, named);
}

/** A written argument that the operator returned: the very object that was passed in, not another name for its tensor. */
function alias(code: number, args: unknown[], named: unknown[] | null): Tensor {
  const index = -code - 1;
  return (index < 32 ? args[index] : named?.[index - 32]) as Tensor;
}

/** An operator may have changed the shape of what it wrote. */
function forget(value: unknown): void {
  if (isTensor(value)) forgetShape(value);
  else if (Array.isArray(value)) value.forEach(forget);
}

/** Arrays with tensors (or holes for them) become handles; other typed arrays become plain ones, which the addon reads as lists. */
function encodeObject(value: object): unknown {
  if (Array.isArray(value)) {
    for (const first of value as readonly unknown[]) {
      if (isTensor(first)) return encodeTensors(value);
      if (first !== null && first !== undefined) return value;
    }
    return value;
  }
  if (value instanceof HandleArray) return value.handles;
  if (value instanceof TensorGenerator) return value.external;
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<unknown>);
  return value;
}

function encodeTensors(values: readonly unknown[]): Float64Array {
  const handles = new Float64Array(values.length);
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (isTensor(value)) handles[i] = handleOf(value);
    else if (value !== null && value !== undefined)
      throw invalid(`element ${i} of a list of tensors`, 'a Tensor', value);
  }
  return handles;
}

/** The handles of a list of tensors, encoded once for many calls. The list must stay alive and undisposed. */
export class HandleArray {
  readonly handles: Float64Array;

  constructor(readonly tensors: readonly Tensor[]) {
    this.handles = encodeTensors(tensors);
  }
}

const snakeCases = new Map<string, string>();

/** Arguments that LibTorch's own schemas write in camelCase. */
const camelInSchemas = new Set(
  'gO ggI ggW innerKTiles layersOutputs qGroupSize qScale qScaleAndZeros qZeros reserveSpace reservedSpace'.split(' '),
);

/** The schema's spelling of a keyword. Names such as `LU`, `N` and `sum_S` are mathematics, not camelCase. */
function snakeCase(name: string): string {
  let snake = snakeCases.get(name);
  if (snake === undefined) {
    const isCamel = /^[a-z][^_]*$/.test(name) && !camelInSchemas.has(name);
    snake = isCamel ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name;
    snakeCases.set(name, snake);
  }
  return snake;
}

const operators = new Map<string, Operator>();

/**
 * Calls any ATen operator by its schema name, for example `callOperator('aten::addcmul', [x, a, b], { value: 2 })`.
 *
 * Positional arguments come in schema order, the rest by keyword in snake_case or camelCase. Dtypes, layouts, memory formats and
 * devices are strings, a generator is made by `createGenerator`, None is `null`, a complex scalar is `{ re, im }`. A whole JavaScript number stands for an integer Scalar and any
 * other for a float, as PyTorch reads `2` and `2.5`.
 *
 * @param name `aten::name` or `aten::name.overload`
 * @returns a Tensor, a number (a BigInt beyond 2^53), boolean, string or null; an array for several results or for `Tensor[]`; undefined for none
 * @throws OperatorError when LibTorch refuses; TenchError with code `ERR_TENCH_MISSING_OPERATOR` when it has no such operator
 */
export function callOperator(name: string, args: readonly unknown[] = [], options?: Record<string, unknown>): unknown {
  let operator = operators.get(name);
  if (operator === undefined) {
    if (typeof name !== 'string' || !/^\w+::\w+(\.\w+)?$/.test(name))
      throw invalid('name', "an operator's name like aten::add.Tensor", name);
    if (!Array.isArray(args)) throw invalid('args', 'an array of positional arguments', args);
    const [base = '', overload = ''] = name.split('.');
    operator = new Operator(base, [overload], true, false);
    operators.set(name, operator);
  }
  return operator.invoke([...args], options);
}
