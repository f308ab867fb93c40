/** The addon as TypeScript sees it: the whole native surface, typed once and used only inside this room. */

import { loadAddon } from '../runtime/native.js';
import { ArgumentError, OperatorError, OutOfMemoryError, TenchError } from './errors.js';
import type { TypedArray } from './types.js';

/** Names one tensor in the addon's table: slot and generation packed in one number; 0 is no tensor. */
export type Handle = number;

/** What an operator returned: see `decode` in call.ts. */
export type RawResult = Handle | null | undefined | [kinds: string, ...values: unknown[]];

/** A program of TorchScript that the addon holds; released when it is collected. */
export interface NativeScript {
  readonly script: unique symbol;
}

/** A value of TorchScript with tensors anywhere inside: see script_values.h. */
export type ScriptPair =
  | readonly [kind: 't', handle: Handle]
  | readonly [kind: 'v', value: unknown]
  | readonly [kind: 'l' | 'u', items: readonly ScriptPair[]]
  | readonly [kind: 'd', keys: readonly ScriptPair[], values: readonly ScriptPair[]];

export interface NativeMemory {
  tensors: number;
  bytes: number;
  heldBytes: number;
  peakBytes: number;
  peakHeldBytes: number;
  cap: number;
}

/**
 * The addon's functions. Where a function takes `owner`, the addon ignores it: passing the tensors' objects keeps the collector from
 * finding them dead, and releasing them, between the reading of a handle and its use.
 */
export interface NativeAddon {
  /** The environment through which finalizers are tied; opaque. */
  finalizers: unknown;
  /** Gives the addon that environment, and the function that makes JavaScript errors out of a code and a message. */
  initialize(makeError: (code: string, message: string) => Error, finalizers: unknown): void;
  /** Schemas of all ATen operators of the loaded LibTorch, in its own notation. */
  schemas(): string[];
  /** Whether LibTorch has a kernel of an overload for dense CPU tensors. */
  hasCpuKernel(name: string, overload: string): boolean;
  /** From here on, the overloads that the dispatcher runs on this thread are noted. */
  startWitness(): void;
  /** What was noted, in order, each overload before those that it ran: `aten::linear`, `aten::t`, ... */
  stopWitness(): string[];
  /** Version of the LibTorch that the addon was built against. */
  builtVersion(): string;

  /** Binds the overloads of an operator under a number; null when the loaded LibTorch lacks all of them. */
  bind(name: string, overloads: readonly string[]): number | null;
  /**
   * Calls a bound operator. Bit i of `tensors` says that argument i is a handle; `names[j]` and `values[j]` are the keyword
   * arguments with their own bits in `namedTensors`; `kind` reads whole Scalars by the tensors' dtype instead of as integers.
   * A new tensor is tied to `shell` for garbage collection, unless `shell` is null.
   */
  call(
    operator: number,
    kind: boolean,
    shell: object | null,
    tensors: number,
    args: readonly unknown[],
    names: readonly string[] | null,
    values: readonly unknown[] | null,
    namedTensors: number,
  ): RawResult;

  /** Whether operators that do not check their arguments may be called; returns what it was. */
  setTrusted(trusted: boolean): boolean;
  /** Finds the direct call for arguments of these kinds (see direct.ts); null when the boxed call must be used. */
  bindDirect(operator: number, kind: boolean, kinds: readonly number[]): number | null;
  /** Gives the addon the array through which direct calls pass numbers. */
  setExchange(numbers: Float64Array): void;
  /**
   * A direct call. Before, `exchange[0]` is its number and `exchange[1 + i]` argument i (a handle, a number, or a boolean as 0 or 1); lists
   * are passed in the places of `args`. After, `exchange[0]` says what came out: a handle, or one of {@link DirectCode}.
   */
  callDirect(this: void, shell?: object | null, ...args: unknown[]): RawResult;

  track(shell: object, handle: Handle): void;
  release(handle: Handle): void;
  /** Releases the handles from index `start` up to `end`; stale ones are ignored. What lives on in graphs weighs on `heir` then; 0: on none. */
  releaseAll(handles: Float64Array, start: number, end: number, heir: Handle): void;
  isAlive(handle: Handle): boolean;
  share(handle: Handle): Handle;

