/** The one optimizer: groups of parameters with hyper-parameters, stats that remember, steppers that change. */

import { inspect } from 'node:util';

import { needFlag, needFunction, needIterable, needOptions } from '../tensor/checks.js';
import { invalid, noGrad, TenchError, TensorList, type Tensor } from '../tensor/index.js';
import { outsideScope, scope } from '../tensor/scope.js';
import { isAcrossGroups, makeGradRunner, type GradRunner } from './acrossGroups.js';
import { Chunks, type Active, type Chunk } from './chunks.js';
import { EvalBuffers } from './evalBuffers.js';
import { EvalWeights } from './evalWeights.js';
import { toGroups, toList, type ParameterSource } from './groups.js';
import { agreeOnKeys, needHyper } from './keys.js';
import { borrowsGrad, nameOf, type Hypers, type Parts, type Stat, type Stepper } from './parts.js';
import { choosePath, describePath, type GroupPlan, type Path } from './plan.js';
import { loadState, readState, type OptimizerState, type ParameterNames } from './state.js';
import type { OptimizerOptions } from './types.js';

/**
 * Steps parameters along their gradients, as its parts say.
 *
 * A step of a parameter that has a gradient is: the gradient steppers change the gradient, the stats take it in, the steppers change the
 * parameter, each in the order given. Parameters without a gradient stay as they are, with all that is remembered of them.
 *
 * @example new Optimizer(model.parameters(), [weightDecay, momentumStep], { stats: new AverageGrad(), lr: 0.1, wd: 0.01 })
 */
export class Optimizer<S extends Stepper = Stepper, T extends Stat = never, G extends Stepper = never> {
  readonly gradSteppers: readonly Stepper[];
  readonly stats: readonly Stat[];
  readonly steppers: readonly Stepper[];
  /** The parameters by group. */
  readonly paramGroups: Tensor[][];
  /** The hyper-parameters by group, an object each; what is written here holds from the next step on. */
  readonly hypers: Hypers[];

  readonly #chunks: Chunks;
  readonly #path: Path;
  readonly #borrowsGrads: boolean;
  readonly #gradRunners: readonly GradRunner[];
  readonly #evalBuffers: EvalBuffers;
  readonly #evalWeights: EvalWeights;

