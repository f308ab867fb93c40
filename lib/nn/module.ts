/** A Module is a building block of a network: whatever parameters, buffers and modules it has as properties belong to it, and `call` runs it. */

import { inspect } from 'node:util';

import { needFlag, needFunction, needOptions, needTensor } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { isTensor, type DType, type Device, type Tensor } from '../tensor/index.js';
import { inScope } from '../tensor/scope.js';
import {
  HookedCall,
  type BackwardHook,
  type ForwardHook,
  type ForwardPreHook,
  type HookHandle,
  type HookKind,
} from './moduleHooks.js';
import { Parameter } from './parameter.js';
import { moveTensor, toPlacement, type Placement } from './placement.js';
import { tree } from './repr.js';
import {
  loadState,
  ownParameters,
  stateEntries,
  type LoadOptions,
  type LoadResult,
  type StateDict,
} from './stateDict.js';
import { summarize, type Summary } from './summary.js';
import { callInScope } from './transient.js';

const hookMethods = {
  forwardPre: 'registerForwardPreHook',
  forward: 'registerForwardHook',
  backward: 'registerFullBackwardHook',
} as const;

/** A module of any signature, for code that walks modules without calling them. */
export type AnyModule = Module<never, unknown>;

/**
 * The base of all layers and networks.
 *
 * A subclass makes its parts in the constructor and says in `forward` how they work together; nothing needs registering. A property
 * is a parameter when its value is a `Parameter`, and a child when its value is a `Module`; other tensors and arrays of modules are
 * neither (`registerBuffer`, `ModuleList`). Run a module with `call`, which adds the hooks to `forward`.
 *
 * @typeParam Args what `forward` takes; default one tensor
 * @typeParam Out what `forward` returns; default a tensor
 *
 * @example
 * class Net extends Module {
 *   body = new Linear(784, 50);
 *   head = new Linear(50, 10);
 *   override forward(x: Tensor): Tensor {
 *     return this.head.call(this.body.call(x).relu());
 *   }
 * }
 */
export abstract class Module<Args extends readonly unknown[] = [Tensor], Out = Tensor> {
  /** Whether layers that differ between training and use (dropout, batch normalisation) behave as in training. Set by `train` and `eval`. */
  training = true;

  #hooks: HookedCall | null = null;
  /** Names of the buffers, and whether each is part of the state. */
  #buffers: Map<string, boolean> | null = null;

  /** What the module computes. Users write it; callers use {@link call}. */
  abstract forward(...args: Args): Out;

  /**
   * Runs the module: forward hooks around {@link forward}. What comes up on the way and is not returned is released at once where all
   * modules are tench's own and unhooked, so that nobody can have kept it, and else by the garbage collector.
   */
  call(...args: Args): Out {
    if (this.#hooks !== null) return this.#hooks.run(this, args) as Out;
    return inScope() ? this.forward(...args) : callInScope(this, () => this.forward(...args));
  }

  /** Makes a tensor a parameter under a name that is only known at run time; else assign `this.weight = new Parameter(data)`. */
  registerParameter(name: string, data: Tensor | null): void {
    this.#checkName('registerParameter', name);
    this.#assign(name, data === null || data instanceof Parameter ? data : new Parameter(data));
  }

  /**
   * Makes a tensor a buffer: part of the state that moves with the module and is saved, but is not learned.
   *
   * @param options `persistent: false` keeps it out of `stateDict`
   */
  registerBuffer(name: string, data: Tensor | null, options: { persistent?: boolean } = {}): void {
    this.#checkName('registerBuffer', name);
    if (data !== null) needTensor('registerBuffer: data', data);
    needOptions('registerBuffer', options);
    const persistent = needFlag('registerBuffer: persistent', options.persistent ?? true);
    (this.#buffers ??= new Map()).set(name, persistent);
    this.#assign(name, data);
  }

  /** Makes a module a child under a name that is only known at run time; else assign `this.body = module`. */
  registerModule(name: string, module: AnyModule): void {
    this.#checkName('registerModule', name);
    if (!(module instanceof Module)) throw invalid('registerModule: module', 'a Module', module);
    this.#assign(name, module);
  }

  #checkName(method: string, name: string): void {
    if (typeof name !== 'string' || name === '' || name.includes('.'))
      throw invalid(`${method}: name`, 'a name without dots', name);
    if (name in this && !Object.hasOwn(this, name))
      throw invalid(`${method}: name`, `a name that ${this.constructor.name} does not use otherwise`, name);
  }

  #assign(name: string, value: unknown): void {
    (this as unknown as Record<string, unknown>)[name] = value;
  }