  fromData(data: TypedArray, dtype: string, shape: readonly number[], device: string): Handle;
  data(handle: Handle, owner: object): ArrayBuffer;
  item(handle: Handle, owner: object): unknown;

  shape(handle: Handle): number[];
  strides(handle: Handle, owner: object): number[];
  dtype(handle: Handle): string;
  device(handle: Handle): string;
  layout(handle: Handle, owner: object): string;
  storageOffset(handle: Handle, owner: object): number;
  isContiguous(handle: Handle, memoryFormat: string, owner: object): boolean;
  /** Whether in each place of the lists there are tensors of one shape, dtype, device and order of elements, without gaps. */
  laidOutAlike(...lists: Float64Array[]): boolean;
  /** LAMB's step; see native/optim/bindings.h. */
  lambStep(
    ...listsAndSettings: [
      weights: Float64Array,
      grads: Float64Array,
      averages: Float64Array,
      squares: Float64Array,
      lr: number,
      mom: number,
      sqrMom: number,
      eps: number,
      wd: number,
      step: number,
      mostRatio: number,
    ]
  ): void;
  /** Lets operators that this thread calls use so many threads; how many they could before. */
  limitThreads(count: number): number;
  isLeaf(handle: Handle, owner: object): boolean;
  requiresGrad(handle: Handle, owner: object): boolean;
  setRequiresGrad(handle: Handle, flag: boolean, owner: object): void;
  version(handle: Handle, owner: object): number;
  setData(handle: Handle, source: Handle): void;
  gradFunction(handle: Handle, owner: object): string | null;
  /** The gradient: 0 for none, -1 when it is the tensor of `known`, else a new handle. */
  grad(handle: Handle, known: Handle): Handle;
  setGrad(handle: Handle, gradient: Handle): void;
  retainGrad(handle: Handle, owner: object): void;
  /** Registers a hook; the number removes it again through `removeHook`. */
  registerHook(handle: Handle, hook: (gradient: Handle) => Handle): number;
  removeHook(handle: Handle, hook: number): void;
  /** Registers a hook on a leaf, called with the leaf after its `grad` has grown; what it returns is ignored. */
  registerAfterHook(handle: Handle, hook: (leaf: Handle) => Handle): number;
  removeAfterHook(handle: Handle, hook: number): void;
  backward(
    roots: Float64Array,
    gradients: Float64Array,
    retainGraph: boolean,
    createGraph: boolean,
    inputs: Float64Array | null,
    owner: object,
  ): void;
  backwardAsync(
    roots: Float64Array,
    gradients: Float64Array,
    retainGraph: boolean,
    createGraph: boolean,
    owner: object,
  ): Promise<void>;
  gradients(
    outputs: Float64Array,
    gradients: Float64Array,
    retainGraph: boolean,
    createGraph: boolean,
    inputs: Float64Array,
    allowUnused: boolean,
    owner: object,
  ): Handle[];

  /**
   * Ties outputs, computed unrecorded, to a node whose backward is in JavaScript. `tensors` are inputs, outputs, inputs that were
   * written to, outputs that are not differentiable, and saved tensors. The answer has a handle for each output, 0 where it stays itself.
   */
  recordFunction(
    name: string,
    tensors: readonly [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array],
    savedNames: readonly string[],
    materialize: boolean,
    backward: (gradients: readonly Handle[], saved: readonly Handle[], wanted: readonly number[]) => Float64Array,
    owner: object,
  ): Handle[];
  /** From here on, what nodes save is dropped, and computed again by `recompute` in backward. */
  enterCheckpoint(
    inputs: Float64Array,
    recompute: (inputs: readonly Handle[]) => void,
    preserveRng: boolean,
    owner: object,
  ): void;
  exitCheckpoint(): void;
  /** From here on, nodes remember the `stack` of the call that made them. */
  enterAnomalies(checkNan: boolean, stack: () => string): void;
  exitAnomalies(): void;
  /** Name and stack of the node that failed last; null when none did since the last call. */
  takeFailure(): [node: string, stack: string] | null;

