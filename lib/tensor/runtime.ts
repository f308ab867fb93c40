/** The process's own settings: random seed, threads, devices, memory. */

import { invalid } from './errors.js';
import { toSeed } from './generator.js';
import { native } from './native.js';
import { adopt, handleOfArgument, type Tensor } from './tensor.js';
import { startTrace, stopTrace, tracedSources, type MemorySource } from './trace.js';
import { isOptions } from './types.js';

let seed: number | bigint = 0;

/**
 * Seeds LibTorch's generators on every device, and the default seed of data loaders made afterwards.
 *
 * @param value a whole number of at least 0, below 2^64
 */
export function manualSeed(value: number | bigint): void {
  native.manualSeed(toSeed('manualSeed: seed', value));
  seed = value;
}

/** The seed last given to {@link manualSeed}; 0 before. */
export function initialSeed(): number | bigint {
  return seed;
}

/** The state of the CPU generator as a uint8 tensor, for {@link setRngState}. */
export function getRngState(): Tensor {
  return adopt(native.getRngState());
}

/** Puts the CPU generator back into a state that {@link getRngState} returned. */
export function setRngState(state: Tensor): void {
  native.setRngState(handleOfArgument('setRngState: state', state));
}

/** Sets how many threads one operator may use on the CPU. */
export function setNumThreads(count: number): void {
  if (!Number.isSafeInteger(count) || count < 1 || count > 4096)
    throw invalid('setNumThreads: count', 'a whole number from 1 to 4096', count);
  native.setNumThreads(count);
}

/** How many threads one operator may use on the CPU. */
export function getNumThreads(): number {
  return native.getNumThreads();
}

/** Whether a CUDA device can be used by the loaded LibTorch. */
export function isCudaAvailable(): boolean {
  return native.cudaDeviceCount() > 0;
}

/** Number of CUDA devices that can be used. */
export function cudaDeviceCount(): number {
  return native.cudaDeviceCount();
}

/** Waits until all work queued on a device is done; nothing to wait for on the CPU. */
export function synchronize(device = 'cpu'): void {
  native.synchronize(device);
}

/** The version of LibTorch that the addon was built against; opening another minor version is refused. */
export function libtorchVersion(): string {
  return native.builtVersion();
}

/** The answer of {@link memory}. */
export interface MemoryUse {
  /** Tensors that JavaScript holds. */
  tensors: number;
  /** Bytes of CPU tensor data alive, exact, whoever holds them: JavaScript, the recorded graph, LibTorch. */
  bytes: number;
  /** Bytes that the CPU allocator holds from the system, in use or ready for use. */
  heldBytes: number;
  /** The most that `bytes` has been since the start or `resetPeakMemory`. */
  peakBytes: number;
  /** The most that `heldBytes` has been since the start or `resetPeakMemory`. */
  peakHeldBytes: number;
  /** The limit set by `setMemoryCap`, or null. */
  cap: number | null;
}

/** The answer of `memory({ trace: true })`. */
export interface TracedMemory extends MemoryUse {
  /** The live tensors by the lines of code that made them, the line of the oldest tensor first. */
  sources: MemorySource[];
  /** How many live tensors were made before tracing was on. */
  untraced: number;
}

/**
 * What tensors use now, in bytes of CPU memory.
 *
 * With `trace: true` it also names the lines that made the live tensors of this thread. Recording starts with the first such call, so make
 * it before the work in question and again after it; from then on every new tensor costs some microseconds more, until `trace: false`.
 * Recording keeps no tensor alive.
 */
export function memory(options: { trace: true }): TracedMemory;
export function memory(options?: { trace?: boolean }): MemoryUse;
export function memory(options: { trace?: boolean } = {}): MemoryUse | TracedMemory {
  if (!isOptions(options)) throw invalid('memory: options', 'an object like { trace: true }', options);
  const { trace } = options;
  if (trace !== undefined && typeof trace !== 'boolean') throw invalid('memory: trace', 'a boolean', trace);
  const { cap, ...use } = native.memory();
  const all = { ...use, cap: cap === 0 ? null : cap };
  if (trace === false) stopTrace();
  if (trace !== true) return all;
  startTrace();
  const sources = tracedSources();
  return { ...all, sources, untraced: all.tensors - sources.reduce((sum, source) => sum + source.tensors, 0) };
}

/** Gives memory that is held but not in use back to the system. */
export function emptyCache(): void {
  native.emptyCache();
}

/** Limits the CPU memory of tensors: an allocation beyond it throws OutOfMemoryError. `null` takes the limit away. */
export function setMemoryCap(bytes: number | null): void {
  if (bytes !== null && (!Number.isSafeInteger(bytes) || bytes < 1))
    throw invalid('setMemoryCap: bytes', 'a whole number of at least 1, or null', bytes);
  native.setMemoryCap(bytes ?? 0);
}

/** Starts the peaks of {@link memory} again from what is in use now. */
export function resetPeakMemory(): void {
  native.resetPeakMemory();
}