  /** The children by name, in the order in which they were assigned. */
  namedChildren(): [name: string, child: AnyModule][] {
    const found: [string, AnyModule][] = [];
    for (const name of Object.keys(this)) {
      const value: unknown = (this as unknown as Record<string, unknown>)[name];
      if (value instanceof Module) found.push([name, value as AnyModule]);
    }
    return found;
  }

  /** The modules that are properties of this one. */
  children(): AnyModule[] {
    return this.namedChildren().map(([, child]) => child);
  }

  /** This module (named '') and all below it by dotted path, parents first; a shared module once. */
  namedModules(): [path: string, module: AnyModule][] {
    const found = new Map<AnyModule, string>();
    const walk = (module: AnyModule, path: string): void => {
      if (found.has(module)) return;
      found.set(module, path);
      for (const [name, child] of module.namedChildren()) walk(child, path === '' ? name : `${path}.${name}`);
    };
    walk(this, '');
    return [...found].map(([module, path]) => [path, module]);
  }

  /** This module and all below it, parents first; a shared module once. */
  modules(): AnyModule[] {
    return this.namedModules().map(([, module]) => module);
  }

  /** The parameters of this module and all below it by dotted path; a shared parameter once, under its first path. */
  namedParameters(): [path: string, parameter: Parameter][] {
    const found = new Map<Parameter, string>();
    for (const [path, module] of this.namedModules()) {
      for (const [name, parameter] of ownParameters(module)) {
        if (!found.has(parameter)) found.set(parameter, path === '' ? name : `${path}.${name}`);
      }
    }
    return [...found].map(([parameter, path]) => [path, parameter]);
  }

  /** The parameters of this module and all below it; a shared parameter once. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /**
   * The parameters in groups that can be trained at rates of their own, from the input's side to the head's: what a Learner trains, freezes and
   * fine-tunes by unless it is given a `splitter`. One group of all, where a model does not override it.
   */
  parameterGroups(): Parameter[][] {
    return [this.parameters()];
  }

  /** The buffers of this module itself, with whether they belong to the state. */
  ownBuffers(): [name: string, buffer: Tensor, persistent: boolean][] {
    const found: [string, Tensor, boolean][] = [];
    for (const [name, persistent] of this.#buffers ?? []) {
      const value: unknown = (this as unknown as Record<string, unknown>)[name];
      if (isTensor(value)) found.push([name, value, persistent]);
    }
    return found;
  }

  /** The buffers of this module and all below it by dotted path; a shared buffer once. */
  namedBuffers(): [path: string, buffer: Tensor][] {
    const found = new Map<Tensor, string>();
    for (const [path, module] of this.namedModules()) {
      for (const [name, buffer] of module.ownBuffers()) {
        if (!found.has(buffer)) found.set(buffer, path === '' ? name : `${path}.${name}`);
      }
    }
    return [...found].map(([buffer, path]) => [path, buffer]);
  }

  /** The buffers of this module and all below it; a shared buffer once. */
  buffers(): Tensor[] {
    return this.namedBuffers().map(([, buffer]) => buffer);
  }

  /** Sets this module and all below it to training (or, with false, to evaluation). */
  train(mode = true): this {
    needFlag('train: mode', mode);
    for (const module of this.modules()) module.training = mode;
    return this;
  }

  /** Sets this module and all below it to evaluation. */
  eval(): this {
    return this.train(false);
  }

  /** Calls `fn` on every module below and then on this one. */
  apply(fn: (module: AnyModule) => void): this {
    needFunction('apply: fn', fn, 'a function of a module');
    const done = new Set<AnyModule>();
    const walk = (module: AnyModule): void => {
      if (done.has(module)) return;
      done.add(module);
      for (const child of module.children()) walk(child);
      fn(module);
    };
    walk(this);
    return this;
  }