  gradEnabled(): boolean;
  setGradEnabled(enabled: boolean): void;
  enterInferenceMode(): void;
  exitInferenceMode(): void;
  enterAutocast(device: string, dtype: string, enabled: boolean): void;
  exitAutocast(): void;

  manualSeed(seed: bigint): void;
  makeGenerator(device: string, seed: bigint): object;
  seedGenerator(generator: object, seed: bigint): void;
  generatorState(generator: object): Handle;
  setGeneratorState(generator: object, state: Handle): void;
  getRngState(): Handle;
  setRngState(state: Handle): void;
  setNumThreads(count: number): void;
  getNumThreads(): number;
  cudaDeviceCount(): number;
  synchronize(device: string): void;
  /** The tensor on an accelerator, copied while that does what it has been given before. */
  sendTensor(handle: Handle, device: string): Handle;
  /** Gives this thread's work on a device to a stream of its own; false where the device has none, or this is so already. */
  enterStream(device: string): boolean;
  leaveStream(): void;
  /** Why no step can be captured on a device; null where one can. */
  graphTrouble(device: string): string | null;
  beginCapture(device: string): number;
  endCapture(graph: number): void;
  replayGraph(graph: number): void;
  dropGraph(graph: number): void;
  /** Whether a recorded graph that is alive calls JavaScript in its backward. */
  hasCallbacks(): boolean;

  /** Tensors over a private mapping of an open file: see mapped_file.cc. `places` holds the first byte of each. */
  mapTensors(
    fd: number,
    size: number,
    places: readonly number[],
    dtypes: readonly string[],
    shapes: readonly (readonly number[])[],
  ): Handle[];
  /** The address of a tensor's storage (0n for none), equal for tensors that share it, and its size in bytes. */
  storageOf(handle: Handle, owner: object): [address: bigint, bytes: number];
  /** The whole storage of a tensor as one axis of uint8, without a copy. */
  storageBytes(handle: Handle, owner: object): Handle;
  /** A tensor over the storage of another one. */
  viewStorage(
    handle: Handle,
    dtype: string,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
    owner: object,
  ): Handle;

  scriptLoad(path: string, device: string): NativeScript;
  scriptMethods(script: NativeScript): string[];
  scriptCall(script: NativeScript, method: string, args: readonly ScriptPair[], owner: object): ScriptPair;
  scriptTensors(
    script: NativeScript,
  ): [parameterNames: string[], parameters: Handle[], bufferNames: string[], buffers: Handle[]];
  scriptTrain(script: NativeScript, mode: boolean): void;
  scriptIsTraining(script: NativeScript): boolean;
  scriptTo(script: NativeScript, device: string | null, dtype: string | null): void;

  /** The number of a ticket with which `receivers` threads can receive the tensor. */
  shareTensor(handle: Handle, receivers: number, outlives: boolean, owner: object): number;
  /** A handle of this thread; 0 when there is no such ticket. */
  receiveTensor(ticket: number): Handle;
  /** Whether there was such a ticket. */
  revokeTicket(ticket: number): boolean;
  /** A number that is the storage's own while it lives, its bytes, and how many tensors hold it; null for a tensor without one. */
  storage(handle: Handle, owner: object | null): [key: number, bytes: number, owners: number] | null;

  memory(): NativeMemory;
  emptyCache(): void;
  setMemoryCap(bytes: number): void;
  resetPeakMemory(): void;
}

/** What a direct call leaves in `exchange[0]` when it made no new tensor. */
export const DirectCode = { nothing: 0, written: -1, returned: -2, boxed: -3 } as const;

const addon = loadAddon() as unknown as NativeAddon;

addon.initialize((code, message) => {
  if (code === 'ERR_TENCH_MEMORY') return new OutOfMemoryError(message);
  if (code === 'ERR_TENCH_ARGUMENT') return new ArgumentError(message);
  if (code === 'ERR_TENCH_OPERATOR') return new OperatorError(message);
  return new TenchError(message, { code });
}, addon.finalizers);

export const native: NativeAddon = addon;

/** Numbers on their way into and out of direct calls; the addon reads and writes the same memory. */
export const exchange = new Float64Array(12);

addon.setExchange(exchange);
