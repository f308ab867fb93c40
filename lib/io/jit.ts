/** TorchScript: programs that `torch.jit.script` or `torch.jit.trace` has made of Python, loaded and run by LibTorch. */

import { TenchError, invalid } from '../tensor/errors.js';
import { isTensor, type DType, type Device, type Tensor } from '../tensor/index.js';
import { native, type NativeScript, type ScriptPair } from '../tensor/native.js';
import { adopt, handleOf } from '../tensor/tensor.js';
import { needOptions, needText } from '../tensor/checks.js';
import { dtypes, isOptions } from '../tensor/types.js';
import type { StateDict } from '../nn/index.js';
import { Source } from './source.js';
import { ZipReader } from './zipReader.js';

/**
 * What a method of a script takes and returns: tensors, numbers, booleans, texts and null, arrays of them (lists and tuples; tuples come
 * back frozen), and Maps or plain objects for dicts (which come back as Maps).
 */
export type ScriptValue =
  | Tensor
  | number
  | bigint
  | boolean
  | string
  | null
  | readonly ScriptValue[]
  | ReadonlyMap<ScriptValue, ScriptValue>
  | { readonly [key: string]: ScriptValue };

/**
 * A loaded program of TorchScript with its parameters and buffers. Made by {@link load}; its memory goes when it is collected.
 *
 * Calls are recorded for `backward` like any operator.
 */
export class ScriptModule {
  readonly #script: NativeScript;

  /** @internal */
  constructor(
    script: NativeScript,
    /** Where it was loaded from. */
    readonly path: string,
  ) {
    this.#script = script;
  }

  /** Names of the methods that can be run, `forward` among them. */
  get methods(): string[] {
    return native.scriptMethods(this.#script);
  }

  /** Runs `forward`; see {@link run}. */
  forward(...args: readonly ScriptValue[]): ScriptValue {
    return this.run('forward', ...args);
  }

  /** Runs `forward`, as modules of tench are called. */
  call(...args: readonly ScriptValue[]): ScriptValue {
    return this.run('forward', ...args);
  }

  /**
   * Runs a method with positional arguments, which are read by the types that the program declares; those left out at the end take their
   * defaults.
   *
   * @throws ArgumentError that names an argument of another type; OperatorError with the program's own trace when it fails
   */
  run(method: string, ...args: readonly ScriptValue[]): ScriptValue {
    if (typeof method !== 'string') throw invalid('method', 'the name of a method', method);
    let count = args.length;
    while (count > 0 && args[count - 1] === undefined) count -= 1;
    const pairs = args.slice(0, count).map((value, index) => toPair(value, `${method}: argument ${index}`, []));
    return fromPair(native.scriptCall(this.#script, method, pairs, args));
  }

  /** The parameters by dotted path. They are those of the program: what is done to them in place is done to it. */
  namedParameters(): [path: string, parameter: Tensor][] {
    const [names, handles] = native.scriptTensors(this.#script);
    return names.map((name, index) => [name, adopt(handles[index]!)]);
  }

  /** The parameters alone. */
  parameters(): Tensor[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** The buffers by dotted path. */
  namedBuffers(): [path: string, buffer: Tensor][] {
    const [, , names, handles] = native.scriptTensors(this.#script);
    return names.map((name, index) => [name, adopt(handles[index]!)]);
  }

  /** Parameters and buffers by dotted path. */
  stateDict(): StateDict {
    return new Map([...this.namedParameters(), ...this.namedBuffers()]);
  }

  /** Whether the program behaves as in training. */
  get training(): boolean {
    return native.scriptIsTraining(this.#script);
  }

  /** Sets the program to training (or, with false, to evaluation). */
  train(mode = true): this {
    if (typeof mode !== 'boolean') throw invalid('train: mode', 'a boolean', mode);
    native.scriptTrain(this.#script, mode);
    return this;
  }

  /** Sets the program to evaluation. */
  eval(): this {
    return this.train(false);
  }

  /** Moves all parameters and buffers to a device, or converts them to a dtype. */
  to(target: Device | DType): this {
    if (typeof target !== 'string') throw invalid('to: target', 'a dtype or a device', target);
    const isDType = (dtypes as readonly string[]).includes(target);
    native.scriptTo(this.#script, isDType ? null : target, isDType ? target : null);
    return this;
  }

  toString(): string {
    return `ScriptModule(${this.path}: ${this.methods.join(', ')})`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/**
 * Loads a TorchScript archive, what `torch.jit.save` and `ScriptModule.save` write.
 *
 * All checksums are compared first. A TorchScript archive is a program, though: it runs inside LibTorch's interpreter, from which it can
 * reach every operator, so load only archives of people you trust; for mere weights there are `readTorch` and `readSafetensors`.
 *
 * @param options.device where parameters and buffers go; default `'cpu'`
 * @throws TenchError that names the file: `ERR_TENCH_READ` when it cannot be read, `ERR_TENCH_DAMAGED` when it is not a whole archive
 */
export async function load(path: string, options: { device?: Device } = {}): Promise<ScriptModule> {
  needOptions('jit.load', options);
  const { device = 'cpu' } = options;
  needText('device', device);
  await Source.using(path, 'a whole TorchScript archive', async (source) => {
    if (source.mappable === null) throw source.unsupported('a TorchScript archive must be a file, not a pipe');
    const zip = await ZipReader.open(source);
    const names = [...zip.names];
    if (!names.some((name) => /^[^/]+\/(constants\.pkl|model\.json)$/.test(name)))
      throw source.damaged('it has no program in it; `readTorch` reads files of torch.save');
    await zip.verify();
  });
  return new ScriptModule(native.scriptLoad(path, device), path);
}

function toPair(value: unknown, place: string, inside: readonly unknown[]): ScriptPair {
  if (isTensor(value)) return ['t', handleOf(value)];
  if (typeof value === 'function' || typeof value === 'symbol') throw invalid(place, 'a value of a script', value);
  if (typeof value !== 'object' || value === null) return ['v', value];
  if (inside.includes(value)) throw new TenchError(`${place} holds itself, which TorchScript cannot hold`);
  const path = [...inside, value];
  if (path.length > 100) throw new TenchError(`${place} is nested more than 100 deep`);
  const all = (items: readonly unknown[]): ScriptPair[] => items.map((item) => toPair(item, place, path));
  if (Array.isArray(value)) return ['l', all(value)];
  if (value instanceof Map) return ['d', all([...value.keys()]), all([...value.values()])];
  if (isOptions(value)) return ['d', all(Object.keys(value)), all(Object.values(value))];
  if ('re' in value && 'im' in value) return ['v', value];
  throw invalid(place, 'a tensor, a number, a text, an array, a Map or a plain object', value);
}

function fromPair(pair: ScriptPair): ScriptValue {
  switch (pair[0]) {
    case 't':
      return adopt(pair[1]);
    case 'v':
      return pair[1] as ScriptValue;
    case 'l':
      return pair[1].map(fromPair);
    case 'u':
      return Object.freeze(pair[1].map(fromPair));
    case 'd': {
      const [, keys, values] = pair;
      return new Map(keys.map((key, index) => [fromPair(key), fromPair(values[index]!)]));
    }
  }
}