  /** Sets for every parameter whether operations on it are recorded: false freezes the module. */
  requiresGrad_(flag = true): this {
    needFlag('requiresGrad_: flag', flag);
    for (const parameter of this.parameters()) parameter.requiresGrad = flag;
    return this;
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null;
  }

  /**
   * Moves parameters, their gradients and buffers to a device, a dtype or a memory format, in place: the objects stay the same, so
   * optimizers made before keep working. A dtype changes floating-point tensors only, and `channels_last` 4-d ones only.
   */
  to(target: Device | DType | Placement): this {
    const placement = toPlacement(target);
    for (const tensor of [...this.parameters(), ...this.buffers()]) moveTensor(tensor, placement);
    return this;
  }

  /**
   * The state by PyTorch's names: parameters and persistent buffers of this module and all below it. The tensors share memory with
   * the module and carry no history. A shared tensor appears under each of its names.
   */
  stateDict(): StateDict {
    return new Map(
      [...stateEntries(this as unknown as AnyModule, '')].map(([name, tensor]) => [name, tensor.detach()]),
    );
  }

  /**
   * Copies a state into this module's own tensors, converting dtype and device. It may be so old that batch norms do not count their batches in it.
   *
   * @param state a map or plain object by PyTorch's names
   * @param options `strict: false` accepts missing and unexpected names and returns them; `except: ['fc']` leaves the head as it is
   * @throws TenchError that lists missing and unexpected names and differing shapes; nothing was copied then
   */
  loadStateDict(state: StateDict | Readonly<Record<string, Tensor>>, options: LoadOptions = {}): LoadResult {
    return loadState(this, state, options);
  }

  /** Whether somebody watches this module's calls through a hook of any kind. */
  get isHooked(): boolean {
    return this.#hooks !== null;
  }

  /** Calls `hook(module, args)` before every forward; an array that it returns replaces the arguments. */
  registerForwardPreHook<A extends readonly unknown[] = Args>(hook: ForwardPreHook<A>): HookHandle {
    return this.#hooked('forwardPre', hook);
  }

  /** Calls `hook(module, args, output)` after every forward; a value that it returns replaces the output. */
  registerForwardHook<A extends readonly unknown[] = Args, O = Out>(hook: ForwardHook<A, O>): HookHandle {
    return this.#hooked('forward', hook);
  }

  /**
   * Calls `hook(module, gradInput, gradOutput)` when the gradients of the module's tensor arguments have been computed. Entries are
   * null for arguments that need no gradient. An array that it returns replaces `gradInput`; only for modules with one argument
   * that needs a gradient.
   */
  registerFullBackwardHook(hook: BackwardHook): HookHandle {
    return this.#hooked('backward', hook);
  }

  #hooked(kind: HookKind, hook: (...args: never[]) => unknown): HookHandle {
    needFunction(`${hookMethods[kind]}: hook`, hook);
    this.#hooks ??= new HookedCall(() => {
      this.#hooks = null;
    });
    return this.#hooks.add(kind, hook);
  }

  /**
   * Multiply-adds of one forward that was given `args` and returned `output`, without what the children do. Layers that multiply by a
   * weight override it, for `summary` and `countMultiplyAdds`; default 0.
   */
  multiplyAdds(_args: readonly unknown[], _output: unknown): number {
    return 0;
  }

  /**
   * A table of what each layer does in one forward: shape of its output, parameters, work and memory, with totals; print it.
   *
   * Runs on the `meta` device, where nothing is computed, and on the model's own only if the model cannot run there. The model is as before.
   *
   * @param input shape of a batch, e.g. `[64, 3, 128, 128]`, or a batch; for a model of several arguments an array of batches
   * @throws whatever the model throws for such a batch
   */
  summary(input: readonly number[] | Tensor | readonly Tensor[]): Summary {
    return summarize(this, input);
  }

  /** What a module says of itself between its brackets when printed, e.g. `in_features=3, out_features=2`. */
  extraRepr(): string {
    return '';
  }

  /** The module as a tree, in PyTorch's form. */
  toString(): string {
    return tree(
      this.constructor.name,
      this.extraRepr(),
      this.namedChildren().map(([name, child]) => [name, child.toString()]),
    );
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