  /**
   * @param params parameters (one group), or lists of parameters (a group each); any iterable. One that comes twice is stepped once
   * @param steppers one or more
   * @param options `stats` and `gradSteppers`, one or more; `buffers`; all other entries are hyper-parameters, copied to every group, that win over the parts' defaults
   * @throws ArgumentError for no parameters, what is no parameter or part, a hyper-parameter that is no number
   * @throws TenchError (`ERR_TENCH_OPTIMIZER_KEY`) for a key that a part takes and nobody provides, or that two parts define differently
   */
  constructor(params: ParameterSource, steppers: S | readonly S[], options: OptimizerOptions<S, T, G>) {
    const all: Options = (options as Options | undefined) ?? {};
    needOptions('Optimizer', all);
    const { stats, gradSteppers, buffers, ...given } = all;
    this.paramGroups = toGroups(params);
    this.gradSteppers = toSteppers('gradSteppers', gradSteppers);
    this.stats = toList(stats);
    this.steppers = toSteppers('steppers', steppers);
    if (this.steppers.length === 0) throw invalid('steppers', 'at least one stepper', steppers);
    const misplaced = this.steppers.findIndex(isAcrossGroups);
    if (misplaced >= 0)
      throw invalid(
        `steppers[${misplaced}]`,
        'a stepper of one list; one made by acrossGroups belongs into gradSteppers',
        nameOf(this.steppers[misplaced]!),
      );
    for (const [i, stat] of this.stats.entries()) {
      if (!isStat(stat)) throw invalid(`stats[${i}]`, 'a stat, with initState and update', stat);
    }
    const agreed = outsideScope(() => noGrad(() => agreeOnKeys(this.#parts(), given, this.paramGroups)));
    this.hypers = this.paramGroups.map(() => ({ ...agreed }));
    this.#chunks = new Chunks(this.stats);
    this.#path = choosePath(this.#parts());
    this.#borrowsGrads = [...this.gradSteppers, ...this.stats, ...this.steppers].every(borrowsGrad);
    this.#gradRunners = this.gradSteppers.map(makeGradRunner);
    this.#evalBuffers = new EvalBuffers(this.steppers, buffers);
    this.#evalWeights = new EvalWeights(this.steppers, this.#evalBuffers);
  }

  /**
   * Takes one step with the gradients that are there.
   *
   * @throws TenchError (`ERR_TENCH_EVAL_WEIGHTS`) between `eval` and `train`
   */
  step(): void {
    this.#needTraining('step');
    this.#checkHypers();
    // What stats make must outlive a scope that the caller has open.
    outsideScope(() =>
      noGrad(() => {
        this.#step();
        this.#evalBuffers.follow(this.hypers[0]!);
      }),
    );
  }

  /**
   * Forgets the gradients.
   *
   * @param options `setToNull`: null (default): gradients take no memory until the next backward, and a parameter that gets none is not stepped. False:
   *   zeros in place, as in the lesson, so that it goes on by momentum and decay; a parameter that is frozen by then loses its gradient all the same
   */
  zeroGrad(options: { setToNull?: boolean } = {}): void {
    needOptions('zeroGrad', options);
    const setToNull = needFlag('zeroGrad: setToNull', options.setToNull ?? true);
    const kept: Tensor[] = [];
    for (const tensor of this.paramGroups.flat()) {
      const grad = setToNull || !tensor.requiresGrad ? null : (tensor.grad?.detach() ?? null);
      tensor.grad = grad;
      if (grad !== null) kept.push(grad);
    }
    if (kept.length > 0) noGrad(() => new TensorList(kept).zero_());
  }

  /**
   * Puts the evaluation weights that a stepper offers (an average, say) into the parameters, until `train`. Without such a stepper it does nothing,
   * and so does a second call.
   *
   * Parameters that were never stepped keep their weights.
   */
  eval(): void {
    const groupOf = new Map(this.paramGroups.flatMap((group, i) => group.map((tensor) => [tensor, i] as const)));
    const hypersOf = (tensor: Tensor): Hypers => this.hypers[groupOf.get(tensor) ?? 0]!;
    outsideScope(() => noGrad(() => this.#evalWeights.swapIn(this.#chunks.states(), hypersOf)));
  }

  /** Puts the weights back that are stepped; see `eval`. */
  train(): void {
    noGrad(() => this.#evalWeights.swapBack());
  }

  /**
   * What `fn` returns while the evaluation weights are in the parameters; where it returns a promise, they are until that is settled.
   *
   * @example const accuracy = opt.evalWeights(() => accuracyOf(model.call(xb), yb))
   */
  evalWeights<T>(fn: () => T): T {
    needFunction('evalWeights: fn', fn);
    if (this.#evalWeights.areIn) return fn();
    this.eval();
    let result: T;
    try {
      result = fn();
    } catch (error) {
      this.train();
      throw error;
    }
    if (result instanceof Promise) return result.finally(() => this.train()) as T;
    this.train();
    return result;
  }

  /**
   * Adds parameters as a group of their own.
   *
   * @param hypers of the new group; what is left out is copied from the last one
   */
  addParamGroup(params: Iterable<Tensor>, hypers: Hypers = {}): void {
    needIterable('addParamGroup: params', params, 'tensors');
    needOptions('addParamGroup', hypers);
    for (const [key, value] of Object.entries(hypers)) needHyper(`addParamGroup: ${key}`, value);
    const known = new Set(this.paramGroups.flat());
    const group = toGroups([...params].filter((tensor) => !known.has(tensor)))[0] ?? [];
    this.hypers.push({ ...this.hypers.at(-1), ...hypers });
    this.paramGroups.push(group);
  }

  /** How each group is stepped, and in how many lists. */
  plan(): GroupPlan[] {
    return this.paramGroups.map((parameters, group) => {
      const chunks = this.#chunks.current.filter((chunk) => chunk.group === group);
      return { group, parameters: parameters.length, path: describePath(this.#path, chunks), lists: chunks.length };
    });
  }

  /**
   * What a resumed run needs besides the parameters. The tensors are the optimizer's own: clone what must not change with the next step.
   *
   * @param options `names`: of the parameters, e.g. `model.namedParameters()`; by default they go by number
   */
  stateDict(options: { names?: ParameterNames } = {}): OptimizerState {
    needOptions('stateDict', options);
    const state = readState(this.paramGroups, this.hypers, this.#chunks.states(), options.names);
    return { ...state, ...this.#evalBuffers.state() };
  }

  /**
   * Takes over hyper-parameters and state; tensors are copied to their parameters' devices.
   *
   * @param options `names`: of the parameters, for a state that was saved with names; their order may be another one then
   * @throws ArgumentError, with nothing changed, when groups, parameters or shapes do not fit
   */
  loadStateDict(dict: OptimizerState, options: { names?: ParameterNames } = {}): void {
    this.#needTraining('loadStateDict');
    needOptions('loadStateDict', options);
    const load = () => ({
      ...loadState(dict, this.paramGroups, this.stats, options.names),
      averages: this.#evalBuffers.read(dict.buffers),
    });
    const { hypers, states, averages } = outsideScope(() => noGrad(load));
    this.#chunks.restore(states);
    this.#evalBuffers.restore(averages);
    hypers.forEach((values, group) => Object.assign(this.hypers[group]!, values));
  }

  [inspect.custom](): string {
    const list = (label: string, parts: readonly (Stepper | Stat)[]): string =>
      parts.length === 0 ? '' : `${label}: ${parts.map((part) => nameOf(part).replace(/^\w+ /, '')).join(', ')}; `;
    const parts = list('gradSteppers', this.gradSteppers) + list('stats', this.stats) + list('steppers', this.steppers);
    const groups = this.paramGroups.map(({ length }, i) => {
      const hypers = inspect(this.hypers[i], { breakLength: Infinity });
      return `  ${i}: ${length} ${length === 1 ? 'parameter' : 'parameters'}, ${hypers}`;
    });
    return [`Optimizer(${parts.slice(0, -2)})`, ...groups].join('\n');
  }

  #parts(): Parts {
    return { gradSteppers: this.gradSteppers, stats: this.stats, steppers: this.steppers };
  }

  #needTraining(method: string): void {
    if (this.#evalWeights.areIn)
      throw new TenchError(`Optimizer.${method}: the evaluation weights are in the parameters; call train() before`, {
        code: 'ERR_TENCH_EVAL_WEIGHTS',
      });
  }

  #checkHypers(): void {
    this.hypers.forEach((hypers, group) => {
      for (const [key, value] of Object.entries(hypers)) {
        if (typeof value !== 'number' || Number.isNaN(value))
          throw invalid(`hypers[${group}].${key}`, 'a number', value);
      }
    });
  }

  #active(): Active[] {
    const active: Active[] = [];
    this.paramGroups.forEach((parameters, group) => {
      for (const tensor of parameters) {
        const { grad } = tensor;
        if (grad !== null) active.push({ group, tensor, grad });
      }
    });
    return active;
  }

  /**
   * Where no part keeps a gradient, those that are first looked at here are let go at once: else they would lie about until the next collection, and the
   * next backward would fill memory that is no longer in the cache.
   */
  #step(): void {
    if (!this.#borrowsGrads) {
      this.#stepWith(this.#active());
      return;
    }
    scope(() => {
      const active = this.#active();
      outsideScope(() => {
        this.#stepWith(active);
      });
    });
  }

  #stepWith(active: readonly Active[]): void {
    const chunks = this.#chunks.take(active);
    const hypersOf = ({ group }: Chunk): Hypers => this.hypers[group]!;
    const absorbed = new Set(chunks.filter((chunk) => this.#path.absorbsGradSteppers(chunk, hypersOf(chunk))));
    const others = chunks.filter((chunk) => !absorbed.has(chunk));
    try {
      for (const run of this.#gradRunners) {
        run(others, hypersOf);
        for (const { p } of others) p.holdGrad(p.collectGrad()); // it may have replaced them tensor by tensor
      }
      for (const chunk of chunks) this.#path.run(chunk, hypersOf(chunk), absorbed.has(chunk));
    } finally {
      for (const { p } of chunks) p.holdGrad(undefined);
      if (this.#gradRunners.length > 0)
        for (const { tensor, grad } of active) if (tensor.grad !== grad) tensor.grad = grad;
    }
  }
}

/** The third argument as it may come from plain JavaScript. */
type Options = { stats?: Stat | Stat[]; gradSteppers?: Stepper | Stepper[]; buffers?: unknown } & Record<
  string,
  unknown
>;

function isStat(value: unknown): value is Stat {
  const { initState, update } = (value ?? {}) as Partial<Record<keyof Stat, unknown>>;
  return typeof initState === 'function' && typeof update === 'function';
}

function toSteppers(argument: string, given: unknown): readonly Stepper[] {
  const steppers = toList(given as Stepper | readonly Stepper[] | undefined);
  for (const [i, stepper] of steppers.entries())
    if (typeof stepper !== 'function') throw invalid(`${argument}[${i}]`, 'a function', stepper);
  return steppers;
}
