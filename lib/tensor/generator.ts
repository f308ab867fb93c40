/** Random numbers of one's own: a generator for the operators that take one, apart from the device's default one. */

import { inspect } from 'node:util';

import { invalid } from './errors.js';
import { native } from './native.js';
import { adopt, handleOfArgument, type Tensor } from './tensor.js';
import { isOptions, type Device } from './types.js';

/**
 * LibTorch's generator of random numbers: Mersenne Twister on the CPU, Philox on CUDA. Operators draw from it when it is given as
 * `generator`; then neither other operators nor other workers, which share the default generator of the process, change what they draw.
 *
 * Made by {@link createGenerator}.
 */
export class TensorGenerator {
  /** @internal What the addon knows the generator by. */
  readonly external: object;
  #seed: number | bigint;

  /** @internal */
  constructor(
    readonly device: Device,
    seed: number | bigint,
  ) {
    this.external = native.makeGenerator(device, toSeed('createGenerator: seed', seed));
    this.#seed = seed;
  }

  /** Starts again from a seed: a whole number of at least 0, below 2^64. */
  manualSeed(seed: number | bigint): this {
    native.seedGenerator(this.external, toSeed('manualSeed: seed', seed));
    this.#seed = seed;
    return this;
  }

  /** The seed that the generator was last started from. */
  initialSeed(): number | bigint {
    return this.#seed;
  }

  /** Where the generator stands, as a uint8 tensor for {@link setState}. */
  getState(): Tensor {
    return adopt(native.generatorState(this.external));
  }

  /**
   * Puts the generator where another of its kind stood.
   *
   * @throws OperatorError when the tensor is no state of a generator on this device
   */
  setState(state: Tensor): this {
    native.setGeneratorState(this.external, handleOfArgument('setState: state', state));
    return this;
  }

  [inspect.custom](): string {
    return `TensorGenerator(${this.device}, seed ${this.#seed})`;
  }
}

/**
 * Makes a generator of random numbers, for `x.normal_(0, 1, { generator })` and every other operator with that argument.
 *
 * @param options.seed a whole number of at least 0, below 2^64; default 0
 * @param options.device where the operators run that will draw from it; default `'cpu'`
 * @throws ArgumentError for a seed out of range or a device that has no generator
 */
export function createGenerator(options: { seed?: number | bigint; device?: Device } = {}): TensorGenerator {
  if (!isOptions(options)) throw invalid('createGenerator: options', 'an object with seed and device', options);
  const { seed = 0, device = 'cpu' } = options;
  if (typeof device !== 'string') throw invalid('createGenerator: device', 'the name of a device', device);
  return new TensorGenerator(device, seed);
}

/** A seed as the addon takes it. @throws ArgumentError naming `argument` */
export function toSeed(argument: string, seed: number | bigint): bigint {
  if (typeof seed === 'bigint' ? seed >= 0n && seed < 1n << 64n : Number.isSafeInteger(seed) && seed >= 0)
    return BigInt(seed);
  throw invalid(argument, 'a whole number from 0 to 2^64 - 1 (a bigint beyond 2^53)', seed);
}
