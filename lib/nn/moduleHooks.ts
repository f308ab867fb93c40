/** The slow path of a module's call: hooks before and after forward, and hooks on the gradients that pass through the module. */

import { needArray } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { isTensor, type Tensor } from '../tensor/index.js';
import type { AnyModule } from './module.js';

/** See `Module.registerForwardPreHook`. */
export type ForwardPreHook<Args extends readonly unknown[]> = (
  module: AnyModule,
  args: Args,
) => readonly unknown[] | undefined | void;
/** See `Module.registerForwardHook`. */
export type ForwardHook<Args extends readonly unknown[], Out> = (
  module: AnyModule,
  args: Args,
  output: Out,
) => Out | undefined | void;
/** See `Module.registerFullBackwardHook`. */
export type BackwardHook = (
  module: AnyModule,
  gradInput: readonly (Tensor | null)[],
  gradOutput: readonly (Tensor | null)[],
) => readonly (Tensor | null)[] | undefined | void;

/** Takes a hook away; a second call does nothing. */
export interface HookHandle extends Disposable {
  remove(): void;
}

/** When a hook is called. */
export type HookKind = 'forwardPre' | 'forward' | 'backward';

/** A box of its own for each registration, so that one function may be registered twice. */
interface Entry<F> {
  readonly hook: F;
}

/** The hooks of one module. */
export class HookedCall {
  readonly #forwardPre = new Set<Entry<ForwardPreHook<readonly unknown[]>>>();
  readonly #forward = new Set<Entry<ForwardHook<readonly unknown[], unknown>>>();
  readonly #backward = new Set<Entry<BackwardHook>>();

  /** @param emptied called when the last hook has gone, so that the module goes back to its fast path */
  constructor(private readonly emptied: () => void) {}

  add(kind: HookKind, hook: (...args: never[]) => unknown): HookHandle {
    const entry = { hook };
    const hooks = (
      kind === 'forwardPre' ? this.#forwardPre : kind === 'forward' ? this.#forward : this.#backward
    ) as Set<unknown>;
    hooks.add(entry);
    const remove = (): void => {
      if (hooks.delete(entry) && this.#forwardPre.size + this.#forward.size + this.#backward.size === 0) this.emptied();
    };
    return { remove, [Symbol.dispose]: remove };
  }

  run(module: AnyModule, given: readonly unknown[]): unknown {
    let args = given;
    for (const { hook } of this.#forwardPre) {
      const replaced = hook(module, args);
      if (replaced === undefined) continue;
      if (!Array.isArray(replaced))
        throw invalid('the value returned by a forward-pre hook', 'an array of arguments', replaced);
      args = replaced;
    }
    const watch = this.#backward.size > 0 ? new BackwardWatch(module, this.#backward) : null;
    if (watch !== null) args = watch.enter(args);
    let output = module.forward(...(args as never));
    for (const { hook } of this.#forward) {
      const replaced = hook(module, args, output);
      if (replaced !== undefined) output = replaced;
    }
    return watch === null ? output : watch.leave(args, output);
  }
}

/**
 * Collects the gradients of one forward's outputs and inputs and calls the backward hooks with them.
 *
 * Inputs are copied first: the gradient of the copy is this module's share alone, also when others use the input too, and a module
 * that changes its input in place does not detach the hook from it.
 */
class BackwardWatch {
  // No input or output is kept here: the hooks on them hold this object, and the collector does not see through LibTorch.
  #gradInput: (Tensor | null)[] = [];
  #gradOutput: (Tensor | null)[] = [];
  /** Input gradients still to come in the running backward, and their number in all. */
  #pending = 0;
  #inputs = 0;

  constructor(
    private readonly module: AnyModule,
    private readonly hooks: ReadonlySet<Entry<BackwardHook>>,
  ) {}

  /** Watches the inputs. @returns the arguments, copied where they need a gradient */
  enter(args: readonly unknown[]): readonly unknown[] {
    const watched = args.map((arg) => isTensor(arg) && arg.requiresGrad);
    this.#gradInput = args.filter(isTensor).map(() => null);
    this.#inputs = this.#pending = watched.filter(Boolean).length;
    let slot = -1;
    return args.map((arg, i) => {
      if (!isTensor(arg)) return arg;
      slot += 1;
      if (watched[i] !== true) return arg;
      const copy = arg.clone();
      // Under noGrad the copy records nothing, and there is no backward to watch.
      if (copy.requiresGrad) this.#watchInput(copy, slot);
      return copy;
    });
  }

  #watchInput(input: Tensor, slot: number): void {
    input.registerHook((gradient) => {
      this.#gradInput[slot] = gradient;
      this.#pending -= 1;
      if (this.#pending > 0) return undefined;
      return this.#fire()[slot] ?? undefined;
    });
  }

  /** Watches the outputs. @returns the output, copied where the module handed an argument through */
  leave(args: readonly unknown[], output: unknown): unknown {
    const outputs = isTensor(output) ? [output] : Array.isArray(output) ? (output as unknown[]) : [];
    this.#gradOutput = outputs.filter(isTensor).map(() => null);
    let slot = -1;
    const followed = outputs.map((item) => {
      if (!isTensor(item)) return item;
      slot += 1;
      const watched = args.includes(item) ? item.clone() : item;
      if (watched.requiresGrad) this.#watchOutput(watched, slot);
      return watched;
    });
    return isTensor(output) ? followed[0] : Array.isArray(output) ? followed : output;
  }

  #watchOutput(output: Tensor, slot: number): void {
    output.registerHook((gradient) => {
      this.#gradOutput[slot] = gradient;
      // Without an input that needs a gradient, nothing comes after the outputs' own.
      if (this.#inputs === 0) this.#fire();
      return undefined;
    });
  }

  /** @returns the input gradients, as the hooks left them */
  #fire(): readonly (Tensor | null)[] {
    let gradInput: readonly (Tensor | null)[] = [...this.#gradInput];
    const gradOutput = [...this.#gradOutput];
    this.#gradInput.fill(null);
    this.#gradOutput.fill(null);
    this.#pending = this.#inputs;
    for (const { hook } of this.hooks) {
      const replaced = hook(this.module, gradInput, gradOutput);
      if (replaced === undefined) continue;
      if (this.#inputs !== 1) {
        throw new TenchError(
          `a backward hook of ${this.module.constructor.name} returned gradients; they can be replaced only where exactly one argument needs a gradient, and ${this.#inputs} do`,
        );
      }
      gradInput = needArray('the value returned by a backward hook', replaced, 'an array of gradients');
    }
    return gradInput;
  }
}
