/** Modules that hold modules: one after the other (Sequential) or just by number (ModuleList). */

import { needIterable, needWhole } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import type { Tensor } from '../tensor/index.js';
import { Module, type AnyModule } from './module.js';
import { tree } from './repr.js';
import { declareTransient } from './transient.js';

/** Children named '0', '1', ...: what both containers share. */
abstract class ModuleSequence<M extends AnyModule, Args extends readonly unknown[], Out>
  extends Module<Args, Out>
  implements Iterable<M>
{
  readonly [index: number]: M;

  constructor(modules: readonly M[]) {
    super();
    modules.forEach((module, i) => this.#check(module, i));
    for (const module of modules) this.append(module);
  }

  #check(module: unknown, index: number): void {
    if (!(module instanceof Module)) {
      throw invalid(
        `${this.constructor.name}: layer ${index}`,
        'a Module (wrap a function in Lambda, a list in ...list)',
        module,
      );
    }
  }

  /** Number of modules. */
  get length(): number {
    let length = 0;
    while (Object.hasOwn(this, length)) length += 1;
    return length;
  }

  /** The module at an index; negative counts from the end. */
  at(index: number): M | undefined {
    needWhole(`${this.constructor.name}.at: index`, index);
    return this[index < 0 ? this.length + index : index];
  }

  /** Adds a module at the end. */
  append(module: M): this {
    this.#check(module, this.length);
    this.registerModule(String(this.length), module);
    return this;
  }

  *[Symbol.iterator](): Iterator<M> {
    for (let i = 0; Object.hasOwn(this, i); i += 1) yield this[i]!;
  }
}

/**
 * Runs modules one after the other, each on the result of the one before.
 *
 * Iterable and indexable: `model[0]`, `model.at(-1)`, `model.slice(0, 3)`. Its children have the names '0', '1', ... in the state.
 */
export class Sequential extends ModuleSequence<Module, [Tensor], Tensor> {
  constructor(...modules: readonly Module[]) {
    super(modules);
  }

  override forward(x: Tensor): Tensor {
    let out = x;
    for (let i = 0; ; i += 1) {
      const module: Module | undefined = this[i];
      if (module === undefined) return out;
      out = module.call(out);
    }
  }

  /** A Sequential of some of the modules, which it shares; arguments as of `Array.slice`. */
  slice(start?: number, end?: number): Sequential {
    if (start !== undefined) needWhole('Sequential.slice: start', start);
    if (end !== undefined) needWhole('Sequential.slice: end', end);
    return new Sequential(...[...this].slice(start, end));
  }
}

/** A list of modules that belong to the module which holds it; how they run is up to its `forward`. */
export class ModuleList<M extends AnyModule = Module> extends ModuleSequence<M, never[], never> {
  constructor(modules: Iterable<M> = []) {
    super([...needIterable('ModuleList: modules', modules, 'modules')]);
  }

  override forward(): never {
    throw invalid('ModuleList', 'a call of one of its modules: the list itself has no forward', this.toString());
  }

  /** As in PyTorch, equal neighbours are printed once with their number. */
  override toString(): string {
    const runs: { start: number; count: number; text: string }[] = [];
    for (const module of this) {
      const text = module.toString();
      const last = runs.at(-1);
      if (last?.text === text) last.count += 1;
      else runs.push({ start: last === undefined ? 0 : last.start + last.count, count: 1, text });
    }
    const lines = runs.map(({ start, count, text }): [string, string] =>
      count === 1 ? [`${start}`, text] : [`${start}-${start + count - 1}`, `${count} x ${text}`],
    );
    return tree(this.constructor.name, '', lines);
  }
}

declareTransient('network', [Sequential]);
declareTransient('operator', [ModuleList]);
